//! How long to wait before the next attempt.

use std::time::Duration;

/// After the first failure.
const WAIT_LEAST: Duration = Duration::from_secs(1);

/// After many.
const WAIT_MOST: Duration = Duration::from_secs(300);

/// Doublings after which it is the most in any case.
const DOUBLINGS_MAX: u32 = 9;

/// Waits that double from attempt to attempt. Luck spreads them by a fifth, so that services that
/// failed together are not tried together.
pub(super) struct Patience(fastrand::Rng);

impl Patience {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// The wait after so many failures in a row.
    pub(super) fn after(&mut self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
        let wait = (WAIT_LEAST * (1 << doublings)).min(WAIT_MOST);
        let fifth = wait / 5;
        let spread = Duration::from_nanos(self.0.u64(0..=2 * fifth.as_nanos() as u64));
        (wait - fifth + spread).clamp(WAIT_LEAST, WAIT_MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let mut patience = Patience::new(1);
        for failures in 1..40 {
            let middle = (1 << (failures - 1).min(9)).min(300);
            let wait = patience.after(failures);
            let fifth = Duration::from_secs(middle) / 5;
            assert!(wait >= WAIT_LEAST && wait <= WAIT_MOST);
            assert!(wait.abs_diff(Duration::from_secs(middle)) <= fifth, "{failures}: {wait:?}");
        }
    }

    #[test]
    fn those_who_failed_together_are_not_tried_together() {
        let mut patience = Patience::new(2);
        let waits: std::collections::BTreeSet<_> = (0..100).map(|_| patience.after(4)).collect();
        assert!(waits.len() > 90);
    }
}
