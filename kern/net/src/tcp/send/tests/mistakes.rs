//! What was not lost after all: late packets, packets out of order, and nonsense.

use super::{FIRST, SETTINGS, SenderSettings, Trace, packets};
use crate::tcp::send::timestamp_ms;

const TIMED: SenderSettings = SenderSettings { timestamps: true, ..SETTINGS };

#[test]
fn a_mistaken_timeout_is_taken_back_by_timestamps() {
    let mut trace = Trace::measured(TIMED);
    trace.push(5000);
    let original = timestamp_ms(trace.now);
    assert_eq!(trace.sent(), packets(1000, 6000));
    trace.timeout();
    assert_eq!(trace.timeout(), [(1000, 2000)]);
    assert_eq!(trace.window_packets(), 1);
    trace.echo = Some(original);
    trace.ack(2000, &[]);
    assert_eq!(trace.window_packets(), 10);
    assert_eq!(trace.sent(), []);
    trace.ack(6000, &[]);
    assert_eq!(trace.sender.in_flight_bytes(), 0);
}

#[test]
fn a_true_one_is_not() {
    let mut trace = Trace::measured(TIMED);
    trace.push(5000);
    trace.sent();
    trace.timeout();
    assert_eq!(trace.timeout(), [(1000, 2000)]);
    trace.echo = Some(timestamp_ms(trace.now));
    trace.wait(10);
    trace.ack(2000, &[]);
    assert_eq!(trace.sent(), packets(2000, 4000));
}

#[test]
fn without_timestamps_the_first_to_arrive_tells() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(5000);
    trace.sent();
    trace.timeout();
    assert_eq!(trace.timeout(), [(1000, 2000)]);
    trace.ack(3000, &[]);
    assert_eq!((trace.window_packets(), trace.sent()), (10, [].to_vec()));
}

#[test]
fn without_sack_it_does_not() {
    let mut trace = Trace::measured(SenderSettings { sack: false, ..SETTINGS });
    trace.push(5000);
    trace.sent();
    assert_eq!(trace.timeout(), [(1000, 2000)]);
    trace.ack(6000, &[]);
    assert!(trace.window_packets() < 10);
}

#[test]
fn packets_that_overtake_each_other_are_not_lost() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(10_000);
    trace.sent();
    trace.wait(10);
    trace.ack(1000, &[(2000, 4000)]);
    trace.wait(1);
    trace.ack(4000, &[]);
    assert_eq!((trace.sent(), trace.window_packets()), ([].to_vec(), 10));
    // From now on even many held packets are no proof by themselves.
    trace.ack(4000, &[(5000, 11_000)]);
    assert_eq!(trace.sent(), []);
    trace.ack(11_000, &[]);
    assert_eq!(trace.sender.deadline(), None);
}

#[test]
fn a_mistaken_recovery_is_taken_back_by_duplicates() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(10_000);
    trace.sent();
    trace.wait(10);
    trace.ack(1000, &[(3000, 11_000)]);
    assert_eq!(trace.sent(), packets(1000, 3000));
    trace.wait(1);
    trace.ack(11_000, &[]);
    assert_eq!(trace.window_packets(), 7);
    trace.ack(11_000, &[(1000, 2000)]);
    assert_eq!(trace.window_packets(), 7);
    trace.ack(11_000, &[(2000, 3000)]);
    assert_eq!(trace.window_packets(), 10);
}

#[test]
fn duplicates_make_for_patience() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(10_000);
    trace.sent();
    trace.wait(10);
    trace.ack(1000, &[(2000, 11_000)]);
    assert_eq!(trace.sent(), packets(1000, 2000));
    trace.ack(11_000, &[]);
    trace.ack(11_000, &[(1000, 2000)]);
    trace.push(10_000);
    trace.sent();
    trace.wait(10);
    // Two quarters of the least round trip.
    trace.ack(11_000, &[(12_000, 21_000)]);
    assert_eq!((trace.sent(), trace.deadline_ms()), ([].to_vec(), Some(5)));
    assert_eq!(trace.timeout(), packets(11_000, 12_000));
}

#[test]
fn what_was_never_sent_is_not_acknowledged() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(5000);
    trace.sent();
    let before = trace.sender.clone();
    for at in [6001, 1 << 31, 0, u32::MAX] {
        assert_eq!(trace.ack(at, &[]).bytes, 0);
        assert_eq!(trace.sender, before);
    }
    assert_eq!(trace.sender.acknowledged_seq(), FIRST + 1000);
}

#[test]
fn blocks_of_nonsense_are_not_heeded() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(5000);
    trace.sent();
    let blocks = [(5000, 7000), (3000, 3000), (4000, 2000), (u32::MAX - 9000, 5000)];
    trace.ack(1000, &blocks);
    trace.ack(1000, &[(0, u32::MAX), (900, 1100), (1 << 30, 1 << 31)]);
    assert_eq!((trace.sender.in_flight_bytes(), trace.sent()), (5000, [].to_vec()));
    trace.ack(6000, &[(0, 1000)]);
    assert_eq!(trace.sender.in_flight_bytes(), 0);
}
