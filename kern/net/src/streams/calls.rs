//! What may be asked of streams.

use super::endpoint::{Endpoint, Stage};
use super::{Sink, Streams};
use crate::stack::Stack;
use crate::tcp::connection::Connection;
use crate::tcp::limits::{PORTS_OWN, PORTS_TRIED_MAX};
use crate::tcp::opening::Opening;
use crate::tcp::table::numbers::{Pair, Purpose};
use abi::Instant;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;
use hyper::{Account, StreamEvent, StreamId};

impl Stack {
    /// Takes connections on a port of all own addresses from now on. Says whether there was room
    /// for one more port.
    pub fn listen(&mut self, port: u16) -> bool {
        self.streams.table.listen(port)
    }

    /// Counts what streams keep of what arrived with this account from now on: its share bounds them,
    /// too.
    pub fn share_received(&mut self, account: Account) {
        self.streams.share_received(account);
    }

    /// Takes no more connections; those that are open go on.
    pub fn stop_listening(&mut self) {
        self.streams.table.stop_listening();
    }

    /// Streams that are open or being opened by us.
    pub fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.table.streams().map(StreamId)
    }

    /// Opens a connection; [`StreamEvent::Opened`] or [`StreamEvent::Closed`] follows. `None` if
    /// there is no address of ours to do it from, or no room.
    pub fn connect(&mut self, remote: SocketAddr, now: Instant) -> Option<StreamId> {
        let source = self.addresses.source_for(remote.ip())?;
        let mss = self.own_mss(remote.ip());
        let (key, stream) = self.streams.open(source, remote, mss, now)?;
        self.arm(key);
        Some(StreamId(stream))
    }

    /// Sends behind all that was sent before; the pieces are shared. [`StreamEvent::Sent`] tells
    /// what the peer has. Nothing is sent on a stream that is not open, or whose end was said.
    pub fn send(&mut self, stream: StreamId, data: Vec<Bytes>, now: Instant) {
        self.with_connection(stream, |connection| connection.send(data, now));
    }

    /// Says the end of our direction, behind all that was sent; the peer's goes on.
    pub fn finish(&mut self, stream: StreamId, now: Instant) {
        self.with_connection(stream, |connection| connection.finish(now));
    }

    /// Holds back what arrives, or goes on.
    pub fn pause(&mut self, stream: StreamId, is_paused: bool, now: Instant, sink: Sink<'_>) {
        let Some(key) = self.streams.table.key_of(stream.0) else { return };
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return };
        let Some(connection) = endpoint.connection() else { return };
        let mut lend = |bytes: &[u8]| sink(StreamEvent::Received { stream, bytes });
        let news = connection.pause(is_paused, now, &mut lend);
        self.tell_news(stream, news, sink);
        self.settle(key, now, sink);
    }

    /// Ends a stream, once what was sent has arrived. [`StreamEvent::Closed`] follows.
    pub fn close(&mut self, stream: StreamId, now: Instant, sink: Sink<'_>) {
        self.end(stream, now, sink, |connection| connection.close(now));
    }

    /// Ends a stream at once.
    pub fn abort(&mut self, stream: StreamId, now: Instant, sink: Sink<'_>) {
        self.end(stream, now, sink, Connection::abort);
    }

    fn end(
        &mut self,
        stream: StreamId,
        now: Instant,
        sink: Sink<'_>,
        end: impl FnOnce(&mut Connection),
    ) {
        let Some(key) = self.streams.table.key_of(stream.0) else { return };
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return };
        match &mut endpoint.stage {
            Stage::Open(connection) => end(connection),
            Stage::Opening(_) => return self.forget_stream(key, now, sink),
        }
        self.settle(key, now, sink);
    }

    fn with_connection(&mut self, stream: StreamId, call: impl FnOnce(&mut Connection)) {
        let Some(key) = self.streams.table.key_of(stream.0) else { return };
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return };
        if let Some(connection) = endpoint.connection() {
            call(connection);
            self.streams.ready.push(key);
            self.arm(key);
        }
    }
}

impl Streams {
    /// Begins to open a connection, from a port that nobody foresees and that differs from the last
    /// ones (RFC 6056 §3.3.3).
    fn open(
        &mut self,
        source: core::net::IpAddr,
        remote: SocketAddr,
        mss: u16,
        now: Instant,
    ) -> Option<(u32, u64)> {
        let start = Pair { local: SocketAddr::new(source, 0), remote };
        let start = self.table.numbers().hash(Purpose::Port, &start, 0) as u32;
        for _ in 0..PORTS_TRIED_MAX {
            self.opened = self.opened.wrapping_add(1);
            let count = u32::from(PORTS_OWN.end - PORTS_OWN.start);
            let offset = start.wrapping_add(self.opened) % count;
            let local = SocketAddr::new(source, PORTS_OWN.start + offset as u16);
            let pair = Pair { local, remote };
            let numbers = self.table.numbers();
            let (first, clock_offset) = (numbers.first(&pair, now), numbers.clock_offset(&pair));
            let opening = Opening::new(first, mss, clock_offset, now);
            let endpoint = Endpoint::new(Stage::Opening(opening));
            if let Ok(opened) = self.table.insert(pair, endpoint) {
                return Some(opened);
            }
        }
        None
    }
}
