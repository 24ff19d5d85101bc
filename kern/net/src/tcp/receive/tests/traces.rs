//! Scenarios of the RFCs.

use super::*;
use crate::tcp::limits::{DELAYED_ACK, QUICK_ACKS, RECEIVE_INITIAL_BYTES, RECEIVE_MAX_BYTES};
use alloc::vec;

/// A bench whose peer is past its slow start.
fn warm() -> (Bench, u32) {
    let mut bench = Bench::new();
    let bytes = u32::from(QUICK_ACKS) * u32::from(MSS);
    for position in (0..bytes).step_by(usize::from(MSS)) {
        bench.send(position, u32::from(MSS));
        assert!(bench.acknowledgement().is_some(), "a slow start is not held up");
    }
    (bench, bytes)
}

#[test]
fn every_second_full_segment_is_acknowledged_at_once() {
    let (mut bench, start) = warm();
    bench.send(start, 1000);
    assert_eq!(bench.acknowledgement(), None);
    bench.send(start + 1000, 1000);
    assert_eq!(bench.acknowledgement().unwrap().0, start + 2000);
    assert_eq!(bench.receiver.deadline(), None);
}

#[test]
fn a_gathered_segment_counts_as_those_that_it_was() {
    let gathered = u32::from(QUICK_ACKS) * u32::from(MSS);
    let mut bench = Bench::new();
    bench.send(0, gathered / 2);
    assert!(bench.receiver.must_tell(bench.now), "half of a slow start");
    bench.send(gathered / 2, gathered / 2);
    assert!(bench.receiver.is_due(bench.now) && !bench.receiver.must_tell(bench.now));
    bench.send(2 * gathered, gathered);
    bench.send(gathered, gathered);
    assert_eq!(bench.acknowledgement().unwrap().0, 3 * gathered);
    bench.send(3 * gathered, u32::from(MSS));
    assert!(bench.receiver.must_tell(bench.now), "what fills a gap is not the first after it");
}

#[test]
fn a_small_segment_is_acknowledged_after_a_while() {
    let (mut bench, start) = warm();
    bench.send(start, 100);
    assert_eq!(bench.receiver.deadline(), Some(bench.now + DELAYED_ACK));
    bench.now = bench.now + DELAYED_ACK;
    assert_eq!(bench.acknowledgement().unwrap().0, start + 100);
}

#[test]
fn blocks_tell_of_what_arrived_last_first() {
    // RFC 2018 §4 and its example 3: every second segment is lost, the last arrive first.
    let mut bench = Bench::new();
    bench.send(2000, 1000);
    assert_eq!(bench.blocks(), [(2000, 3000)]);
    bench.send(4000, 1000);
    assert_eq!(bench.blocks(), [(4000, 5000), (2000, 3000)]);
    bench.send(6000, 1000);
    assert_eq!(bench.blocks(), [(6000, 7000), (4000, 5000), (2000, 3000)]);
    bench.send(3000, 1000);
    assert_eq!(bench.blocks(), [(2000, 5000), (6000, 7000)]);
    bench.send(0, 2000);
    assert_eq!(bench.acknowledgement().map(|ack| (ack.0, ack.1)), Some((5000, vec![(6000, 7000)])));
    bench.send(5000, 1000);
    assert_eq!(bench.acknowledgement().map(|ack| (ack.0, ack.1)), Some((7000, vec![])));
    assert_eq!((bench.received, bench.receiver.store), (stream(0, 7000), None));
}

#[test]
fn repeated_bytes_are_told_once() {
    // RFC 2883 §4.1 (of data acknowledged), §4.2.1 (of data out of order).
    let mut bench = Bench::new();
    bench.send(0, 1000);
    bench.acknowledgement();
    bench.send(0, 1000);
    assert_eq!(bench.blocks(), [(0, 1000)]);
    bench.send(2000, 1000);
    assert_eq!(bench.blocks(), [(2000, 3000)]);
    bench.send(3000, 1000);
    bench.acknowledgement();
    bench.send(2000, 1000);
    assert_eq!(bench.blocks(), [(2000, 3000), (2000, 4000)]);
    bench.send(500, 1000);
    assert_eq!(bench.blocks(), [(500, 1000), (2000, 4000)]);
}

#[test]
fn who_does_not_understand_blocks_gets_none() {
    let mut bench = Bench::new();
    bench.receiver.settings.sack = false;
    bench.send(2000, 1000);
    bench.send(2000, 1000);
    assert_eq!(bench.blocks(), []);
}

#[test]
fn a_whole_window_out_of_order_is_kept() {
    let mut bench = Bench::new();
    for position in (2000..65_000).step_by(2000).chain((1000..65_000).step_by(2000)) {
        bench.send(position, 1000);
    }
    assert_eq!(bench.send(0, 1000), Arrival { bytes: 65_000, fin: false });
    assert_eq!(bench.received, stream(0, 65_000));
}

#[test]
fn a_paused_stream_holds_what_was_promised_and_then_closes_its_window() {
    let mut bench = Bench::new();
    bench.pause(true);
    let mut position = 0;
    loop {
        bench.send(position, 1000);
        position += 1000;
        if bench.acknowledgement().is_some_and(|ack| ack.2 < 1000) {
            break;
        }
    }
    assert!(bench.received.is_empty());
    assert!(bench.receiver.kept_bytes() <= RECEIVE_INITIAL_BYTES + 128);
    bench.pause(false);
    let (next, _, window) = bench.acknowledgement().expect("an open window is told at once");
    assert!(window >= RECEIVE_INITIAL_BYTES - 128);
    assert_eq!(bench.received, stream(0, next));
    assert_eq!(bench.receiver.kept_bytes(), 0);
}

#[test]
fn a_window_does_not_open_by_silly_steps() {
    let mut bench = Bench::new();
    bench.pause(true);
    bench.send(0, 65_535);
    bench.acknowledgement();
    let window = &bench.receiver.window;
    assert_eq!(window.growth_bytes(bench.receiver.next, 65_000, MSS), 0);
    assert_eq!(window.growth_bytes(bench.receiver.next, 64_000, MSS), 1536);
}

#[test]
fn a_window_grows_with_what_arrives_in_a_round_trip() {
    let mut bench = Bench::new();
    bench.receiver.round_trip(Duration::from_millis(10));
    let mut position = 0;
    for round in 0..14 {
        bench.now = at(round * 10);
        let end = bench.receiver.window.edge();
        while (FIRST + position + 1000).is_at_most(end) {
            bench.send(position, 1000);
            position += 1000;
            bench.acknowledgement();
        }
    }
    assert_eq!(bench.receiver.window.capacity_bytes(), RECEIVE_MAX_BYTES);
    let mut slow = Bench::new();
    slow.receiver.round_trip(Duration::from_millis(10));
    for round in 0..100 {
        slow.now = at(round * 10);
        slow.send(round as u32 * 1000, 1000);
        slow.acknowledgement();
    }
    assert_eq!(slow.receiver.window.capacity_bytes(), RECEIVE_INITIAL_BYTES);
}

#[test]
fn an_end_waits_for_what_is_before_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.send_with(1000, 500, true), Arrival::default());
    assert_eq!(bench.send(0, 1000), Arrival { bytes: 1500, fin: true });
    assert_eq!(bench.acknowledgement().unwrap().0, 1501);
    assert_eq!(bench.send_with(1000, 500, true), Arrival::default());
    assert_eq!(bench.send(1501, 500), Arrival::default());
    assert_eq!(bench.received, stream(0, 1500));
}

#[test]
fn nothing_is_taken_from_behind_the_end() {
    let mut bench = Bench::new();
    bench.send(800, 1000);
    assert_eq!(bench.send_with(500, 500, true), Arrival::default());
    assert_eq!(bench.send(0, 500), Arrival { bytes: 1000, fin: true });
    assert_eq!(bench.received, stream(0, 1000));
}

#[test]
fn timestamps_are_echoed_and_tell_leftovers() {
    let timestamp = Some(u32::MAX - 5);
    let settings = ReceiverSettings { timestamp, ..settings() };
    let mut receiver = Receiver::new(FIRST, settings, at(0));
    receiver.note_timestamp(10, FIRST, at(1));
    assert_eq!(receiver.timestamp_to_echo(), Some(10));
    assert!(receiver.is_leftover(u32::MAX - 5, at(2)));
    assert!(!receiver.is_leftover(10, at(2)));
    receiver.note_timestamp(20, FIRST + 5, at(3));
    assert_eq!(receiver.timestamp_to_echo(), Some(10), "only what was acknowledged last counts");
    receiver.note_timestamp(5, FIRST, at(3));
    assert_eq!(receiver.timestamp_to_echo(), Some(10));
    let later = at(25 * 24 * 3600 * 1000);
    assert!(!receiver.is_leftover(5, later), "a clock that went round is believed again");
    receiver.note_timestamp(5, FIRST, later);
    assert_eq!(receiver.timestamp_to_echo(), Some(5));
}

#[test]
fn acceptable_is_what_touches_the_window() {
    let bench = Bench::new();
    let receiver = &bench.receiver;
    assert!(receiver.is_acceptable(FIRST, 0) && receiver.is_acceptable(FIRST + 65_534, 1));
    assert!(!receiver.is_acceptable(FIRST - 1, 0) && !receiver.is_acceptable(FIRST - 10, 10));
    assert!(receiver.is_acceptable(FIRST - 10, 11));
    assert!(!receiver.is_acceptable(FIRST + 65_535, 1));
}

#[test]
fn an_idle_receiver_owns_no_memory_elsewhere() {
    let (bench, _) = warm();
    assert!(bench.receiver.store.is_none() && bench.receiver.held.capacity() == 0);
    assert!(size_of::<Receiver>() <= 256);
    assert_eq!(SACK_BLOCKS_MAX, 4);
}
