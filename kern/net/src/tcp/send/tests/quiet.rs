//! Closed windows, pauses, marks, the end of the stream, and a peer that is gone.

use super::{Duration, FIRST, SETTINGS, SenderSettings, Trace, ms, packets};
use crate::tcp::send::GivenUp;

#[test]
fn a_closed_window_is_asked_about_ever_less_often() {
    let mut trace = Trace::measured(SETTINGS);
    trace.window_bytes = 0;
    trace.ack(1000, &[]);
    trace.push(5000);
    assert_eq!((trace.sent(), trace.deadline_ms()), ([].to_vec(), Some(210)));
    // The number before the next, which the peer has had: it must answer.
    assert_eq!((trace.timeout(), trace.deadline_ms()), ([(999, 999)].to_vec(), Some(420)));
    trace.ack(1000, &[]);
    assert_eq!((trace.timeout(), trace.deadline_ms()), ([(999, 999)].to_vec(), Some(840)));
    trace.window_bytes = 2000;
    trace.ack(1000, &[]);
    assert_eq!(trace.sent(), packets(1000, 3000));
    trace.window_bytes = 8000;
    trace.ack(3000, &[]);
    assert_eq!(trace.sent(), packets(3000, 6000));
    trace.ack(6000, &[]);
    assert_eq!(trace.sender.deadline(), None);
}

#[test]
fn a_small_window_is_used_only_after_a_while() {
    let mut trace = Trace::measured(SETTINGS);
    trace.window_bytes = 300;
    trace.ack(1000, &[]);
    trace.push(5000);
    assert_eq!(trace.sent(), []);
    assert_eq!(trace.timeout(), [(1000, 1300)]);
}

#[test]
fn a_tiny_peer_gets_what_it_has_room_for() {
    let mut trace = Trace::new(SenderSettings { window_bytes: 300, ..SETTINGS });
    trace.push(700);
    assert_eq!(trace.sent(), [(0, 300)]);
    trace.ack(300, &[]);
    assert_eq!(trace.sent(), [(300, 600)]);
}

#[test]
fn the_end_comes_behind_the_data_and_waits_for_the_window() {
    let mut trace = Trace::new(SenderSettings { window_bytes: 2000, ..SETTINGS });
    trace.push(2000);
    trace.sender.finish();
    assert_eq!(trace.sent(), packets(0, 2000));
    trace.ack(2000, &[]);
    assert_eq!(trace.sent(), [(2000, 2001)]);
    let progress = trace.ack(2001, &[]);
    assert_eq!((progress.bytes, progress.fin, trace.sender.is_done()), (0, true, true));
    assert!(!trace.ack(2001, &[]).fin);
}

#[test]
fn the_end_is_sent_again_as_well() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(500);
    trace.sender.finish();
    assert_eq!(trace.sent(), [(1000, 1501)]);
    assert_eq!(trace.timeout(), [(1000, 1501)]);
    let progress = trace.ack(1501, &[]);
    assert_eq!((progress.bytes, progress.fin), (500, true));
}

#[test]
fn a_long_pause_forgets_the_path() {
    let mut trace = Trace::measured(SETTINGS);
    for round in 0..4 {
        trace.push(100_000);
        let sent = trace.sent();
        let end = sent.last().expect("some").1;
        trace.wait(10);
        trace.ack(end, &[]);
        assert!(trace.window_packets() >= 10 << round, "{}", trace.window_packets());
    }
    let end = loop {
        let Some(last) = trace.sent().last().copied() else { break trace.sender.next_seq() };
        trace.ack(last.1, &[]);
    };
    assert_eq!(end, trace.sender.acknowledged_seq());
    trace.wait(60_000);
    trace.push(100_000);
    assert_eq!(trace.sent().len(), 10);
}

#[test]
fn marks_slow_down_once_per_window() {
    let mut trace = Trace::measured(SenderSettings { ecn: true, ..SETTINGS });
    trace.push(50_000);
    let chunk = trace.sender.next(trace.now, 1000).expect("data");
    assert!(chunk.ecn_capable && !chunk.cwr);
    trace.sent();
    trace.wait(10);
    trace.ece = true;
    trace.ack(2000, &[]);
    assert_eq!(trace.window_packets(), 8);
    (3..11).for_each(|at| {
        trace.ack(at * 1000, &[]);
    });
    assert_eq!(trace.window_packets(), 9);
    let chunk = trace.sender.next(trace.now, 1000).expect("data");
    assert!(chunk.cwr && !trace.sender.next(trace.now, 1000).expect("data").cwr);
}

#[test]
fn a_peer_that_is_gone_is_given_up() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(1000);
    trace.sent();
    let start = trace.now;
    let given_up = loop {
        trace.now = trace.sender.deadline().expect("more to try");
        if let Err(given_up) = trace.sender.timeout(trace.now) {
            break given_up;
        }
        assert!(trace.sent().len() <= 1);
    };
    assert_eq!(given_up, GivenUp);
    assert!(trace.now.since(start) > Duration::from_secs(400));
}

#[test]
fn a_link_that_cuts_gets_many_packets_at_once() {
    let mut trace = Trace::new(SETTINGS);
    trace.push(9500);
    let chunk = trace.sender.next(trace.now, 4999).expect("data");
    assert_eq!((chunk.seq, chunk.bytes, chunk.push), (FIRST, 4000, false));
    let chunk = trace.sender.next(trace.now, 65_535).expect("data");
    assert_eq!((chunk.bytes, chunk.push), (5500, true));
    trace.now = trace.now + ms(10);
    trace.ack(0, &[(1000, 4000)]);
    assert_eq!(trace.sent(), [(0, 1000)]);
}

/// Of a path that may be narrow.
const NARROW: SenderSettings = SenderSettings { mss_small: 500, mss_least: 300, ..SETTINGS };

/// The path carries packets of up to `carried_bytes`, until all before `end` has arrived. How many
/// timeouts there were.
fn swallow(trace: &mut Trace, carried_bytes: u32, end: u32) -> u32 {
    let (mut arrived, mut timeouts) = (trace.sender.acknowledged_seq().0.wrapping_sub(FIRST.0), 0);
    let mut leaving = trace.sent();
    while arrived < end {
        let before = arrived;
        for (start, end) in leaving {
            // The link cuts what is more than a packet.
            let packet_bytes = (end - start).min(trace.sender.mss().into());
            let fits = packet_bytes <= carried_bytes && start <= arrived;
            arrived = if fits { arrived.max(end) } else { arrived };
        }
        leaving = if before < arrived {
            trace.wait(10);
            trace.ack(arrived, &[]);
            trace.sent()
        } else {
            timeouts += 1;
            trace.timeout()
        };
    }
    timeouts
}

#[test]
fn a_path_that_swallows_large_packets_is_tried_with_smaller_ones() {
    let mut trace = Trace::measured(NARROW);
    trace.push(3000);
    assert_eq!(trace.sent(), packets(1000, 4000));
    assert_eq!(trace.timeout(), packets(3000, 4000), "the tail");
    assert_eq!((trace.timeout(), trace.timeout()), (packets(1000, 2000), packets(1000, 2000)));
    assert_eq!(trace.timeout(), [(1000, 1500)]);
    assert_eq!(trace.timeout(), [(1000, 1300)]);
    assert_eq!(trace.timeout(), [(1000, 1300)], "never less than every path carries");
    trace.wait(10);
    trace.ack(1300, &[]);
    assert_eq!(trace.sender.mss(), 1000, "was it the size?");
    assert_eq!((swallow(&mut trace, 400, 4000), trace.sender.mss()), (2, 300), "it was");
    trace.push(9000);
    assert_eq!(swallow(&mut trace, 400, 13_000), 0, "known by now");
    trace.sender.set_mss(1000);
    trace.push(1000);
    assert_eq!(trace.sent(), packets(13_000, 14_000), "the path is wide again");
}

#[test]
fn a_peer_that_was_gone_for_a_while_gets_large_packets_again() {
    let mut trace = Trace::measured(NARROW);
    trace.push(20_000);
    trace.sent();
    while trace.timeout() != [(1000, 1300)] {}
    assert_eq!((swallow(&mut trace, 1000, 21_000), trace.sender.mss()), (1, 1000));
}

#[test]
fn a_large_packet_that_arrives_at_all_clears_the_path() {
    let mut trace = Trace::measured(NARROW);
    trace.push(9000);
    trace.sent();
    while trace.timeout() != [(1000, 1500)] {}
    trace.ack(1000, &[(2000, 3000)]);
    assert_eq!(trace.sender.mss(), 1000, "it is the packets that are lost");
}

#[test]
fn every_path_that_carries_the_least_carries_all() {
    for carried_bytes in [300, 301, 499, 500, 700, 999] {
        let mut trace = Trace::measured(NARROW);
        trace.push(100_000);
        let timeouts = swallow(&mut trace, carried_bytes, 101_000);
        assert!(timeouts <= 8, "{carried_bytes}: {timeouts}, {}", trace.sender.mss());
    }
}
