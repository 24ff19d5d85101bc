//! So many a second, and no more at once.

use abi::Instant;

const SECOND: u64 = 1_000_000_000;

/// A bucket of permissions, which holds a second's and fills as time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limiter {
    /// How long one permission takes to come, in nanoseconds.
    step: u64,
    /// When the bucket is full again, if nobody takes any.
    full_at: Instant,
}

impl Limiter {
    /// A full one.
    pub fn new(per_second: u32) -> Self {
        Self { step: SECOND / u64::from(per_second.max(1)), full_at: Instant(0) }
    }

    /// Takes a permission, if there is one.
    pub fn allows(&mut self, now: Instant) -> bool {
        let full_at = Instant(self.full_at.max(now).0.saturating_add(self.step));
        let is_allowed = full_at.0 <= now.0.saturating_add(SECOND);
        if is_allowed {
            self.full_at = full_at;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_a_second_of_them_and_then_their_rate() {
        for start in [0, 50 * SECOND] {
            let mut limiter = Limiter::new(100);
            let allowed = |limiter: &mut Limiter, at: u64| {
                (0..1000).filter(|_| limiter.allows(Instant(at))).count()
            };
            assert_eq!(allowed(&mut limiter, start), 100);
            assert_eq!(allowed(&mut limiter, start), 0);
            assert_eq!(allowed(&mut limiter, start + SECOND / 2), 50);
            assert_eq!(allowed(&mut limiter, start), 0, "time that goes back");
            assert_eq!(allowed(&mut limiter, start + 9 * SECOND), 100);
            assert!(limiter.allows(Instant(u64::MAX)));
        }
    }
}
