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
