//! A large window and a peer that means ill: little work per packet, little memory.

use super::{SETTINGS, SenderSettings, Trace, ms};

const WINDOW: u32 = 4 << 20;

/// With 4 MiB on their way.
fn full() -> Trace {
    let settings = SenderSettings { window_bytes: 1 << 30, ..SETTINGS };
    let mut trace = Trace::measured(settings);
    while trace.sender.in_flight_bytes() < u64::from(WINDOW) {
        if trace.sender.unsent_bytes() < u64::from(2 * WINDOW) {
            trace.push(2 * WINDOW as usize);
        }
        trace.wait(10);
        let sent = trace.sent();
        if trace.sender.in_flight_bytes() < u64::from(WINDOW) {
            sent.iter().for_each(|(_, end)| {
                trace.ack(*end, &[]);
            });
        }
    }
    trace
}

/// Each would look at four thousand packets, were it not for the order they are kept in.
#[test]
fn ten_thousand_acknowledgements_of_single_packets() {
    let mut trace = full();
    let first = trace.sender.acknowledged_seq().0.wrapping_sub(super::FIRST.0);
    trace.now = trace.now + ms(1);
    for round in 0..10_000_u32 {
        let at = first + 2000 * (round * 7919 % 2000) + 1000;
        trace.ack(first, &[(at, at + 1000), (at + 4000, at + 4001), (first + 1000, first + 2000)]);
        trace.sent();
    }
    let outstanding = trace.sender.next_seq().0.wrapping_sub(super::FIRST.0) - first;
    assert!(trace.sender.in_flight_bytes() <= u64::from(outstanding));
    trace.ack(first + outstanding, &[]);
    assert_eq!(trace.sender.in_flight_bytes(), 0);
}

#[test]
fn every_byte_acknowledged_by_itself() {
    let mut trace = full();
    let first = trace.sender.acknowledged_seq().0.wrapping_sub(super::FIRST.0);
    let in_flight = trace.sender.in_flight_bytes();
    (0..10_000).for_each(|at| {
        trace.ack(first + at, &[(first + at + 1, first + at + 2)]);
    });
    assert!(trace.sender.in_flight_bytes() <= in_flight);
}

#[test]
fn offsets_go_on_where_numbers_go_round() {
    let mut sender = Trace::new(SETTINGS).sender;
    for acknowledged in [0, 2500, 2501, (1 << 32) - 1, 5 << 32, (1 << 40) + 7] {
        sender.acknowledged = acknowledged;
        for offset in [acknowledged, acknowledged + (1 << 30), acknowledged.saturating_sub(1 << 30)]
        {
            assert_eq!(sender.offset(sender.seq(offset)), Some(offset));
        }
    }
}

#[test]
fn an_idle_sender_is_small() {
    assert!(
        size_of::<crate::tcp::send::Sender>() <= 800,
        "{}",
        size_of::<crate::tcp::send::Sender>()
    );
}
