//! The window after what may happen to it.

use super::*;

const MSS: u64 = 1000;

fn growth(bytes: u64) -> Growth {
    let trip = Duration::from_millis(10);
    Growth { bytes, acknowledged: 0, next: 1, sample: None, trip, limited: true }
}

#[test]
fn slow_start_doubles_and_a_loss_ends_it() {
    let mut congestion = Congestion::new(1000, false);
    assert_eq!(congestion.window_bytes(), 10_000);
    (0..10).for_each(|_| congestion.acknowledged(growth(MSS), Instant(0)));
    assert_eq!(congestion.window_bytes(), 20_000);
    congestion.lost();
    assert_eq!(congestion.threshold_bytes(), 14_000);
    congestion.recovered();
    (0..14).for_each(|_| congestion.acknowledged(growth(MSS), Instant(0)));
    assert!((14_400..16_000).contains(&congestion.window_bytes()), "{}", congestion.window_bytes());
}

#[test]
fn a_window_that_holds_nobody_back_does_not_grow() {
    let mut congestion = Congestion::new(1000, false);
    congestion.acknowledged(Growth { limited: false, ..growth(MSS) }, Instant(0));
    assert_eq!(congestion.window_bytes(), 10_000);
}

#[test]
fn a_mistaken_timeout_is_taken_back() {
    let mut congestion = Congestion::new(1000, false);
    let before = congestion.clone();
    congestion.timed_out(0);
    assert_eq!((congestion.window_bytes(), congestion.threshold_bytes()), (1000, 7000));
    congestion.undo(&before);
    assert_eq!(congestion, before);
}

#[test]
fn a_mark_costs_less_than_a_loss() {
    let mut congestion = Congestion::new(1000, false);
    congestion.marked();
    assert_eq!((congestion.window_bytes(), congestion.threshold_bytes()), (8500, 8500));
}

#[test]
fn an_idle_window_shrinks_to_the_first() {
    let mut congestion = Congestion::new(1000, false);
    (0..70).for_each(|_| congestion.acknowledged(growth(MSS), Instant(0)));
    let timeout = Duration::from_millis(200);
    congestion.idle(timeout / 2, timeout);
    assert_eq!(congestion.window_bytes(), 80_000);
    congestion.idle(timeout, timeout);
    assert_eq!(congestion.window_bytes(), 40_000);
    congestion.idle(timeout * 1000, timeout);
    assert_eq!(congestion.window_bytes(), 10_000);
}

#[test]
fn the_least_window_is_two_packets() {
    let mut congestion = Congestion::new(1000, false);
    (0..50).for_each(|_| {
        congestion.lost();
        congestion.recovered();
    });
    assert_eq!(congestion.window_bytes(), 2000);
}
