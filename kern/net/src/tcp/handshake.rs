//! What both ends of a connection told each other in their SYNs.

use super::limits::MSS_DEFAULT_BYTES;
use super::segment::{Flags, Segment};
use super::sequence::SeqNo;

/// The number of bits that a window may be shifted by (RFC 7323 §2.3).
const WINDOW_SCALE_MAX: u8 = 14;

/// What the peer's SYN said, and the number that ours has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Our SYN's number.
    pub first: SeqNo,
    /// The peer's SYN's number.
    pub peer_first: SeqNo,
    /// The largest segment that the peer takes, in bytes.
    pub mss: u16,
    /// By how many bits the peer's windows are shifted; `None` if neither end shifts.
    pub window_scale: Option<u8>,
    /// The peer understands SACK.
    pub sack: bool,
    /// The latest timestamp of the peer, if both ends use timestamps.
    pub timestamp: Option<u32>,
    /// Both ends understand ECN (RFC 3168 §6.1.1).
    pub ecn: bool,
    /// Our SYN was sent more than once: it, or what answers it, was lost or slow.
    pub is_repeated: bool,
}

impl Handshake {
    /// From the peer's SYN, which came first: all that it offers is agreed on.
    pub fn of_syn(first: SeqNo, syn: &Segment<'_>) -> Self {
        let options = &syn.options;
        Self {
            first,
            peer_first: syn.seq,
            mss: options.mss.map_or(MSS_DEFAULT_BYTES, |mss| mss.max(MSS_BYTES_MIN)),
            window_scale: options.window_scale.map(|scale| scale.min(WINDOW_SCALE_MAX)),
            sack: options.sack_permitted,
            timestamp: options.timestamps.map(|timestamps| timestamps.0),
            ecn: syn.ack.is_none() && syn.flags.contains(Flags::ECE | Flags::CWR),
            is_repeated: false,
        }
    }

    /// From the peer's SYN that answers ours, which offered everything.
    pub fn of_answer(first: SeqNo, syn: &Segment<'_>) -> Self {
        let ecn = syn.flags & (Flags::ECE | Flags::CWR) == Flags::ECE;
        Self { ecn, ..Self::of_syn(first, syn) }
    }
}

/// The least segment that is believed in; who says less wants many packets of us.
const MSS_BYTES_MIN: u16 = 88;
