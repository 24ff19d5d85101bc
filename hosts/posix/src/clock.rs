//! The host's clocks.

use abi::{Instant, Timestamp};
use hyper::Clock;
use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` and `CLOCK_REALTIME`, read without entering the kernel where it allows that.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> Instant {
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Instant(seconds.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64))
    }

    fn wall(&self) -> Timestamp {
        let time = clock_gettime(ClockId::Realtime);
        Timestamp { seconds: time.tv_sec, nanoseconds: time.tv_nsec as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_forward_and_the_year_is_plausible() {
        let (first, second) = (HostClock.now(), HostClock.now());
        assert!(second >= first && first.0 > 0);
        assert!(HostClock.wall().seconds > 1_700_000_000);
    }
}
