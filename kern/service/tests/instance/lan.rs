//! A service that is a network host of its own, and a client with a stack like it, at the two ends
//! of a cable; time passes when nothing else happens.

use crate::rpc_client::{self, Reply};
use crate::world::{Lines, StoppedClock, config, host, memory};
use abi::Instant;
use hyper::{
    DatagramPeer, Frame, Link, LinkEvent, LinkOffload, LinkProperties, StreamEvent, StreamId,
};
use net::{AddressSource, Prefix, Stack};
use service::{Host, Next, Service, Source};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// Turns and events of time after which a test has waited in vain.
const STEPS_MAX: usize = 100_000;

/// The service's end of the cable.
pub struct Cable {
    pub frames: RefCell<VecDeque<Frame>>,
    /// How many it holds before the client takes them.
    pub frames_max: Cell<usize>,
    refused: Cell<bool>,
}

impl Default for Cable {
    fn default() -> Self {
        let frames_max = Cell::new(1000);
        Self { frames: RefCell::default(), frames_max, refused: Cell::new(false) }
    }
}

impl Cable {
    fn properties() -> LinkProperties {
        LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() }
    }
}

impl Link for Cable {
    fn properties(&self) -> LinkProperties {
        Self::properties()
    }

    fn has_room(&self) -> bool {
        let has_room = self.frames.borrow().len() < self.frames_max.get();
        self.refused.set(!has_room || self.refused.get());
        has_room
    }

    fn send(&self, frame: Frame) -> bool {
        assert!(self.has_room(), "it is asked first");
        self.frames.borrow_mut().push_back(frame);
        true
    }
}

/// Addresses of one end: `host` in 10.1.0.0/24 and fd00::/64.
pub fn identity(host: u8) -> net::Config {
    let fixed = |address: String, bits| {
        AddressSource::Fixed(Prefix { address: address.parse().expect("an address"), bits })
    };
    net::Config {
        mac: [2, 0, 0, 0, 0, host],
        addresses: vec![fixed(format!("10.1.0.{host}"), 24), fixed(format!("fd00::{host}"), 64)],
        gateways: Vec::new(),
        detects_duplicates: false,
        stable_secret: None,
    }
}

/// What a client has heard on one connection.
#[derive(Debug, Default)]
pub struct Heard {
    pub opened: bool,
    pub bytes: Vec<u8>,
    pub ended: bool,
    pub closed: bool,
}

/// The other end.
pub struct Client {
    pub stack: Stack,
    pub streams: BTreeMap<StreamId, Heard>,
    pub datagrams: Vec<Vec<u8>>,
}

impl Client {
    fn new() -> Self {
        let stack = Stack::new(identity(1), &Cable::properties(), [9; 16], Instant(0));
        Self { stack, streams: BTreeMap::new(), datagrams: Vec::new() }
    }

    /// Does something with the stack, and keeps what it tells.
    fn with(&mut self, act: impl FnOnce(&mut Stack, &mut dyn FnMut(StreamEvent<'_>))) {
        let Self { stack, streams, datagrams } = self;
        act(stack, &mut |event| match event {
            StreamEvent::Opened { stream, .. } => streams.entry(stream).or_default().opened = true,
            StreamEvent::Received { stream, bytes } => {
                streams.entry(stream).or_default().bytes.extend_from_slice(bytes);
            }
            StreamEvent::Ended { stream } => streams.entry(stream).or_default().ended = true,
            StreamEvent::Closed { stream } => streams.entry(stream).or_default().closed = true,
            StreamEvent::Datagram { bytes, .. } => datagrams.push(bytes.to_vec()),
            StreamEvent::Sent { .. } | StreamEvent::Filled { .. } => {}
        });
    }
}

/// Both ends.
pub struct Lan {
    pub service: Service,
    pub client: Client,
    pub cable: Rc<Cable>,
    pub clock: Rc<StoppedClock>,
    pub log: Rc<Lines>,
    pub turns: usize,
    pub next: Next,
}

impl Lan {
    /// A service of an empty file system in memory.
    pub fn new() -> Self {
        Self::of(memory())
    }

    /// A service of this source, at fixed addresses.
    pub fn of(source: Source) -> Self {
        Self::with(source, identity(2))
    }

    pub fn with(source: Source, identity: net::Config) -> Self {
        let (clock, cable) = (Rc::<StoppedClock>::default(), Rc::<Cable>::default());
        let log = Rc::<Lines>::default();
        let network = service::Network::Own { link: cable.clone(), config: identity };
        let config = service::Config { network, ..config(source) };
        let service = Service::new(host(clock.clone(), Rc::default(), log.clone()), config);
        let client = Client::new();
        let mut lan = Self { service, client, cable, clock, log, turns: 0, next: Next::Again };
        lan.turn();
        lan
    }

    /// The hypercalls of one more service on this clock.
    pub fn host(&self) -> Host {
        host(self.clock.clone(), Rc::default(), self.log.clone())
    }

    pub fn turn(&mut self) {
        self.next = self.service.turn();
        self.turns += 1;
    }

    /// Gives the client what the service has sent.
    pub fn deliver(&mut self) -> bool {
        let frames = self.cable.frames.take();
        let is_moved = !frames.is_empty();
        for Frame { head, payload, .. } in frames {
            let bytes = [&head[..], &payload.concat()].concat();
            let now = self.clock.time();
            self.client.with(|stack, sink| stack.frame(&bytes, false, now, sink));
        }
        if self.cable.refused.take() {
            self.service.link_event(LinkEvent::Room);
        }
        is_moved
    }

    /// Frames that the client has for the service.
    pub fn client_frames(&mut self) -> Vec<Vec<u8>> {
        let now = self.clock.time();
        let next = || self.client.stack.next_frame(now);
        let frames = std::iter::from_fn(next);
        frames.map(|frame| [&frame.head[..], &frame.payload.concat()].concat()).collect()
    }

    /// Both ends do what they can at this time. Says whether anything happened.
    fn step(&mut self) -> bool {
        let is_delivered = self.deliver();
        let frames = self.client_frames();
        for bytes in &frames {
            self.service.link_event(LinkEvent::Received { bytes, checked: false });
        }
        let is_due = self.next == Next::Again || !frames.is_empty() || is_delivered;
        if is_due {
            self.turn();
        }
        is_due
    }

    /// Until nothing happens without time.
    pub fn settle(&mut self) {
        let steps = (0..STEPS_MAX).take_while(|_| self.step()).count();
        assert!(steps < STEPS_MAX, "it goes on and on");
    }

    /// Lets time pass until what is waited for is there.
    pub fn until(&mut self, mut is_there: impl FnMut(&mut Self) -> bool) {
        for _ in 0..STEPS_MAX {
            if is_there(self) {
                return;
            }
            if !self.step() {
                self.pass_to_deadline();
            }
        }
        panic!("waited in vain until {:?}: {:?}", self.clock.time(), self.client.streams);
    }

    /// Lets time pass until one of both has something to do.
    fn pass_to_deadline(&mut self) {
        let of_service = match self.next {
            Next::At(moment) => Some(moment),
            Next::Again | Next::Idle => None,
        };
        let next = of_service.into_iter().chain(self.client.stack.deadline()).min();
        self.clock.reach(next.expect("somebody has something to do"));
        let now = self.clock.time();
        self.client.with(|stack, sink| stack.advance(now, sink));
        self.turn();
    }

    pub fn connect(&mut self, host: &str, port: u16) -> StreamId {
        let stream = self.try_connect(host, port);
        self.until(|lan| lan.client.streams.get(&stream).is_some_and(|heard| heard.opened));
        stream
    }

    pub fn try_connect(&mut self, host: &str, port: u16) -> StreamId {
        let now = self.clock.time();
        self.client.stack.connect(address(host, port), now).expect("there is room")
    }

    pub fn send(&mut self, stream: StreamId, bytes: &[u8]) {
        let (now, data) = (self.clock.time(), vec![bytes.to_vec().into()]);
        self.client.stack.send(stream, data, now);
    }

    pub fn finish(&mut self, stream: StreamId) {
        self.client.stack.finish(stream, self.clock.time());
    }

    pub fn close(&mut self, stream: StreamId) {
        let now = self.clock.time();
        self.client.with(|stack, sink| stack.close(stream, now, sink));
    }

    pub fn heard(&self, stream: StreamId) -> &Heard {
        &self.client.streams[&stream]
    }

    /// The reply to one call over TCP.
    pub fn ask(&mut self, stream: StreamId, call: &[u8]) -> Reply {
        self.client.streams.entry(stream).or_default().bytes.clear();
        self.send(stream, call);
        self.until(|lan| is_whole_record(&lan.heard(stream).bytes));
        rpc_client::replies(&self.heard(stream).bytes).remove(0)
    }

    /// The reply to one call over UDP.
    pub fn ask_by_datagram(&mut self, host: &str, port: u16, call: &[u8]) -> Reply {
        let socket = self.client.stack.open_datagrams(700).expect("there is room");
        let remote = address(host, port);
        let local = address(if remote.is_ipv4() { "10.1.0.1" } else { "fd00::1" }, 700);
        let (peer, now) = (DatagramPeer { socket, remote, local }, self.clock.time());
        let message = call[4..].to_vec();
        self.client.stack.send_datagram(peer, vec![message.into()], now);
        self.until(|lan| !lan.client.datagrams.is_empty());
        let message = self.client.datagrams.remove(0);
        let mark = (1 << 31 | message.len() as u32).to_be_bytes();
        rpc_client::replies(&[&mark[..], &message].concat()).remove(0)
    }
}

fn is_whole_record(bytes: &[u8]) -> bool {
    let mark = bytes.first_chunk().map(|mark| u32::from_be_bytes(*mark) & (u32::MAX >> 1));
    mark.is_some_and(|length| bytes.len() >= 4 + length as usize)
}

fn address(host: &str, port: u16) -> SocketAddr {
    SocketAddr::new(host.parse::<IpAddr>().expect("an address"), port)
}
