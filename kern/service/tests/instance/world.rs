//! A host in memory: its clock stands still until it is moved, its luck is counted, its network writes down what
//! it is asked to do.

use crate::rpc_client::{self, Reply};
use abi::{Instant, Timestamp};
use bytes::Bytes;
use hyper::{Account, Clock, DatagramPeer, Level, Log, Random, StreamEvent, StreamId, Streams};
use service::{Config, Host, Limits, Next, Opening, Service, Source};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

pub const CLIENT: StreamId = StreamId(1);

/// Stands still unless the test moves it.
#[derive(Default)]
pub struct StoppedClock {
    nanoseconds: Cell<u64>,
    /// How often it was asked.
    pub readings: Cell<usize>,
}

impl StoppedClock {
    pub fn pass(&self, seconds: u64) {
        self.nanoseconds.set(self.nanoseconds.get() + seconds * 1_000_000_000);
    }

    /// Moves on to a moment, if it is still to come.
    pub fn reach(&self, moment: Instant) {
        self.nanoseconds.set(self.nanoseconds.get().max(moment.0));
    }

    /// What it shows, to the test.
    pub fn time(&self) -> Instant {
        Instant(self.nanoseconds.get())
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Instant {
        self.readings.set(self.readings.get() + 1);
        self.time()
    }

    fn wall(&self) -> Timestamp {
        Timestamp { seconds: 1_700_000_000, nanoseconds: 0 }
    }
}

#[derive(Default)]
struct CountedLuck(Cell<u8>);

impl Random for CountedLuck {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| {
            self.0.set(self.0.get().wrapping_add(1));
            self.0.get()
        });
    }
}

/// What the service said.
#[derive(Default)]
pub struct Lines {
    pub lines: RefCell<Vec<String>>,
}

impl Log for Lines {
    fn log(&self, _: Level, _: &'static str, line: fmt::Arguments<'_>) {
        self.lines.borrow_mut().push(line.to_string());
    }
}

/// What the network was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Send(StreamId, Vec<Bytes>),
    Pause(StreamId, bool),
    Close(StreamId),
    Datagram(DatagramPeer, Vec<Bytes>),
}

#[derive(Default)]
pub struct Network {
    pub asked: RefCell<Vec<Asked>>,
}

impl Streams for Network {
    fn send(&self, stream: StreamId, data: Vec<Bytes>) {
        self.asked.borrow_mut().push(Asked::Send(stream, data));
    }

    fn pause(&self, stream: StreamId, paused: bool) {
        self.asked.borrow_mut().push(Asked::Pause(stream, paused));
    }

    fn close(&self, stream: StreamId) {
        self.asked.borrow_mut().push(Asked::Close(stream));
    }

    fn send_datagram(&self, peer: DatagramPeer, data: Vec<Bytes>) {
        self.asked.borrow_mut().push(Asked::Datagram(peer, data));
    }
}

pub struct World {
    pub service: Service,
    pub clock: Rc<StoppedClock>,
    pub network: Rc<Network>,
    pub log: Rc<Lines>,
    /// Whether a disk has completions for the service.
    pub disk_is_done: Box<dyn Fn() -> bool>,
}

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub fn memory() -> Source {
    Source::Memory { size_bytes: 64 << 20, id: 7 }
}

pub fn config(source: Source) -> Config {
    let root = nfs::Export::new("/").expect("a good path");
    let limits = Limits::default();
    Config {
        name: "test".into(),
        source,
        opening: Opening::AtOnce,
        exports: vec![root],
        limits,
        network: service::Network::Host { port: 2049 },
    }
}

pub fn host(clock: Rc<StoppedClock>, network: Rc<Network>, log: Rc<Lines>) -> Host {
    Host {
        clock,
        random: Rc::new(CountedLuck::default()),
        log,
        streams: network,
        dirty: Account::default(),
        received: Account::default(),
        fragments: Account::default(),
    }
}

impl World {
    /// A service with a connection open, not turned yet.
    pub fn new(config: Config) -> Self {
        let (clock, network) = (Rc::<StoppedClock>::default(), Rc::<Network>::default());
        let log = Rc::<Lines>::default();
        let service = Service::new(host(clock.clone(), network.clone(), log.clone()), config);
        let mut world = Self { service, clock, network, log, disk_is_done: Box::new(|| false) };
        world.open(CLIENT);
        world
    }

    /// A service of an empty file system in memory, ready.
    pub fn memory() -> Self {
        let mut world = Self::new(config(memory()));
        assert_eq!(world.service.turn(), Next::Idle);
        world
    }

    pub fn open(&mut self, stream: StreamId) {
        let (remote, local) = (address(700 + stream.0 as u16), address(2049));
        self.service.stream_event(StreamEvent::Opened { stream, remote, local });
    }

    pub fn receive(&mut self, bytes: &[u8]) {
        self.service.stream_event(StreamEvent::Received { stream: CLIENT, bytes });
    }

    /// Turns the service as a host does, until it waits for time or clients.
    pub fn turn_until_idle(&mut self) -> Next {
        loop {
            let next = self.service.turn();
            if next != Next::Again && !(self.disk_is_done)() {
                return next;
            }
        }
    }

    pub fn asked(&mut self) -> Vec<Asked> {
        self.network.asked.take()
    }

    /// What is sent to the client, which takes it at once.
    pub fn sent(&mut self) -> Vec<Vec<Bytes>> {
        let mut sends = Vec::new();
        for asked in self.asked() {
            let Asked::Send(stream, data) = asked else { continue };
            let count_bytes = data.iter().map(Bytes::len).sum();
            self.service.stream_event(StreamEvent::Sent { stream, count_bytes });
            sends.push(data);
        }
        sends
    }

    /// The replies to calls that arrive together.
    pub fn exchange(&mut self, bytes: &[u8]) -> Vec<Reply> {
        self.receive(bytes);
        self.turn_until_idle();
        rpc_client::replies(&self.sent().concat().concat())
    }

    /// The reply to one call.
    pub fn ask(&mut self, bytes: &[u8]) -> Reply {
        let mut replies = self.exchange(bytes);
        assert_eq!(replies.len(), 1);
        replies.remove(0)
    }

    /// The handle of the root.
    pub fn mount(&mut self) -> Vec<u8> {
        let reply = self.ask(&rpc_client::mount(1, "/"));
        reply.success().opaque(64).expect("a handle").to_vec()
    }
}
