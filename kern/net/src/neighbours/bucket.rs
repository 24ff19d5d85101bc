//! So many a second.

use abi::Instant;

/// A token bucket that holds a second's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    per_second: u32,
    /// Tokens, each [`SECOND_NS`] high.
    level: u64,
    filled: Instant,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Bucket {
    /// Full.
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, level: u64::from(per_second) * SECOND_NS, filled: Instant(0) }
    }

    /// Takes one. Says whether there was one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.0.saturating_sub(self.filled.0).min(SECOND_NS);
        let rate = u64::from(self.per_second);
        let level = (self.level + passed * rate).min(rate * SECOND_NS);
        self.filled = self.filled.max(now);
        self.level = level.checked_sub(SECOND_NS).unwrap_or(level);
        level >= SECOND_NS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_a_second_of_them_and_then_their_rate() {
        let mut bucket = Bucket::new(100);
        let start = 50 * SECOND_NS;
        let taken =
            |bucket: &mut Bucket, now| (0..1000).filter(|_| bucket.take(Instant(now))).count();
        assert_eq!(taken(&mut bucket, start), 100);
        assert_eq!(taken(&mut bucket, start), 0);
        assert_eq!(taken(&mut bucket, start + SECOND_NS / 2), 50);
        assert_eq!(taken(&mut bucket, start + 9 * SECOND_NS), 100);
    }
}
