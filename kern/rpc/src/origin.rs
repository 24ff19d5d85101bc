//! Where a call came from, and so where its reply goes.

use crate::message::Framing;
use core::net::SocketAddr;

/// One connection, by the name its carrier gave it; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The two ends of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The carrier's name for the socket it arrived on, from which the reply must leave.
    pub socket: u32,
    /// The client.
    pub remote: SocketAddr,
    /// The address it was sent to.
    pub local: SocketAddr,
}

/// Where a reply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Connection(ConnectionId),
    Datagram(Peer),
}

impl Origin {
    pub(crate) fn framing(&self) -> Framing {
        match self {
            Self::Connection(_) => Framing::Record,
            Self::Datagram(_) => Framing::Datagram,
        }
    }
}
