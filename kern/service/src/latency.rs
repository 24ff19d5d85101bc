//! How long calls took, in buckets of powers of two.

/// Buckets: below 1 µs, below 2 µs, and so on to below 2²⁴ µs (16.8 s); and what took longer.
pub const LATENCY_BUCKETS: usize = 26;

/// How long the calls of one procedure took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Calls in each bucket: the first took less than 1 µs, number `n` from 2ⁿ⁻¹ to 2ⁿ µs, and the
    /// last longer than all of those.
    pub calls: [u64; LATENCY_BUCKETS],
    /// What all calls took together, in microseconds.
    pub total_microseconds: u64,
}

impl Latency {
    /// One more.
    pub(crate) fn add(&mut self, microseconds: u64) {
        let bits = (u64::BITS - microseconds.leading_zeros()) as usize;
        self.calls[bits.min(LATENCY_BUCKETS - 1)] += 1;
        self.total_microseconds = self.total_microseconds.saturating_add(microseconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_ends_at_a_power_of_two() {
        let bucket = |microseconds| {
            let mut latency = Latency::default();
            latency.add(microseconds);
            latency.calls.iter().position(|&calls| calls > 0)
        };
        let found = [0, 1, 2, 3, 4, 1023, 1024, (1 << 24) - 1, 1 << 24, u64::MAX].map(bucket);
        assert_eq!(found, [0, 1, 2, 2, 3, 10, 11, 24, 25, 25].map(Some));
    }
}
