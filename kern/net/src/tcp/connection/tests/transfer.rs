//! Bytes both ways, over wires that lose, repeat and reorder.

use super::*;
use crate::tcp::table::Table;
use core::net::{Ipv4Addr, SocketAddr};
use proptest::prelude::{any, prop, proptest};

fn data(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|position| (position ^ position >> 8) as u8).collect()
}

/// What the wire does to each segment, in turn: delivers, loses, repeats, or keeps for later.
#[derive(Clone, Debug, PartialEq)]
struct Wire {
    verdicts: Vec<u8>,
    passed: usize,
    /// Nothing passed in the step before: what comes next is a deadline's.
    is_quiet: bool,
    kept: Vec<(bool, Outgoing)>,
}

impl Wire {
    fn pass(&mut self, ends: &mut Ends, to_a: bool, sent: Outgoing) {
        let verdict = self.verdicts.get(self.passed).copied().unwrap_or(0);
        self.passed += 1;
        match verdict % 8 {
            5 => {}
            6 => self.kept.push((to_a, sent)),
            7 => [&sent, &sent].into_iter().for_each(|sent| deliver(ends, to_a, sent)),
            _ => deliver(ends, to_a, &sent),
        }
    }

    /// One step of time: everything due, everything said, then what was kept.
    fn step(&mut self, ends: &mut Ends) {
        let deadlines = [ends.a.connection.deadline(), ends.b.connection.deadline()];
        let due = deadlines.into_iter().flatten().min().filter(|_| self.is_quiet);
        ends.now = due.unwrap_or(ends.now).max(ends.now + Duration::from_millis(2));
        let kept = core::mem::take(&mut self.kept);
        ends.a.connection.timeout(ends.now);
        ends.b.connection.timeout(ends.now);
        let from_a = ends.a.leave(ends.now).into_iter().map(|sent| (false, sent));
        let from_b = ends.b.leave(ends.now).into_iter().map(|sent| (true, sent));
        let all: Vec<_> = from_a.chain(from_b).collect();
        self.is_quiet = all.is_empty() && kept.is_empty();
        all.into_iter().for_each(|(to_a, sent)| self.pass(ends, to_a, sent));
        kept.iter().for_each(|(to_a, sent)| deliver(ends, *to_a, sent));
    }
}

fn deliver(ends: &mut Ends, to_a: bool, sent: &Outgoing) {
    let now = ends.now;
    let end = if to_a { &mut ends.a } else { &mut ends.b };
    with_segment(sent, |it| end.arrive(it, now));
}

/// A talk on which the wire does its worst, begun. Whoever loses much waits long, for each time it
/// is twice as long as the time before: nobody is given up for it here.
fn talk(verdicts: Vec<u8>) -> (Ends, Wire) {
    let mut ends = Ends::new();
    for end in [&mut ends.a, &mut ends.b] {
        end.connection.settings.user_timeout = Duration::from_secs(86_400);
    }
    ends.a.connection.send(vec![Bytes::from(data(60_000))], ends.now);
    ends.b.connection.send(vec![Bytes::from(data(20_000))], ends.now);
    ends.a.connection.finish(ends.now);
    ends.b.connection.finish(ends.now);
    (ends, Wire { verdicts, passed: 0, is_quiet: false, kept: Vec::new() })
}

proptest! {
    #[test]
    fn every_byte_arrives_whatever_the_wire_does(verdicts in prop::collection::vec(any::<u8>(), 0..150)) {
        let (mut ends, mut wire) = talk(verdicts);
        let mut steps = 0;
        while !(ends.a.ended && ends.b.ended) {
            wire.step(&mut ends);
            steps += 1;
            assert!(steps < 100_000, "{ends:?}");
        }
        assert_eq!((&ends.a.received, &ends.b.received), (&data(20_000), &data(60_000)));
    }

    #[test]
    fn a_copy_goes_on_like_the_original(verdicts in prop::collection::vec(any::<u8>(), 0..150), at in 0..60_usize) {
        let (mut ends, mut wire) = talk(verdicts);
        (0..at).for_each(|_| wire.step(&mut ends));
        let (mut copied_ends, mut copied_wire) = (ends.clone(), wire.clone());
        for _ in 0..60 {
            wire.step(&mut ends);
            copied_wire.step(&mut copied_ends);
            assert_eq!((&ends, &wire), (&copied_ends, &copied_wire));
        }
    }
}

#[test]
fn an_answer_carries_the_acknowledgement() {
    let mut end = End::new(OURS, PEERS);
    let call = Segment { payload: b"call", ..nothing(&end, at(1)) };
    end.arrive(&call, at(1));
    end.connection.send(vec![Bytes::from_static(b"reply")], at(1));
    let reply = end.one(at(1));
    assert_eq!((reply.ack, reply.payload_bytes), (Some(PEERS + 5), 5));
    assert!(reply.flags.contains(Flags::PSH) && reply.ecn_capable);
    assert_eq!(reply.options.timestamps.map(|both| both.1), Some(timestamp_of(at(1))));
}

#[test]
fn marks_are_echoed_until_the_peer_slows_down() {
    // RFC 3168 §6.1.3.
    let mut end = End::new(OURS, PEERS);
    let next = |end: &End| Segment { payload: b"data", ..nothing(end, at(1)) };
    end.arrive(&Segment { congestion_experienced: true, ..next(&end) }, at(1));
    for _ in 0..2 {
        end.connection.acknowledge();
        assert_eq!(end.one(at(1)).flags, Flags::ECE);
        end.arrive(&next(&end), at(1));
    }
    end.arrive(&Segment { flags: Flags::CWR, ..next(&end) }, at(1));
    end.connection.acknowledge();
    assert_eq!(end.one(at(1)).flags, Flags::empty());
    end.connection.send(vec![Bytes::from(vec![0; 3000])], at(1));
    end.leave(at(1));
    end.arrive(&Segment { flags: Flags::ECE, ..nothing(&end, at(2)) }, at(2));
    end.connection.send(vec![Bytes::from(vec![0; 3000])], at(2));
    assert!(end.leave(at(2))[0].flags.contains(Flags::CWR));
}

#[test]
fn a_narrower_path_makes_smaller_segments() {
    let mut end = End::new(OURS, PEERS);
    end.connection.set_path(1200);
    end.connection.send(vec![Bytes::from(vec![0; 3000])], at(1));
    let sent = end.leave(at(1));
    assert_eq!(sent.iter().map(|sent| sent.payload_bytes).collect::<Vec<_>>(), [1188, 1188, 624]);
    let is_in_flight = |offset| end.connection.is_in_flight(OURS + offset);
    assert_eq!([0, 1, 3000, 3001].map(is_in_flight), [false, true, true, false]);
    end.connection.set_path(9000);
    assert_eq!(end.connection.sender.mss(), MSS - TIMESTAMPS_BYTES);
}

/// A connection on which something was said, both ways.
fn used() -> Connection {
    let mut ends = Ends::new();
    ends.a.connection.send(vec![Bytes::from(data(50_000))], ends.now);
    ends.b.connection.send(vec![Bytes::from(data(3000))], ends.now);
    ends.pass(Duration::from_secs(1));
    assert_eq!((ends.a.received.len(), ends.b.received.len()), (3000, 50_000));
    ends.b.connection
}

#[test]
fn an_idle_connection_costs_little() {
    const CONNECTIONS: u16 = 300;
    let mut table = None;
    let info = allocation_counter::measure(|| {
        let mut filled = Table::new([1; 16]);
        for port in 0..CONNECTIONS {
            let end = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let pair = Pair { local: end(2049), remote: end(port) };
            let connection = used();
            let deadline = connection.deadline();
            let (key, _) = filled.insert(pair, connection).unwrap();
            filled.arm(key, deadline);
        }
        table = Some(filled);
    });
    let bytes = info.bytes_current / i64::from(CONNECTIONS);
    assert!(bytes <= 2048, "{bytes} bytes, {} of them a connection", size_of::<Connection>());
    assert!(table.unwrap().deadline().is_some());
}

#[test]
fn blocks_are_as_many_as_the_path_carries() {
    for (path_bytes, blocks) in [(MSS, 3), (28, 1), (12, 0)] {
        let mut end = End::new(OURS, PEERS);
        end.connection.set_path(path_bytes);
        for gap in [100, 300, 500] {
            let seq = end.connection.receiver.next() + gap;
            end.arrive(&Segment { seq, payload: b"later", ..nothing(&end, at(0)) }, at(0));
        }
        let sent = end.one(at(0)).options;
        assert_eq!(sent.sack.iter().flatten().count(), blocks);
        assert!(sent.bytes() <= path_bytes.into());
    }
}
