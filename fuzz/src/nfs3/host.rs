//! A host whose clock ticks once a question, whose luck is a counter and whose network is a list.

use abi::{Instant, Timestamp};
use bytes::Bytes;
use hyper::{Account, Clock, DatagramPeer, Level, Log, Random, StreamId, Streams};
use service::Host;
use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// A client, from a port that only its superuser may use.
pub(super) const REMOTE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 700);

#[derive(Default)]
pub(super) struct FakeHost {
    ticks: Cell<u64>,
    sent: RefCell<Vec<u8>>,
}

impl FakeHost {
    pub(super) fn new() -> Rc<Self> {
        Rc::default()
    }

    pub(super) fn hypercalls(host: &Rc<Self>) -> Host {
        Host {
            clock: host.clone(),
            random: host.clone(),
            log: host.clone(),
            streams: host.clone(),
            dirty: Account::default(),
            received: Account::default(),
            fragments: Account::default(),
        }
    }

    /// Everything sent since the last time.
    pub(super) fn take_sent(&self) -> Vec<u8> {
        self.sent.take()
    }

    fn tick(&self) -> u64 {
        self.ticks.set(self.ticks.get() + 1);
        self.ticks.get()
    }
}

impl Clock for FakeHost {
    fn now(&self) -> Instant {
        Instant(self.tick())
    }

    fn wall(&self) -> Timestamp {
        Timestamp { seconds: 1_700_000_000, nanoseconds: (self.tick() % 1_000_000_000) as u32 }
    }
}

impl Random for FakeHost {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.tick() as u8);
    }
}

impl Log for FakeHost {
    fn log(&self, _level: Level, _room: &'static str, line: std::fmt::Arguments<'_>) {
        // Said aloud, so that formatting is tried too.
        assert!(!line.to_string().is_empty());
    }
}

impl Streams for FakeHost {
    fn send(&self, _stream: StreamId, data: Vec<Bytes>) {
        data.iter().for_each(|piece| self.sent.borrow_mut().extend_from_slice(piece));
    }

    fn pause(&self, _stream: StreamId, _paused: bool) {}

    fn close(&self, stream: StreamId) {
        panic!("{stream:?} closed, though every record was whole");
    }

    fn send_datagram(&self, _peer: DatagramPeer, _data: Vec<Bytes>) {
        panic!("a datagram, though none was received");
    }
}
