//! Frames: a network card, as a service sees one.
//!
//! ```text
//!  host ── LinkEvent::Received ──► service           bytes are lent for the call
//!  host ◄── Link::send(Frame) ──── service           head made for this frame, payload shared
//!  host ── LinkEvent::Room ──────► service           after a refused frame: try again
//!  host ── LinkEvent::Gone ──────► service           the last word
//!  host ◄── Link::listen(Listening) ─ service        what of frames to many it needs to hear
//! ```
//! What the card can do for the service is a property of it ([`LinkOffload`]): sum up, and cut a
//! large frame into small ones. A frame asks for it in the terms of virtio (1.2, §5.1.6.2), which
//! taps, vhost and virtual machines share. Who offers neither is handed only frames that are
//! complete and no longer than its MTU.

use alloc::vec::Vec;
use bytes::Bytes;
use core::net::IpAddr;

/// What a link is like. It does not change while the link is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkProperties {
    /// The address that the link's other end expects of this one; `None` if any will do.
    pub mac: Option<[u8; 6]>,
    /// Largest packet behind an Ethernet header, in bytes.
    pub mtu_bytes: u32,
    /// What the link does by itself.
    pub offload: LinkOffload,
}

/// What a link does with frames so that the service need not. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkOffload {
    /// It fills in checksums: [`Frame::checksum`] may be given.
    pub checksums: bool,
    /// It cuts large TCP frames over IPv4: [`Frame::cut`] may be given. Only with `checksums`.
    pub segments_v4: bool,
    /// It cuts large TCP frames over IPv6. Only with `checksums`.
    pub segments_v6: bool,
    /// The largest frame that it cuts, its headers included, in bytes.
    pub segments_bytes_max: u32,
}

/// A frame on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// All headers, Ethernet's first.
    pub head: Bytes,
    /// What follows them, piece after piece: shared with whoever else holds these bytes.
    pub payload: Vec<Bytes>,
    /// The checksum that the link fills in, if one is left to it.
    pub checksum: Option<ChecksumPlace>,
    /// How the link cuts it, if it is longer than the MTU.
    pub cut: Option<Cut>,
}

impl Frame {
    /// Its length with headers and payload, in bytes.
    pub fn bytes(&self) -> usize {
        self.head.len() + self.payload.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Where a checksum belongs that was left to the link. The Internet checksum (RFC 1071) of all
/// from `start_bytes` to the end of the frame goes there; until then the two bytes hold the sum of
/// the pseudo header, not complemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChecksumPlace {
    /// Where to begin to sum, counted from the start of the frame.
    pub start_bytes: u16,
    /// Where the result goes, counted from `start_bytes`.
    pub offset_bytes: u16,
}

/// How a large TCP frame becomes several: each gets the headers, with lengths, numbers, flags and
/// checksums put right, and its piece of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What carries it.
    pub family: LinkFamily,
    /// Payload of each frame but the last, in bytes; never 0.
    pub segment_bytes: u16,
    /// All headers that each frame gets, Ethernet to TCP, in bytes.
    pub head_bytes: u16,
    /// Whether TCP's flag CWR is set, which only the first frame may keep.
    pub cwr: bool,
}

/// The two versions of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What happened on the link since the last turn.
#[derive(Debug)]
pub enum LinkEvent<'a> {
    /// A frame arrived. Anybody may have sent anything.
    Received {
        /// All of it, Ethernet's header first, lent for the call: what is kept must be copied. It
        /// may be longer than the MTU if the link put several together.
        bytes: &'a [u8],
        /// Whether the checksums of TCP and UDP need not be verified: the link did, or the frame
        /// never left the machine. IPv4's header checksum and ICMP's are verified in any case.
        checked: bool,
    },
    /// A link that had refused a frame takes some again.
    Room,
    /// Nothing crosses the link any more, for good: what is sent is lost, and nobody can be told
    /// goodbye.
    Gone,
}

/// What a service needs to hear of frames to many: as a network card's filter, but for topics, which
/// groups of Ethernet do not tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// All of them.
    Everything,
    /// Those that are about one of these.
    Topics(Vec<LinkTopic>),
}

/// What a frame to many is about. A frame may be about several topics, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkTopic {
    /// An address of the service's own: who asks for it by ARP, and who speaks for it (by ARP, or by
    /// a neighbour advertisement to all nodes).
    Own(IpAddr),
    /// Somebody else's address: who says that it is at another station than this, or, if none is
    /// given, who speaks for it at all.
    Neighbour(IpAddr, Option<[u8; 6]>),
    /// What is sent to this group of Ethernet, and is about no other topic.
    Group([u8; 6]),
    /// Advertisements of routers to all nodes.
    Routers,
    /// Datagrams to every IPv4 host, to this port of UDP.
    Datagrams(u16),
    /// What DHCP servers tell everybody of the client with this Ethernet address.
    Lease([u8; 6]),
}

/// One network card of one service.
///
/// Frames leave in the order in which they were sent, each as a whole or not at all. Any may be
/// lost, here and on the way. Calls are cheap: a host gathers them during a turn and goes to its
/// kernel once at the end of it.
pub trait Link {
    /// Address, MTU, offload.
    fn properties(&self) -> LinkProperties;

    /// Whether a frame that is sent now is taken. If not, [`LinkEvent::Room`] follows once it is worth
    /// going on.
    fn has_room(&self) -> bool;

    /// Sends a frame. Returns `false` if there is no room: the frame is dropped as if it were lost
    /// on the way, and [`LinkEvent::Room`] follows once it is worth trying again.
    fn send(&self, frame: Frame) -> bool;

    /// Says what the service needs to hear of frames to many; until then it is everything. A link
    /// that can tell delivers nothing else, and does not wake the service for it. Most cannot.
    fn listen(&self, _to: &Listening) {}
}
