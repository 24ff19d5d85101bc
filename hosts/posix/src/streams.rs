//! What a service asks of its streams during a turn, gathered until the end of it.

use bytes::Bytes;
use hyper::{DatagramPeer, StreamId, Streams};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One wish of a service.
pub(crate) enum Wish {
    Send(StreamId, Vec<Bytes>),
    Fill(StreamId, Vec<u8>, usize),
    Pause(StreamId, bool),
    Close(StreamId),
    SendDatagram(Box<(DatagramPeer, Vec<Bytes>)>),
    /// Frames wait in the queue of this link.
    Transmit(usize),
}

/// The wishes of all services of a worker, each with its tenant.
pub(crate) type Outbox = Rc<RefCell<Vec<(usize, Wish)>>>;

/// Buffers that connections which are over have not given back yet.
pub(crate) type LettingGo = Rc<Cell<usize>>;

/// No buffers are taken while so many are still to come back: what closed connections hold is no
/// part of any service's memory any more, and clients might make it grow faster than it goes.
const LETTING_GO_MAX: usize = 64;

/// The streams of one service.
pub(crate) struct TenantStreams {
    pub(crate) tenant: usize,
    pub(crate) outbox: Outbox,
    pub(crate) letting_go: LettingGo,
    /// No buffers are taken: the service is about to move.
    pub(crate) is_moving: Rc<Cell<bool>>,
}

impl TenantStreams {
    fn wish(&self, wish: Wish) {
        self.outbox.borrow_mut().push((self.tenant, wish));
    }
}

impl Streams for TenantStreams {
    fn send(&self, stream: StreamId, data: Vec<Bytes>) {
        self.wish(Wish::Send(stream, data));
    }

    fn pause(&self, stream: StreamId, paused: bool) {
        self.wish(Wish::Pause(stream, paused));
    }

    fn fill(&self, stream: StreamId, buffer: Vec<u8>, count_bytes: usize) -> Result<(), Vec<u8>> {
        if self.is_moving.get() || self.letting_go.get() >= LETTING_GO_MAX {
            return Err(buffer);
        }
        self.wish(Wish::Fill(stream, buffer, count_bytes));
        Ok(())
    }

    fn close(&self, stream: StreamId) {
        self.wish(Wish::Close(stream));
    }

    fn send_datagram(&self, peer: DatagramPeer, data: Vec<Bytes>) {
        self.wish(Wish::SendDatagram(Box::new((peer, data))));
    }
}
