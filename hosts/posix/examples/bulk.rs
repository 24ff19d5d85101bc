//! What the host and `kern/net` cost without files above them: a service of three ports, on a
//! link as a network host of its own, or on sockets of the host.
//!
//! ```text
//! bulk LINK|none CIDR [ENDS]        tap:NAME, tap-fd:N, unix:PATH; ENDS more stacks, on unix:PATH.N
//! ```
//!
//! | port | it |
//! |---|---|
//! | 7 | sends back what comes, in messages of 120 bytes |
//! | 9 | discards what comes, and ends when its client does |
//! | 19 | sends without end |
//!
//! It says `ready` when it serves, and ends when its standard input does.

mod tenant;

use bytes::Bytes;
use hyper::{Link, LinkEvent, StreamEvent, StreamId};
use net::{AddressSource, Config, Prefix, Stack};
use posix::{Backend, LinkOptions, OpenLink, ServiceSpec};
use service::{Host, Next};
use std::collections::HashMap;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use tenant::{MESSAGE_BYTES, Work};

const ECHO: u16 = 7;
const DISCARD: u16 = 9;
const GENERATE: u16 = 19;
const PORTS: [u16; 3] = [ECHO, DISCARD, GENERATE];

/// What is sent without end, in pieces as those of a cached file are.
static CHUNK: [u8; CHUNK_BYTES] = [0x5a; CHUNK_BYTES];
const CHUNK_BYTES: usize = 64 << 10;
/// What is given to a connection ahead of its acknowledgements, more than any window; and what to
/// sockets, whose kernel has buffers of its own.
const AHEAD_BYTES: usize = 8 << 20;
const AHEAD_OF_SOCKETS_BYTES: usize = 1 << 20;

/// What the ports ask of whoever carries their bytes.
enum Wish {
    Send(StreamId, Vec<Bytes>),
    Close(StreamId),
}

/// The three ports, whoever carries their bytes.
struct Ports {
    /// By connection: its port, and what was sent and not taken over.
    connections: HashMap<StreamId, (u16, usize)>,
    ahead_bytes: usize,
    wishes: Vec<Wish>,
}

impl Ports {
    fn new(ahead_bytes: usize) -> Self {
        Self { connections: HashMap::new(), ahead_bytes, wishes: Vec::new() }
    }

    fn event(&mut self, event: StreamEvent<'_>) {
        match event {
            StreamEvent::Opened { stream, local, .. } => {
                self.connections.insert(stream, (local.port(), 0));
                self.generate(stream, 0);
            }
            StreamEvent::Received { stream, bytes } => self.received(stream, bytes),
            StreamEvent::Sent { stream, count_bytes } => self.generate(stream, count_bytes),
            StreamEvent::Ended { stream } => self.wishes.push(Wish::Close(stream)),
            StreamEvent::Closed { stream } => drop(self.connections.remove(&stream)),
            StreamEvent::Filled { .. } | StreamEvent::Datagram { .. } => {}
        }
    }

    /// Answers each message by itself, as RPC does.
    fn received(&mut self, stream: StreamId, bytes: &[u8]) {
        if self.connections.get(&stream).is_some_and(|(port, _)| *port == ECHO) {
            for message in bytes.chunks(MESSAGE_BYTES) {
                self.wishes.push(Wish::Send(stream, vec![Bytes::copy_from_slice(message)]));
            }
        }
    }

    /// Keeps as much ahead as there should be, now that some of it has left.
    fn generate(&mut self, stream: StreamId, left_bytes: usize) {
        let Some((GENERATE, ahead_bytes)) = self.connections.get_mut(&stream) else { return };
        *ahead_bytes -= left_bytes;
        while *ahead_bytes + CHUNK_BYTES <= self.ahead_bytes {
            *ahead_bytes += CHUNK_BYTES;
            self.wishes.push(Wish::Send(stream, vec![Bytes::from_static(&CHUNK)]));
        }
    }
}

/// The ports on sockets of the host.
struct OnSockets {
    ports: Ports,
    host: Host,
}

impl Work for OnSockets {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        self.ports.event(event);
    }

    fn turn(&mut self) -> Next {
        for wish in self.ports.wishes.drain(..) {
            match wish {
                Wish::Send(stream, data) => self.host.streams.send(stream, data),
                Wish::Close(stream) => self.host.streams.close(stream),
            }
        }
        Next::Idle
    }
}

/// The ports on a stack of their own.
struct OnLink {
    ports: Ports,
    stack: Stack,
    link: Rc<dyn Link>,
    host: Host,
}

impl Work for OnLink {
    fn stream_event(&mut self, _: StreamEvent<'_>) {}

    fn link_event(&mut self, event: LinkEvent<'_>) {
        if let LinkEvent::Received { bytes, checked } = event {
            let (ports, now) = (&mut self.ports, self.host.clock.now());
            self.stack.frame(bytes, checked, now, &mut |event| ports.event(event));
        }
    }

    fn turn(&mut self) -> Next {
        let now = self.host.clock.now();
        let ports = &mut self.ports;
        self.stack.advance(now, &mut |event| ports.event(event));
        for wish in std::mem::take(&mut self.ports.wishes) {
            let ports = &mut self.ports;
            match wish {
                Wish::Send(stream, data) => self.stack.send(stream, data, now),
                Wish::Close(stream) => {
                    self.stack.close(stream, now, &mut |event| ports.event(event));
                }
            }
        }
        while self.link.has_room() {
            let Some(frame) = self.stack.next_frame(now) else { break };
            self.link.send(frame);
        }
        self.stack.deadline().map_or(Next::Idle, Next::At)
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ends = words.get(2).map_or(0, |text| text.parse().expect("a number of stacks"));
    let [link, address, ..] = &words[..] else { panic!("see the top of this file") };
    let worker = tenant::worker(Backend::Uring);
    let add = |number, spec| drop(tenant::serve(&worker, number, spec));
    match link.as_str() {
        "none" => add(0, on_sockets(address.parse().expect("an address"))),
        link => {
            add(0, on_link(link, address, 0));
            (1..=ends).for_each(|it| add(it, on_link(&format!("{link}.{it}"), address, it)));
        }
    }
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]);
}

fn on_sockets(address: IpAddr) -> ServiceSpec {
    let listen = PORTS.map(|port| SocketAddr::new(address, port)).to_vec();
    tenant::spec(listen, None, |site| {
        let host = site.host.clone();
        OnSockets { ports: Ports::new(AHEAD_OF_SOCKETS_BYTES), host }
    })
}

/// A stack with the address on the link; `number` is part of its MAC.
fn on_link(link: &str, address: &str, number: u64) -> ServiceSpec {
    let (address, bits) = address.split_once('/').expect("ADDRESS/BITS");
    let address = address.parse().expect("an address");
    let prefix = Prefix { address, bits: bits.parse().expect("bits of a prefix") };
    let [.., third, fourth] = number.to_be_bytes();
    let config = Config {
        mac: [2, 0, 0, 1, third, fourth],
        addresses: vec![AddressSource::Fixed(prefix)],
        gateways: Vec::new(),
        detects_duplicates: false,
        stable_secret: None,
    };
    let link = OpenLink::open(&link.parse().expect("a link"), LinkOptions::default());
    tenant::spec(Vec::new(), Some(link.unwrap_or_else(|why| panic!("{why}"))), |site| {
        let (host, link) = (site.host.clone(), site.link.clone().expect("its link"));
        let mut secret = [0; 16];
        host.random.fill(&mut secret);
        let mut stack = Stack::new(config, &link.properties(), secret, host.clock.now());
        assert!(PORTS.iter().all(|&port| stack.listen(port)), "its ports are free");
        OnLink { ports: Ports::new(AHEAD_BYTES), stack, link, host }
    })
}
