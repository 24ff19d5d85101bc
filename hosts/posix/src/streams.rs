//! What a service asks of its streams during a turn, gathered until the end of it.

use bytes::Bytes;
use hyper::{DatagramPeer, StreamId, Streams};
use std::cell::RefCell;
use std::rc::Rc;

/// One wish of a service.
pub(crate) enum Wish {
    Send(StreamId, Vec<Bytes>),
    Fill(StreamId, Vec<u8>, usize),
    Pause(StreamId, bool),
    Close(StreamId),
    SendDatagram(Box<(DatagramPeer, Vec<Bytes>)>),
}

/// The wishes of all services of a worker, each with its tenant.
pub(crate) type Outbox = Rc<RefCell<Vec<(usize, Wish)>>>;

/// The streams of one service.
pub(crate) struct TenantStreams {
    pub(crate) tenant: usize,
    pub(crate) outbox: Outbox,
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
