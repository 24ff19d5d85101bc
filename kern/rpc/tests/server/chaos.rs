//! Anything, in any order: limits hold, nothing panics, every call is answered once, and nothing
//! is left behind.

use crate::wire::{self, Call};
use crate::world::{World, limits, peer};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::proptest;
use rpc::{ConnectionId, Job, Limits, Output};
use std::collections::{BTreeMap, BTreeSet};

const CONNECTIONS: u64 = 4;

#[derive(Clone, Debug)]
enum Event {
    /// Calls arrive, in pieces of this size.
    Calls {
        on: u64,
        count: u32,
        piece_bytes: usize,
    },
    /// A call in fragments of this size.
    Fragments {
        on: u64,
        fragment_bytes: usize,
    },
    Garbage {
        on: u64,
        bytes: Vec<u8>,
    },
    Datagram,
    /// As many calls as are allowed are taken up.
    Start,
    /// One of the calls at work ends.
    Finish {
        which: usize,
    },
    /// The network does what it was asked.
    Network,
    Reconnect {
        on: u64,
    },
}

fn events() -> impl Strategy<Value = Event> {
    let on = 0..CONNECTIONS;
    prop_oneof![
        4 => (on.clone(), 1..30_u32, 1..3000_usize)
            .prop_map(|(on, count, piece_bytes)| Event::Calls { on, count, piece_bytes }),
        1 => (on.clone(), 1..40_usize)
            .prop_map(|(on, fragment_bytes)| Event::Fragments { on, fragment_bytes }),
        1 => (on.clone(), vec(any::<u8>(), 1..100))
            .prop_map(|(on, bytes)| Event::Garbage { on, bytes }),
        1 => Just(Event::Datagram),
        3 => Just(Event::Start),
        4 => any::<usize>().prop_map(|which| Event::Finish { which }),
        3 => Just(Event::Network),
        1 => on.prop_map(|on| Event::Reconnect { on }),
    ]
}

struct Chaos {
    world: World,
    /// The connection in each place, and what was sent on it that nobody answered yet.
    connections: BTreeMap<u64, ConnectionId>,
    next_connection: u64,
    asked: BTreeMap<ConnectionId, BTreeSet<u32>>,
    spoiled: BTreeSet<ConnectionId>,
    at_work: Vec<Job>,
    next_xid: u32,
    limits: Limits,
}

impl Chaos {
    fn new() -> Self {
        let limits = Limits { calls_max: 20, output_bytes_max: 600, ..limits() };
        let mut chaos = Self {
            world: World::new(limits.clone()),
            connections: BTreeMap::new(),
            next_connection: 100,
            asked: BTreeMap::new(),
            spoiled: BTreeSet::new(),
            at_work: Vec::new(),
            next_xid: 0,
            limits,
        };
        (0..CONNECTIONS).for_each(|place| chaos.connect(place));
        chaos
    }

    fn connect(&mut self, place: u64) {
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.world.open(id);
        self.asked.insert(id, BTreeSet::new());
        if let Some(former) = self.connections.insert(place, id) {
            self.world.server.closed(former);
            self.asked.remove(&former);
        }
    }

    fn call(&mut self, on: ConnectionId) -> Call {
        self.next_xid += 1;
        self.asked.get_mut(&on).expect("open").insert(self.next_xid);
        let procedure = if self.next_xid.is_multiple_of(3) { wire::COUNT } else { wire::ECHO };
        Call::new(self.next_xid, procedure, &[5; 64])
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Calls { on, count, piece_bytes } => {
                let on = self.connections[&on];
                let stream: Vec<u8> = (0..count).flat_map(|_| self.call(on).record()).collect();
                stream.chunks(piece_bytes).for_each(|piece| self.world.server.received(on, piece));
            }
            Event::Fragments { on, fragment_bytes } => {
                let on = self.connections[&on];
                for body in self.call(on).message().chunks(fragment_bytes) {
                    self.world.server.received(on, &wire::fragment(false, body));
                }
                self.world.server.received(on, &wire::fragment(true, b""));
            }
            Event::Garbage { on, bytes } => {
                self.spoiled.insert(self.connections[&on]);
                self.world.server.received(self.connections[&on], &bytes);
            }
            Event::Datagram => {
                let message = Call::new(0, wire::COUNT, b"").message();
                self.world.server.received_datagram(peer(9), &message);
            }
            Event::Start => self.at_work.extend(self.world.jobs()),
            Event::Finish { which } if !self.at_work.is_empty() => {
                let job = self.at_work.swap_remove(which % self.at_work.len());
                self.world.finish(job);
            }
            Event::Finish { .. } => {}
            Event::Network => self.network(),
            Event::Reconnect { on } => self.connect(on),
        }
        self.check_limits();
    }

    fn network(&mut self) {
        for output in self.world.outputs() {
            if let Output::Send(id, pieces) = output {
                self.answered(id, &pieces);
                self.world.server.sent(id, pieces.iter().map(Bytes::len).sum());
            }
        }
    }

    fn answered(&mut self, id: ConnectionId, pieces: &[Bytes]) {
        for reply in wire::parse_stream(&pieces.concat()) {
            let was_asked = self.asked.get_mut(&id).is_some_and(|xids| xids.remove(&reply.xid));
            assert!(was_asked || self.spoiled.contains(&id), "{reply:?} answers nothing");
        }
    }

    fn check_limits(&self) {
        assert!(self.at_work.len() <= self.limits.calls_max);
        for id in self.connections.values() {
            let port = crate::world::address(700 + id.0 as u16);
            let calls = self.at_work.iter().filter(|job| job.call().remote == port).count();
            assert!(calls <= self.limits.connection_calls_max);
        }
    }

    fn settle(&mut self) {
        loop {
            self.at_work.extend(self.world.jobs());
            if self.at_work.is_empty() && self.world.server.is_idle() {
                return;
            }
            while let Some(job) = self.at_work.pop() {
                self.world.finish(job);
            }
            self.network();
        }
    }
}

proptest! {
    #[test]
    fn limits_hold_and_every_call_is_answered_once(events in vec(events(), 1..80)) {
        let mut chaos = Chaos::new();
        events.into_iter().for_each(|event| chaos.apply(event));
        chaos.settle();
        for (id, unanswered) in &chaos.asked {
            assert!(unanswered.is_empty() || chaos.spoiled.contains(id), "{id:?}: {unanswered:?}");
        }
    }
}
