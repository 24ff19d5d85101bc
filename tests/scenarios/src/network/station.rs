//! A stack with its card, and the sides of conversations that are held on it.

use super::talk::Talk;
use abi::Instant;
use bytes::Bytes;
use hyper::{Clock, DatagramPeer, Link, StreamEvent, StreamId};
use net::{AddressSource, Config, Prefix, Stack};
use sim::{Arrival, Card, VirtualClock};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How often a stack may be called without time passing.
const CALLS_AT_ONCE_MAX: u32 = 10_000;

/// The address of a station in a family.
pub fn address(number: usize, is_v6: bool) -> IpAddr {
    let last = number as u8 + 1;
    match is_v6 {
        true => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into()).into(),
        false => Ipv4Addr::new(10, 0, 0, last).into(),
    }
}

/// The Ethernet address of a station.
pub fn mac(number: usize) -> [u8; 6] {
    [2, 0, 0, 0, 0, number as u8 + 1]
}

/// Who a station is.
pub fn config(number: usize) -> Config {
    let fixed =
        |is_v6, bits| AddressSource::Fixed(Prefix { address: address(number, is_v6), bits });
    Config {
        mac: mac(number),
        addresses: vec![fixed(false, 24), fixed(true, 64)],
        gateways: Vec::new(),
        detects_duplicates: false,
        stable_secret: None,
    }
}

/// One end of a cable.
pub struct Station {
    /// Which.
    pub number: usize,
    /// What is tried.
    pub stack: Stack,
    /// What it is attached by.
    pub card: Card,
    /// Sides of conversations, by the stack's names of their connections.
    pub talks: BTreeMap<StreamId, Talk>,
    /// Sides that wait to be called on a port.
    pub expected: BTreeMap<u16, Talk>,
    /// Which conversation a connection is.
    pub ports: BTreeMap<StreamId, u16>,
    /// Datagrams that arrived, and are sent back.
    echoes: Vec<(DatagramPeer, Bytes)>,
    /// What must not happen, and did.
    pub fault: Option<String>,
    /// The time.
    pub clock: VirtualClock,
    calls_at: (Instant, u32),
}

impl Station {
    /// Just plugged in.
    pub fn new(number: usize, card: Card, clock: VirtualClock, secret: [u8; 16]) -> Self {
        let stack = Stack::new(config(number), &card.properties(), secret, clock.now());
        Self {
            number,
            stack,
            card,
            talks: BTreeMap::new(),
            expected: BTreeMap::new(),
            ports: BTreeMap::new(),
            echoes: Vec::new(),
            fault: None,
            calls_at: (clock.now(), 0),
            clock,
        }
    }

    /// Waits to be called on a port.
    pub fn expect(&mut self, port: u16, talk: Talk) {
        assert!(self.stack.listen(port), "no room for port {port}");
        self.expected.insert(port, talk);
    }

    /// Calls a port of another station.
    pub fn call(&mut self, remote: SocketAddr, talk: Talk) {
        match self.stack.connect(remote, self.clock.now()) {
            Some(stream) => {
                self.talks.insert(stream, talk);
                self.ports.insert(stream, remote.port());
            }
            None => self.fault = Some(format!("{remote} cannot be called")),
        }
    }

    /// What it hears need not be what was sent: somebody lies.
    pub fn doubt(&mut self) {
        let talks = self.talks.values_mut().chain(self.expected.values_mut());
        talks.for_each(|talk| talk.ledger.is_lied_to = true);
    }

    /// Ends all of its connections at once.
    pub fn abort_all(&mut self) {
        let now = self.clock.now();
        for (stream, talk) in &mut self.talks {
            if !talk.ledger.is_closed {
                self.stack.abort(*stream, now, &mut |event| talk.ledger.note(&event));
            }
        }
    }

    /// The side of the conversation on a port, wherever it is.
    pub fn talk(&self, port: u16) -> Option<&Talk> {
        let stream = self.ports.iter().find(|(_, own)| **own == port).map(|(stream, _)| stream);
        stream.and_then(|stream| self.talks.get(stream)).or_else(|| self.expected.get(&port))
    }

    /// When something happens here by itself.
    pub fn next_due(&self) -> Option<Instant> {
        let talks = self.talks.values().filter_map(Talk::next_due);
        talks.chain(self.stack.deadline()).chain(self.card.next_due()).min()
    }

    /// Does all that can be done now. Says whether there was anything.
    pub fn turn(&mut self) -> bool {
        let now = self.clock.now();
        let mut did = false;
        while let Some(arrival) = self.card.take() {
            did = true;
            if let Arrival::Frame(parcel) = arrival {
                self.with_ears(|stack, ears| {
                    stack.frame(&parcel.bytes, parcel.checked, now, &mut |event| ears.hear(&event));
                });
            }
        }
        if self.stack.deadline().is_some_and(|deadline| deadline <= now) {
            did = true;
            self.with_ears(|stack, ears| stack.advance(now, &mut |event| ears.hear(&event)));
            self.count_call(now);
        }
        let stack = &mut self.stack;
        for (peer, bytes) in self.echoes.drain(..) {
            stack.send_datagram(peer, vec![bytes], now);
        }
        for (stream, talk) in &mut self.talks {
            did |= talk.go_on(stack, *stream, now);
            let port = self.ports.get(stream);
            let fault = talk.ledger.fault.as_ref();
            self.fault = self.fault.take().or(fault.map(|why| format!("port {port:?}: {why}")));
        }
        self.transmit(now) || did
    }

    fn transmit(&mut self, now: Instant) -> bool {
        let mut did = false;
        while self.card.has_room() {
            let Some(frame) = self.stack.next_frame(now) else { break };
            did |= self.card.send(frame);
        }
        did
    }

    fn count_call(&mut self, now: Instant) {
        let (at, count) = self.calls_at;
        self.calls_at = if at == now { (at, count + 1) } else { (now, 0) };
        if count > CALLS_AT_ONCE_MAX {
            self.fault = Some(format!("does not come to rest at {now:?}"));
        }
    }

    fn with_ears(&mut self, call: impl FnOnce(&mut Stack, &mut Ears<'_>)) {
        let Self { stack, talks, expected, ports, echoes, fault, .. } = self;
        call(stack, &mut Ears { talks, expected, ports, echoes, fault });
    }
}

/// Who listens while a stack is called.
struct Ears<'a> {
    talks: &'a mut BTreeMap<StreamId, Talk>,
    expected: &'a mut BTreeMap<u16, Talk>,
    ports: &'a mut BTreeMap<StreamId, u16>,
    echoes: &'a mut Vec<(DatagramPeer, Bytes)>,
    fault: &'a mut Option<String>,
}

impl Ears<'_> {
    fn hear(&mut self, event: &StreamEvent<'_>) {
        let stream = match event {
            StreamEvent::Opened { stream, local, .. } => {
                if let Some(talk) = self.expected.remove(&local.port()) {
                    self.talks.insert(*stream, talk);
                    self.ports.insert(*stream, local.port());
                }
                stream
            }
            StreamEvent::Received { stream, .. }
            | StreamEvent::Filled { stream, .. }
            | StreamEvent::Sent { stream, .. }
            | StreamEvent::Ended { stream }
            | StreamEvent::Closed { stream } => stream,
            StreamEvent::Datagram { peer, bytes } => {
                return self.echoes.push((*peer, Bytes::copy_from_slice(bytes)));
            }
        };
        match self.talks.get_mut(stream) {
            Some(talk) => talk.ledger.note(event),
            None => {
                self.fault.get_or_insert(format!("{event:?} of nobody's connection"));
            }
        }
    }
}
