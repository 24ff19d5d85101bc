//! The round trip: smoothed, its variation, its minimum, and the timeout that follows
//! (RFC 6298; clock of timestamps: RFC 7323 §5.4).
//!
//! The timeout is never less than 200 ms above the round trip, rather than the second that
//! RFC 6298 §2.4 advises: as other kernels have it, and beyond the longest delayed acknowledgement.

use abi::Instant;
use core::time::Duration;

/// By how much the timeout exceeds the round trip at least.
pub const MARGIN_MIN: Duration = Duration::from_millis(200);

/// The longest timeout, however often it was doubled.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// The timeout before the first measurement (RFC 6298 §2.1).
const TIMEOUT_FIRST: Duration = Duration::from_secs(1);

/// The same if the SYN was repeated: the path may be that slow (RFC 6298 §5.7).
const TIMEOUT_AFTER_REPEATED_SYN: Duration = Duration::from_secs(3);

/// For how long a minimum counts: paths change.
const MINIMUM_KEPT: Duration = Duration::from_secs(300);

/// The clock that timestamps tell, in milliseconds.
pub const fn timestamp_ms(now: Instant) -> u32 {
    (now.0 / 1_000_000) as u32
}

/// What is known of the round trip of one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundTrip {
    /// What is waited for before the first measurement.
    first: Duration,
    smoothed: Option<Duration>,
    variation: Duration,
    minimum: Option<(Duration, Instant)>,
    doublings: u32,
}

impl RoundTrip {
    /// Of a connection whose SYN was sent once, or more often.
    pub const fn new(is_repeated: bool) -> Self {
        let first = if is_repeated { TIMEOUT_AFTER_REPEATED_SYN } else { TIMEOUT_FIRST };
        Self { first, smoothed: None, variation: Duration::ZERO, minimum: None, doublings: 0 }
    }

    /// The smoothed round trip, once measured.
    pub const fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The least of the last minutes, once measured.
    pub fn minimum(&self) -> Option<Duration> {
        self.minimum.map(|(minimum, _)| minimum)
    }

    /// Takes one measurement in: with all that an acknowledgement may have waited for.
    pub fn measured(&mut self, sample: Duration) {
        let Some(smoothed) = self.smoothed else {
            self.smoothed = Some(sample);
            self.variation = sample / 2;
            return;
        };
        self.variation = (self.variation * 3 + smoothed.abs_diff(sample)) / 4;
        self.smoothed = Some((smoothed * 7 + sample) / 8);
    }

    /// Takes in what the path itself took, at most.
    pub fn measured_path(&mut self, sample: Duration, now: Instant) {
        match self.minimum {
            Some((minimum, at)) if minimum < sample && now.since(at) < MINIMUM_KEPT => {}
            _ => self.minimum = Some((sample, now)),
        }
    }

    /// How long to wait for an acknowledgement.
    pub fn timeout(&self) -> Duration {
        let base = match self.smoothed {
            Some(smoothed) => smoothed + MARGIN_MIN.max(self.variation * 4),
            None => self.first,
        };
        base.saturating_mul(1 << self.doublings.min(16)).min(TIMEOUT_MAX)
    }

    /// The timeout passed: the next one is twice as long (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        self.doublings = self.doublings.saturating_add(1);
    }

    /// Something new was acknowledged.
    pub fn answered(&mut self) {
        self.doublings = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_first_measurement_sets_all() {
        let mut trip = RoundTrip::new(false);
        assert_eq!(trip.timeout(), Duration::from_secs(1));
        trip.measured(ms(100));
        assert_eq!((trip.smoothed(), trip.timeout()), (Some(ms(100)), ms(300)));
        trip.measured(ms(500));
        assert_eq!(
            (trip.smoothed(), trip.timeout()),
            (Some(ms(150)), ms(150) + ms(137) * 4 + ms(2))
        );
    }

    #[test]
    fn the_timeout_doubles_up_to_its_bound_and_comes_back() {
        let mut trip = RoundTrip::new(false);
        trip.measured(ms(8));
        let timeouts: [Duration; 4] = core::array::from_fn(|_| {
            trip.back_off();
            trip.timeout()
        });
        assert_eq!(timeouts, [ms(416), ms(832), ms(1664), ms(3328)]);
        (0..100).for_each(|_| trip.back_off());
        assert_eq!(trip.timeout(), TIMEOUT_MAX);
        trip.answered();
        assert_eq!(trip.timeout(), ms(208));
    }

    #[test]
    fn a_minimum_ages() {
        let mut trip = RoundTrip::new(false);
        trip.measured_path(ms(1), Instant(0));
        trip.measured_path(ms(9), Instant(0) + ms(299_000));
        assert_eq!(trip.minimum(), Some(ms(1)));
        trip.measured_path(ms(9), Instant(0) + ms(300_000));
        assert_eq!(trip.minimum(), Some(ms(9)));
    }
}
