//! Two clocks: one that only moves forward, one that people read.

use core::ops::Add;
use core::time::Duration;

/// A moment on the host's monotonic clock, in nanoseconds since an unspecified start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// Time passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanoseconds))
    }
}

/// Wall-clock time: seconds since 1970-01-01 00:00 UTC, before it if negative, and nanoseconds
/// below 10⁹ that always count forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds within the second, below 1,000,000,000.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The next moment this type can express.
    pub const fn next(self) -> Self {
        if self.nanoseconds < 999_999_999 {
            Self { seconds: self.seconds, nanoseconds: self.nanoseconds + 1 }
        } else {
            Self { seconds: self.seconds.saturating_add(1), nanoseconds: 0 }
        }
    }

    /// `self`, or the moment after `previous` if the clock has not passed it: change times that
    /// strictly increase let a client tell any two states of a file apart.
    pub fn after(self, previous: Self) -> Self {
        if self > previous { self } else { previous.next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_times_strictly_increase() {
        let moment = Timestamp { seconds: 7, nanoseconds: 999_999_999 };
        assert_eq!(moment.after(moment), Timestamp { seconds: 8, nanoseconds: 0 });
        let later = Timestamp { seconds: 9, nanoseconds: 1 };
        assert_eq!(later.after(moment), later);
    }

    #[test]
    fn instants_saturate() {
        assert_eq!(Instant(5).since(Instant(9)), Duration::ZERO);
        assert_eq!(Instant(5) + Duration::MAX, Instant(u64::MAX));
    }
}
