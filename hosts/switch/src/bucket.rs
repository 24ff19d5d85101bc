//! A token bucket: so many at once, so many a second.

use abi::Instant;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run. 0 is never.
    pub per_second: u32,
    /// At once, after a pause.
    pub burst: u32,
}

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// How much of a [`Rate`] is left, told by one moment: when it was, or would have been, empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    interval_nanoseconds: u64,
    depth_nanoseconds: u64,
    empty_at: u64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate) -> Self {
        let interval = SECOND / u64::from(rate.per_second).max(1);
        let burst = if rate.per_second == 0 { 0 } else { u64::from(rate.burst) };
        let depth_nanoseconds = interval * burst;
        Self { interval_nanoseconds: interval, depth_nanoseconds, empty_at: 0 }
    }

    /// Whether there is one left.
    pub(crate) fn has_one(&mut self, now: Instant) -> bool {
        self.empty_at = self.empty_at.max(now.0.saturating_sub(self.depth_nanoseconds));
        let after = self.empty_at.saturating_add(self.interval_nanoseconds);
        after <= now.0 && self.depth_nanoseconds > 0
    }

    /// Takes so many. What is not there is owed.
    pub(crate) fn take(&mut self, count: u64) {
        let taken = self.interval_nanoseconds.saturating_mul(count);
        self.empty_at = self.empty_at.saturating_add(taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut Bucket, tries: u32, now: u64) -> u32 {
        let mut take = || {
            let is_there = bucket.has_one(Instant(now));
            bucket.take(u64::from(is_there));
            u32::from(is_there)
        };
        (0..tries).map(|_| take()).sum()
    }

    #[test]
    fn so_many_at_once_and_so_many_a_second() {
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 4 });
        let start = 50 * SECOND;
        assert_eq!(taken(&mut bucket, 9, start), 4);
        assert_eq!(taken(&mut bucket, 9, start + SECOND / 10), 1);
        assert_eq!(taken(&mut bucket, 9, start + SECOND / 10 - 1), 0, "time that goes back");
        assert_eq!(taken(&mut bucket, 9, start + 100 * SECOND), 4);
        let later =
            (1..=1000).map(|step| taken(&mut bucket, 3, start + (100 + step) * SECOND / 10));
        assert!(later.sum::<u32>() <= 1000);
    }

    #[test]
    fn what_is_owed_is_waited_for() {
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 4 });
        let start = 50 * SECOND;
        assert!(bucket.has_one(Instant(start)));
        bucket.take(9);
        assert_eq!(taken(&mut bucket, 9, start + SECOND / 2), 0);
        assert_eq!(taken(&mut bucket, 9, start + SECOND * 6 / 10), 1);
        bucket.take(u64::MAX);
        assert_eq!(taken(&mut bucket, 9, start + 1000 * SECOND), 0);
    }

    #[test]
    fn never_is_never() {
        let mut bucket = Bucket::new(Rate { per_second: 0, burst: 10 });
        assert_eq!(taken(&mut bucket, 9, 50 * SECOND), 0);
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 0 });
        assert_eq!(taken(&mut bucket, 9, 50 * SECOND), 0);
    }
}
