//! The congestion window: slow start (RFC 9406), CUBIC (RFC 9438), what a loss, a timeout, a mark
//! (RFC 3168, RFC 8511) and an idle time (RFC 5681 §4.1) do to it, and how that is taken back.

use super::cubic::{Cubic, KEPT_TENTHS};
use super::slow_start::SlowStart;
use abi::Instant;
use core::time::Duration;

/// Packets that may be sent at first (RFC 6928).
const FIRST_PACKETS: u64 = 10;

/// Packets that may be sent at least, a timeout aside (RFC 9438 §4.6).
const LEAST_PACKETS: u64 = 2;

/// What one acknowledgement may add in slow start: what a receiver's card may have put together to
/// one. RFC 9406's eight packets would have every such acknowledgement count for a fifth.
const GROWTH_BYTES_MAX: u64 = 65536;

/// What stays of the window after a mark, in hundredths (RFC 8511 §3, for CUBIC).
const KEPT_AFTER_MARK_HUNDREDTHS: u64 = 85;

/// The window and how it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Congestion {
    mss: u64,
    window_bytes: u64,
    threshold_bytes: u64,
    cubic: Cubic,
    /// Of the first slow start only.
    start: Option<SlowStart>,
}

/// What an acknowledgement says to the window.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// Newly acknowledged in order.
    pub bytes: u64,
    /// Up to which offset.
    pub acknowledged: u64,
    /// The offset behind what was sent.
    pub next: u64,
    /// The round trip it measured.
    pub sample: Option<Duration>,
    /// The smoothed round trip.
    pub trip: Duration,
    /// The window was what held the sender back; if not, it says nothing about a larger one.
    pub limited: bool,
}

impl Congestion {
    /// A connection's first window; one packet, if its SYN was repeated (RFC 5681 §3.1).
    pub fn new(mss: u16, is_repeated: bool) -> Self {
        let mss = u64::from(mss);
        Self {
            mss,
            window_bytes: if is_repeated { mss } else { first_window(mss) },
            threshold_bytes: u64::MAX,
            cubic: Cubic::default(),
            start: Some(SlowStart::default()),
        }
    }

    /// Bytes that may be in flight.
    pub const fn window_bytes(&self) -> u64 {
        self.window_bytes
    }

    /// Where a recovery is to end.
    pub const fn threshold_bytes(&self) -> u64 {
        self.threshold_bytes
    }

    /// Packets have another size from now on. The window keeps its bytes.
    pub fn set_mss(&mut self, mss: u16) {
        self.mss = u64::from(mss);
        self.window_bytes = self.window_bytes.max(self.mss);
    }

    /// The window is what recovery says.
    pub fn set_window_bytes(&mut self, window_bytes: u64) {
        self.window_bytes = window_bytes.max(self.mss);
    }

    /// Something arrived in order, and no recovery from a loss is under way.
    pub fn acknowledged(&mut self, growth: Growth, now: Instant) {
        let slow = self.window_bytes < self.threshold_bytes;
        if slow {
            self.judge_slow_start(growth);
        }
        if !growth.limited {
            return;
        }
        if slow {
            let bytes = growth.bytes.min(GROWTH_BYTES_MAX);
            let bytes = self.start.as_ref().map_or(bytes, |start| start.growth(bytes));
            self.window_bytes = (self.window_bytes + bytes).min(1 << 30);
        } else {
            let (window, mss) = (self.window_bytes, self.mss);
            self.window_bytes = self.cubic.grown(window, growth.bytes, mss, growth.trip, now);
        }
    }

    fn judge_slow_start(&mut self, growth: Growth) {
        let Some(start) = &mut self.start else { return };
        if start.acknowledged(growth.acknowledged, growth.next, growth.sample) {
            self.start = None;
            self.threshold_bytes = self.window_bytes;
            self.cubic.restart();
        }
    }

    /// Something was lost: the threshold to which recovery leads the window.
    pub fn lost(&mut self) {
        self.reduce(KEPT_TENTHS * 10);
    }

    /// A timeout passed: start over with what little may be in flight (RFC 9438 §4.8).
    pub fn timed_out(&mut self, in_flight_bytes: u64) {
        self.lost();
        self.window_bytes = in_flight_bytes + self.mss;
    }

    /// A timeout passed again with nothing heard in between: the threshold stays.
    pub fn timed_out_again(&mut self, in_flight_bytes: u64) {
        self.window_bytes = in_flight_bytes + self.mss;
    }

    /// The peer saw a mark of a router.
    pub fn marked(&mut self) {
        self.reduce(KEPT_AFTER_MARK_HUNDREDTHS);
        self.window_bytes = self.threshold_bytes;
    }

    fn reduce(&mut self, hundredths: u64) {
        self.cubic.lost(self.window_bytes);
        let least = LEAST_PACKETS * self.mss;
        self.threshold_bytes = (self.window_bytes * hundredths / 100).max(least);
        self.start = None;
    }

    /// A recovery is over.
    pub fn recovered(&mut self) {
        self.window_bytes = self.threshold_bytes;
    }

    /// The reduction was a mistake: all is as it was `before` (RFC 9438 §4.9).
    pub fn undo(&mut self, before: &Self) {
        let window_bytes = self.window_bytes.max(before.window_bytes);
        let mss = self.mss;
        *self = Self { mss, window_bytes, ..before.clone() };
    }

    /// Nothing was sent for `time`: the path may have changed, the more the longer. The window halves
    /// with every `timeout`, down to the first one.
    pub fn idle(&mut self, time: Duration, timeout: Duration) {
        let halvings = time.as_nanos() / timeout.as_nanos().max(1);
        if halvings > 0 {
            let first = first_window(self.mss).min(self.window_bytes);
            self.threshold_bytes = self.threshold_bytes.max(self.window_bytes * 3 / 4);
            self.window_bytes = (self.window_bytes >> halvings.min(63)).max(first);
        }
        self.cubic.idle(time);
    }
}

fn first_window(mss: u64) -> u64 {
    (FIRST_PACKETS * mss).min(14600.max(2 * mss))
}

#[cfg(test)]
mod tests;
