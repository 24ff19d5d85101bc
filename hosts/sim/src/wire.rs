//! The host's network, inside one process: what a service sends is kept until its client asks.

use bytes::Bytes;
use hyper::{DatagramPeer, StreamId, Streams};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a service said to its network and nobody has taken yet.
#[derive(Debug, Default)]
pub struct Wire {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    received: BTreeMap<StreamId, Vec<u8>>,
    /// Bytes sent since the service was last told that they have left.
    sent: BTreeMap<StreamId, usize>,
    closing: Vec<StreamId>,
}

impl Wire {
    /// Takes all bytes that have arrived at the other end of a connection.
    pub fn take(&self, stream: StreamId) -> Vec<u8> {
        self.state.borrow_mut().received.remove(&stream).unwrap_or_default()
    }

    /// A connection is called otherwise from now on.
    pub(crate) fn rename(&self, old: StreamId, new: StreamId) {
        let State { received, sent, closing } = &mut *self.state.borrow_mut();
        received.remove(&old).map(|bytes| received.insert(new, bytes));
        sent.remove(&old).map(|count_bytes| sent.insert(new, count_bytes));
        closing.iter_mut().filter(|one| **one == old).for_each(|one| *one = new);
    }

    /// Connections whose bytes have left since the last call, and how many bytes that were.
    pub(crate) fn take_sent(&self) -> BTreeMap<StreamId, usize> {
        std::mem::take(&mut self.state.borrow_mut().sent)
    }

    /// Connections that the service has ended.
    pub(crate) fn take_closing(&self) -> Vec<StreamId> {
        std::mem::take(&mut self.state.borrow_mut().closing)
    }
}

impl Streams for Wire {
    fn send(&self, stream: StreamId, data: Vec<Bytes>) {
        let mut state = self.state.borrow_mut();
        let inbox = state.received.entry(stream).or_default();
        data.iter().for_each(|piece| inbox.extend_from_slice(piece));
        let count_bytes: usize = data.iter().map(Bytes::len).sum();
        *state.sent.entry(stream).or_default() += count_bytes;
    }

    /// Clients of a simulation send what they like: a service must bear that anyway.
    fn pause(&self, _stream: StreamId, _paused: bool) {}

    fn close(&self, stream: StreamId) {
        self.state.borrow_mut().closing.push(stream);
    }

    /// Datagrams may be lost, and here they are.
    fn send_datagram(&self, _peer: DatagramPeer, _data: Vec<Bytes>) {}
}
