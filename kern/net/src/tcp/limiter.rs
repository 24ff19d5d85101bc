//! So many a second, and no more at once.

use abi::Instant;

const SECOND: u64 = 1_000_000_000;

/// A bucket of permissions, which fills as time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limiter {
    per_second: u32,
    /// When the bucket would have been empty, had it been filling ever since.
    empty_at: Instant,
}

impl Limiter {
    /// A full one.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1), empty_at: Instant(0) }
    }

    /// Takes a permission, if there is one.
    pub fn allows(&mut self, now: Instant) -> bool {
        let step = SECOND / u64::from(self.per_second);
        let empty_at = self.empty_at.0.max(now.0.saturating_sub(step * u64::from(self.per_second)));
        let is_allowed = empty_at.saturating_add(step) <= now.0;
        if is_allowed {
            self.empty_at = Instant(empty_at + step);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_allows_so_many_a_second() {
        let mut limiter = Limiter::new(10);
        let allowed = |limiter: &mut Limiter, at: u64| {
            (0..100).filter(|_| limiter.allows(Instant(at * SECOND / 10))).count()
        };
        assert_eq!(allowed(&mut limiter, 1000), 10);
        assert_eq!(allowed(&mut limiter, 1000), 0);
        assert_eq!(allowed(&mut limiter, 1003), 3);
        assert_eq!(allowed(&mut limiter, 9000), 10);
    }
}
