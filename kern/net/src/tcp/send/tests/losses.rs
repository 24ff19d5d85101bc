//! What is lost is sent again soon, and nothing else is.

use super::{SETTINGS, SenderSettings, Trace, packets};

#[test]
fn one_packet_of_many() {
    let mut trace = Trace::new(SETTINGS);
    trace.push(20_000);
    assert_eq!(trace.sent(), packets(0, 10_000));
    trace.wait(10);
    // Each packet that arrived lets a new one go: limited transmit (RFC 3042).
    trace.ack(0, &[(1000, 2000)]);
    assert_eq!((trace.sent(), trace.deadline_ms()), (packets(10_000, 11_000), Some(2)));
    trace.ack(0, &[(1000, 3000)]);
    assert_eq!(trace.sent(), packets(11_000, 12_000));
    trace.ack(0, &[(1000, 4000)]);
    assert_eq!(trace.sent(), packets(0, 1000));
    for at in 5..=10 {
        trace.ack(0, &[(1000, at * 1000)]);
        assert!(trace.sent().iter().all(|(start, _)| *start >= 12_000));
    }
    let progress = trace.ack(12_000, &[]);
    assert_eq!((progress.bytes, trace.window_packets()), (12_000, 7));
}

#[test]
fn many_of_a_window_within_one_recovery() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(10_000);
    assert_eq!(trace.sent(), packets(1000, 11_000));
    trace.wait(10);
    // 1, 3, 5 and 7 are lost; proportional reduction spreads the rest.
    trace.ack(1000, &[(8000, 11_000), (6000, 7000), (4000, 5000), (2000, 3000)]);
    let mut again = trace.sent();
    for (ack, held) in [(3000, 2000), (5000, 4000), (7000, 6000)] {
        trace.wait(10);
        let held =
            [(8000, 11_000), (6000, 7000), (4000, 5000)].map(|block| (block.0.max(held), block.1));
        trace.ack(ack, &held);
        again.extend(trace.sent());
    }
    assert_eq!(again, [(1000, 2000), (3000, 4000), (5000, 6000), (7000, 8000)]);
    trace.ack(11_000, &[]);
    assert_eq!((trace.sender.in_flight_bytes(), trace.window_packets()), (0, 7));
    assert_eq!(trace.sender.deadline(), None);
}

#[test]
fn the_last_two_are_found_by_a_probe() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(3000);
    assert_eq!(trace.sent(), packets(1000, 4000));
    trace.wait(10);
    trace.ack(2000, &[]);
    assert_eq!(trace.deadline_ms(), Some(22));
    assert_eq!(trace.timeout(), [(3000, 4000)]);
    trace.wait(10);
    trace.ack(2000, &[(3000, 4000)]);
    assert_eq!(trace.sent(), [(2000, 3000)]);
    trace.wait(10);
    trace.ack(4000, &[]);
    assert_eq!((trace.sender.in_flight_bytes(), trace.sender.deadline()), (0, None));
}

#[test]
fn a_probe_that_made_up_for_a_loss_is_a_loss() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(2000);
    trace.sent();
    assert_eq!(trace.timeout(), [(2000, 3000)]);
    trace.wait(10);
    trace.ack(3000, &[]);
    assert_eq!(trace.window_packets(), 10);
    trace.push(1000);
    trace.sent();
    trace.wait(10);
    trace.ack(4000, &[]);
    assert_eq!(trace.window_packets(), 7);
}

#[test]
fn a_probe_that_both_arrive_of_is_none() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(2000);
    trace.sent();
    assert_eq!(trace.timeout(), [(2000, 3000)]);
    trace.ack(3000, &[]);
    trace.ack(3000, &[(2000, 3000)]);
    trace.push(1000);
    trace.sent();
    trace.ack(4000, &[]);
    assert_eq!(trace.window_packets(), 10);
}

#[test]
fn what_was_sent_again_and_lost_again_is_sent_again() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(30_000);
    assert_eq!(trace.sent(), packets(1000, 11_000));
    trace.wait(10);
    trace.ack(1000, &[(2000, 5000)]);
    assert_eq!(trace.sent()[0], (1000, 2000));
    trace.wait(1);
    trace.ack(1000, &[(2000, 11_000)]);
    let new = trace.sent();
    assert!(!new.is_empty() && new.iter().all(|(start, _)| *start >= 11_000));
    trace.wait(10);
    // What left after it has arrived; it has not.
    trace.ack(1000, &[(2000, 12_000)]);
    let again = trace.sent();
    let again = if again.is_empty() { trace.timeout() } else { again };
    assert_eq!(again[0], (1000, 2000));
}

#[test]
fn without_sack_the_third_duplicate_tells() {
    let mut trace = Trace::measured(SenderSettings { sack: false, ..SETTINGS });
    trace.push(20_000);
    assert_eq!(trace.sent(), packets(1000, 11_000));
    assert!(trace.ack(1000, &[]).is_duplicate);
    trace.ack(1000, &[]);
    trace.ack(1000, &[]);
    assert!(trace.sent().contains(&(1000, 2000)));
    // A part is acknowledged: the next hole.
    trace.ack(5000, &[]);
    assert_eq!(trace.sent()[0], (5000, 6000));
    let end = trace.sender.next_seq().0.wrapping_sub(super::FIRST.0);
    trace.ack(end, &[]);
    assert_eq!((trace.sender.in_flight_bytes(), trace.window_packets()), (0, 7));
}

#[test]
fn all_is_lost_and_comes_again_slowly() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(5000);
    assert_eq!(trace.sent(), packets(1000, 6000));
    assert_eq!((trace.deadline_ms(), trace.timeout()), (Some(22), packets(5000, 6000)));
    assert_eq!((trace.deadline_ms(), trace.timeout()), (Some(210), packets(1000, 2000)));
    assert_eq!((trace.deadline_ms(), trace.timeout()), (Some(420), packets(1000, 2000)));
    trace.wait(10);
    trace.ack(2000, &[]);
    assert_eq!(trace.sent(), packets(2000, 4000));
    trace.wait(10);
    trace.ack(4000, &[]);
    assert_eq!(trace.sent(), packets(4000, 6000));
    trace.wait(10);
    trace.ack(6000, &[]);
    assert_eq!((trace.sender.in_flight_bytes(), trace.sender.deadline()), (0, None));
}

#[test]
fn a_peer_that_breaks_its_word_gets_all_again() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(4000);
    trace.sent();
    trace.wait(10);
    trace.ack(1000, &[(1000, 3000)]);
    trace.ack(1000, &[(2000, 5000)]);
    assert_eq!(trace.timeout(), packets(1000, 2000));
    trace.ack(2000, &[]);
    assert_eq!(trace.sent(), packets(2000, 4000));
    trace.ack(4000, &[]);
    assert_eq!(trace.sent(), packets(4000, 5000));
}

#[test]
fn a_smaller_path_gets_smaller_packets_and_no_blame() {
    let mut trace = Trace::measured(SETTINGS);
    trace.push(4000);
    assert_eq!(trace.sent(), packets(1000, 5000));
    trace.sender.set_mss(600);
    let chunk = trace.sender.next(trace.now, 600).expect("sent again");
    assert_eq!((chunk.bytes, chunk.seq), (600, super::FIRST + 1000));
    assert_eq!(trace.sent().len(), 7);
    trace.ack(5000, &[]);
    assert_eq!(trace.window_packets(), 10);
}

#[test]
fn after_a_repeated_syn_it_begins_with_one_packet_and_three_seconds() {
    // RFC 5681 §3.1 and RFC 6298 §5.7.
    let settings = SenderSettings { is_repeated: true, ..SETTINGS };
    let mut trace = Trace::new(settings);
    trace.push(20_000);
    assert_eq!((trace.sent(), trace.deadline_ms()), (packets(0, 1000), Some(3000)));
    trace.wait(2500);
    trace.ack(1000, &[]);
    assert_eq!(trace.sent(), packets(1000, 3000), "slow start");
    let mut lossy = Trace::new(settings);
    lossy.push(1000);
    lossy.sent();
    assert_eq!((lossy.timeout(), lossy.deadline_ms()), (packets(0, 1000), Some(3000)));
}
