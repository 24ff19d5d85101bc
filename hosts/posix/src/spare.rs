//! Memory that the C library keeps for later: given back when a worker has had nothing to do for a
//! while, so that a flood leaves no plateau behind.

use std::time::Duration;

/// How long nothing has to happen.
const IDLE: Duration = Duration::from_secs(1);

/// Whether a worker has done something since memory was last given back.
#[derive(Default)]
pub(crate) struct SpareMemory {
    is_due: bool,
}

impl SpareMemory {
    /// How long the worker waits, which has nothing to do for `timeout`.
    pub(crate) fn timeout(&self, timeout: Option<Duration>) -> Option<Duration> {
        if self.is_due { Some(timeout.map_or(IDLE, |timeout| timeout.min(IDLE))) } else { timeout }
    }

    /// The worker has waited for so long at most, and something happened, or nothing.
    pub(crate) fn waited(&mut self, timeout: Option<Duration>, happened: bool) {
        if happened {
            self.is_due = true;
        } else if self.is_due && timeout == Some(IDLE) {
            self.is_due = false;
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
        spare.waited(None, true);
        assert_eq!(spare.timeout(None), Some(IDLE));
        assert_eq!(spare.timeout(Some(Duration::ZERO)), Some(Duration::ZERO));
        spare.waited(Some(Duration::ZERO), false);
        assert_eq!(spare.timeout(Some(Duration::MAX)), Some(IDLE));
        spare.waited(Some(IDLE), false);
        assert_eq!(spare.timeout(None), None);
    }
}
