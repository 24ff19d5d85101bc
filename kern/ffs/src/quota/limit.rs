//! One count, with its limits.

use crate::layout::QuotaValue;
use abi::{Errno, Result};

impl QuotaValue {
    /// The count after a change at `now`, in seconds. Whoever comes over the soft limit may stay
    /// there until the grace has passed.
    ///
    /// # Errors
    /// `QuotaExceeded` if it grows beyond a limit, and these are to be enforced.
    pub(super) fn changed(self, change: i64, now: i64, is_limited: bool) -> Result<Self> {
        let used = self.used.saturating_add_signed(change);
        let mut changed = Self { used, ..self };
        if change <= 0 || used <= self.soft_limit && used <= self.hard_limit {
            return Ok(changed);
        }
        let was_over = self.used > self.soft_limit;
        let is_late = was_over && now > self.grace_end;
        if is_limited && (used > self.hard_limit || is_late) {
            return Err(Errno::QuotaExceeded);
        }
        if used > self.soft_limit && !was_over {
            changed.grace_end = now.saturating_add(self.grace_seconds);
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: QuotaValue =
        QuotaValue { hard_limit: 20, soft_limit: 10, used: 8, grace_end: 0, grace_seconds: 100 };

    fn used(value: QuotaValue, change: i64, now: i64) -> Result<(u64, i64)> {
        value.changed(change, now, true).map(|value| (value.used, value.grace_end))
    }

    #[test]
    fn limits_hold() {
        assert_eq!(used(VALUE, 2, 1000), Ok((10, 0)));
        assert_eq!(used(VALUE, 3, 1000), Ok((11, 1100)));
        assert_eq!(used(VALUE, 12, 1000), Ok((20, 1100)));
        assert_eq!(used(VALUE, 13, 1000), Err(Errno::QuotaExceeded));
    }

    #[test]
    fn grace_ends() {
        let over = QuotaValue { used: 11, grace_end: 1100, ..VALUE };
        assert_eq!(used(over, 1, 1100), Ok((12, 1100)));
        assert_eq!(used(over, 1, 1101), Err(Errno::QuotaExceeded));
        assert_eq!(used(over, -1, 1101), Ok((10, 1100)));
    }

    #[test]
    fn what_is_exempt_is_counted() {
        let value = VALUE.changed(100, 5, false).expect("no limit");
        assert_eq!((value.used, value.grace_end), (108, 105));
        assert_eq!(VALUE.changed(-100, 5, true).map(|value| value.used), Ok(0));
        let unlimited = QuotaValue { hard_limit: u64::MAX, soft_limit: u64::MAX, ..VALUE };
        assert_eq!(used(unlimited, i64::MAX, 5), Ok((8 + i64::MAX as u64, 0)));
    }
}
