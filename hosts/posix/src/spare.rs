//! Memory that the C library keeps for later: given back when a worker has had nothing to do for a
//! while, so that a flood leaves no plateau behind.

use abi::Instant;
use std::time::Duration;

/// How long nothing has to happen.
const IDLE: Duration = Duration::from_secs(1);

/// When a worker did something, if memory was not given back since.
#[derive(Default)]
pub(crate) struct SpareMemory {
    busy_at: Option<Instant>,
}

impl SpareMemory {
    /// How long the worker waits, which has nothing to do for `timeout`.
    pub(crate) fn timeout(&self, timeout: Option<Duration>) -> Option<Duration> {
        if self.busy_at.is_none() {
            return timeout;
        }
        Some(timeout.map_or(IDLE, |timeout| timeout.min(IDLE)))
    }

    /// The worker has waited, and something happened, or nothing.
    pub(crate) fn waited(&mut self, happened: bool, now: impl FnOnce() -> Instant) {
        if happened {
            self.busy_at = Some(now());
        } else if self.busy_at.is_some_and(|busy_at| now().since(busy_at) >= IDLE) {
            self.busy_at = None;
            give_back();
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: it touches nothing but what the allocator itself has free.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_given_back_once_after_a_second_of_nothing() {
        let mut spare = SpareMemory::default();
        assert_eq!(spare.timeout(None), None);
        spare.waited(true, || Instant(5));
        assert_eq!(spare.timeout(None), Some(IDLE));
        assert_eq!(spare.timeout(Some(Duration::ZERO)), Some(Duration::ZERO));
        spare.waited(false, || Instant(1_000_000_004));
        assert_eq!(spare.timeout(Some(Duration::MAX)), Some(IDLE));
        spare.waited(false, || Instant(1_000_000_005));
        assert_eq!(spare.timeout(None), None);
    }
}
