//! Byte streams and datagrams, carried by a network stack that is not ours.
//!
//! The host accepts connections and receives; it tells the service by [`StreamEvent`]s between
//! turns. The service answers with the calls of [`Streams`]. What `kern/net` offers has the same
//! shape, so that RPC cannot tell who carried its bytes.

use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;

/// One connection of one service. Never used again for another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// Where a datagram came from and where its answer goes: the remote address, and which of the
/// service's own sockets it arrived on, so that the answer leaves from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DatagramPeer {
    /// The service's socket.
    pub socket: u32,
    /// The remote address.
    pub remote: SocketAddr,
    /// The service's own address that the datagram was sent to.
    pub local: SocketAddr,
}

/// What happened on the network since the last turn.
#[derive(Debug)]
pub enum StreamEvent<'a> {
    /// A connection was accepted.
    Opened {
        /// Its name from now on.
        stream: StreamId,
        /// The client.
        remote: SocketAddr,
        /// The service's own address that the client connected to.
        local: SocketAddr,
    },
    /// Bytes arrived, in order. They are lent for the call: what is kept must be copied.
    Received {
        /// The connection.
        stream: StreamId,
        /// What arrived; never empty.
        bytes: &'a [u8],
    },
    /// The end of a [`Streams::fill`]: at least one byte arrived, unless the stream has ended.
    Filled {
        /// The connection.
        stream: StreamId,
        /// What was lent, with what arrived behind what it held.
        buffer: Vec<u8>,
    },
    /// Bytes given to [`Streams::send`] were taken over by the network.
    Sent {
        /// The connection.
        stream: StreamId,
        /// How many since the last such event.
        count_bytes: usize,
    },
    /// The peer has said its last, and all of it was told. It can still be sent to: it may wait for
    /// answers.
    Ended {
        /// The connection.
        stream: StreamId,
    },
    /// The connection is over, whoever ended it; nothing of it follows.
    Closed {
        /// The connection.
        stream: StreamId,
    },
    /// A datagram arrived.
    Datagram {
        /// Where from.
        peer: DatagramPeer,
        /// Its payload.
        bytes: &'a [u8],
    },
}

/// What a service may ask of streams. Calls are cheap: a host gathers them during a turn and
/// goes to its network once at the end of it.
pub trait Streams {
    /// Sends `data` after all that was sent before. The pieces are shared, not copied. Progress
    /// arrives as [`StreamEvent::Sent`]; a failure as [`StreamEvent::Closed`].
    fn send(&self, stream: StreamId, data: Vec<Bytes>);

    /// Stops (`true`) or resumes (`false`) receiving on a connection. Bytes already on their way
    /// to the service may still arrive after a stop, at most one receive buffer of them.
    fn pause(&self, stream: StreamId, paused: bool);

    /// Receives the next bytes of a connection, at most `count_bytes`, straight into the free room
    /// of `buffer`, which has as much. It comes back with [`StreamEvent::Filled`], before any other
    /// bytes of that connection, or is dropped when that ends. One at a time for a connection, and
    /// never for no bytes at all.
    ///
    /// # Errors
    /// The buffer, from a host that cannot: the bytes arrive as [`StreamEvent::Received`] then.
    fn fill(&self, _stream: StreamId, buffer: Vec<u8>, _count_bytes: usize) -> Result<(), Vec<u8>> {
        Err(buffer)
    }

    /// Ends a connection once what was sent has left. [`StreamEvent::Closed`] follows.
    fn close(&self, stream: StreamId);

    /// Sends one datagram. It may be lost.
    fn send_datagram(&self, peer: DatagramPeer, data: Vec<Bytes>);
}
