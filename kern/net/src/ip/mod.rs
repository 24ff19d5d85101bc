//! The Internet Protocol, both versions: what arrives is checked and put together, what leaves
//! finds its way and is cut where it must.
//!
//! ```text
//!  v4::arrived, v6::arrived ── fragment? ──► reassembly ──► Arrived ──► icmp, udp, tcp
//!  Draft ──► routes: who is next? ── too long for the path? ──► fragments ──► neighbours
//! ```

pub(crate) mod output;
pub(crate) mod path_mtu;
pub(crate) mod reassembly;
pub(crate) mod routes;
pub(crate) mod v4;
pub(crate) mod v6;

use crate::ethernet::Reach;
use core::net::IpAddr;
use smoltcp::wire::IpProtocol;

/// A packet that arrived for us, whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) source: IpAddr,
    /// Of the same family as `source`.
    pub(crate) destination: IpAddr,
    pub(crate) protocol: IpProtocol,
    /// Where that number stands, from the start of the packet, in bytes.
    pub(crate) named_at: u32,
    pub(crate) hop_limit: u8,
    /// All that came before the payload, from IP's header on, to be quoted in errors.
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// Whom it was sent to, by IP's destination and by Ethernet's.
    pub(crate) reach: Reach,
    /// What its way said of congestion (RFC 3168 §5); nothing of what came in fragments.
    pub(crate) ecn: u8,
    /// Whether the transport's checksum need not be verified.
    pub(crate) is_checked: bool,
}

/// What is wrong with a packet that its sender should know about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Nobody listens on that port.
    Port,
    /// We do not speak that protocol; where in the packet its number stands, in bytes.
    Protocol(u32),
    /// A field has an impossible value; where, in bytes.
    Field(u32),
    /// An option is not known that must be; where, in bytes.
    Option(u32),
    /// Not all fragments came.
    Reassembly,
}
