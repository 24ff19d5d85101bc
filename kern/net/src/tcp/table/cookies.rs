//! SYN cookies (RFC 4987 §3.6): under flood nothing is kept of a SYN. What it said comes back with the
//! acknowledgement of our answer, whose number proves that the peer has seen it.
//!
//! ```text
//!  number of our SYN:  | minutes: 5 bits | MSS: 3 bits | keyed hash of all: 24 bits |
//!  our timestamp:      | milliseconds, rounded down | ECN: 1 | SACK: 1 | scale: 4 bits, 15 for none |
//! ```
//! Without timestamps neither scale nor SACK survive.

use super::numbers::{Numbers, Pair, Purpose, timestamp};
use crate::tcp::handshake::Handshake;
use crate::tcp::segment::Segment;
use crate::tcp::sequence::SeqNo;
use abi::Instant;

/// Sizes of segments, of which the largest not above the peer's is taken, in bytes.
const SEGMENTS: [u16; 8] = [88, 536, 1220, 1360, 1440, 1460, 4312, 8948];
const NO_SCALE: u32 = 15;
const OPTION_BITS: u32 = 0x3f;
/// How long a cookie of one minute counts, in minutes.
const MINUTES_MAX: u64 = 2;

fn minute(now: Instant) -> u64 {
    now.0 / 60_000_000_000
}

/// The number of our SYN that answers a peer's.
pub fn number(numbers: &Numbers, pair: &Pair, peer: &Handshake, now: Instant) -> SeqNo {
    let index = SEGMENTS.iter().rposition(|&size| size <= peer.mss).unwrap_or(0);
    make(numbers, pair, peer.peer_first, minute(now), index as u32)
}

fn make(numbers: &Numbers, pair: &Pair, peer_first: SeqNo, minute: u64, index: u32) -> SeqNo {
    let word = u64::from(peer_first.0) << 32 | (minute << 3 | u64::from(index)) & 0xffff_ffff;
    let hash = numbers.hash(Purpose::Cookie, pair, word) as u32;
    SeqNo((minute as u32 & 31) << 27 | index << 24 | hash & 0xff_ffff)
}

/// The timestamp of our SYN, with what the peer's said.
pub fn clock(numbers: &Numbers, pair: &Pair, peer: &Handshake, now: Instant) -> u32 {
    let clock = timestamp(numbers.clock_offset(pair), now);
    let scale = peer.window_scale.map_or(NO_SCALE, u32::from);
    let said = u32::from(peer.ecn) << 5 | u32::from(peer.sack) << 4 | scale;
    let marked = clock & !OPTION_BITS | said;
    if SeqNo(clock).is_before(SeqNo(marked)) {
        marked.wrapping_sub(OPTION_BITS + 1)
    } else {
        marked
    }
}

/// What a peer said whose first acknowledgement this is; `None` if we never answered it.
pub fn check(
    numbers: &Numbers,
    pair: &Pair,
    segment: &Segment<'_>,
    now: Instant,
) -> Option<Handshake> {
    let first = segment.ack? - 1;
    let peer_first = segment.seq - 1;
    let index = first.0 >> 24 & 7;
    let age = (minute(now) as u32).wrapping_sub(first.0 >> 27) & 31;
    let minute =
        minute(now).checked_sub(u64::from(age)).filter(|_| u64::from(age) < MINUTES_MAX)?;
    if make(numbers, pair, peer_first, minute, index) != first {
        return None;
    }
    let echoed = segment.options.timestamps.map(|timestamps| timestamps.1);
    let scale = echoed.map_or(NO_SCALE, |echoed| echoed & 15);
    Some(Handshake {
        first,
        peer_first,
        mss: SEGMENTS[index as usize],
        window_scale: (scale < NO_SCALE).then_some(scale as u8),
        sack: echoed.is_some_and(|echoed| echoed & 16 != 0),
        timestamp: segment.options.timestamps.map(|timestamps| timestamps.0),
        ecn: echoed.is_some_and(|echoed| echoed & 32 != 0),
        is_repeated: false,
    })
}
