//! Whatever arrives, each pair has one place, and each place is somebody's.

use super::*;
use crate::tcp::table::time_wait::Remembered;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

#[derive(Clone, Debug)]
enum Event {
    Arrives { port: u16, flags: u8, seq: i8, ack: Option<i8>, clock: Option<i8> },
    Ends { port: u16, remembered: bool },
    Passes(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let near = prop_oneof![-2..3_i8, any::<i8>()];
    let ack = prop_oneof![near.clone().prop_map(Some), prop::strategy::Just(None)];
    let clock = prop_oneof![near.clone().prop_map(Some), prop::strategy::Just(None)];
    let flags = prop_oneof![prop::strategy::Just(0), prop::strategy::Just(2), any::<u8>()];
    let arrives = (0..3_u16, flags, near, ack, clock)
        .prop_map(|(port, flags, seq, ack, clock)| Event::Arrives { port, flags, seq, ack, clock });
    let ends =
        (0..3_u16, any::<bool>()).prop_map(|(port, remembered)| Event::Ends { port, remembered });
    let event = prop_oneof![8 => arrives, 1 => ends, 1 => (0..40_000_u64).prop_map(Event::Passes)];
    prop::collection::vec(event, 0..200)
}

/// A table, with the last number that it told each port.
struct World {
    table: Table<&'static str>,
    told: [SeqNo; 3],
    now: u64,
}

impl World {
    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Arrives { port, flags, seq, ack, clock } => {
                let told = self.told[usize::from(port)];
                let ack = ack.map(|near| SeqNo(told.0.wrapping_add_signed(1 + i32::from(near))));
                let seq = SeqNo(PEER.0.wrapping_add_signed(i32::from(seq)));
                let mut segment = segment(Flags::from_bits_truncate(flags), seq, ack);
                segment.options.timestamps =
                    clock.map(|near| (500_u32.wrapping_add_signed(i32::from(near)), 0));
                let verdict = self.table.segment(&pair(port), &segment, MSS, at(self.now));
                self.follow(port, verdict);
            }
            Event::Ends { port, remembered } => self.end(port, remembered),
            Event::Passes(milliseconds) => {
                self.now += milliseconds;
                while self.table.timeout(at(self.now)).is_some() {}
            }
        }
    }

    fn follow(&mut self, port: u16, verdict: Verdict) {
        match verdict {
            Verdict::Open(handshake) => {
                assert_eq!(handshake.first, self.told[usize::from(port)]);
                assert!(self.table.insert(pair(port), "open").is_ok());
            }
            Verdict::Answer(answer) if answer.flags.contains(Flags::SYN) => {
                self.told[usize::from(port)] = answer.seq;
            }
            _ => {}
        }
    }

    fn end(&mut self, port: u16, is_remembered: bool) {
        if let Some(Place::Connection(key)) = self.table.find(&pair(port)) {
            let remembered = Remembered {
                pair: pair(port),
                seq: self.told[usize::from(port)] + 2,
                ack: PEER + 1,
                timestamp: Some(500),
                clock_offset: 0,
                window: 0,
            };
            self.table.remove(key, is_remembered.then_some(remembered), at(self.now));
        }
    }

    fn check(&self) {
        let Table { connections, backlog, time_wait, places, .. } = &self.table;
        assert_eq!(places.len(), connections.len() + backlog.len() + time_wait.len());
        assert!(places.len() <= 3);
    }
}

proptest! {
    #[test]
    fn every_place_is_somebodys(events in events()) {
        let mut world = World { table: table(), told: [SeqNo(0); 3], now: 0 };
        for event in &events {
            world.happens(event);
            world.check();
        }
    }
}
