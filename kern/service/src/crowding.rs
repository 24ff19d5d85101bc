//! That connections were closed to let others in is told in the log: once a minute, however many.

use abi::Instant;
use core::net::IpAddr;
use core::time::Duration;
use net::Displaced;

/// Between two lines.
const INTERVAL: Duration = Duration::from_secs(60);

/// What was told.
#[derive(Default)]
pub(crate) struct Crowding {
    told_count: u64,
    /// Nothing more is told before.
    quiet_until: Option<Instant>,
}

impl Crowding {
    /// What is to be told now: how many since the last time, and whose the last one was.
    pub(crate) fn news(&mut self, displaced: Displaced, now: Instant) -> Option<(u64, IpAddr)> {
        let count = displaced.count - self.told_count;
        let is_quiet = self.quiet_until.is_some_and(|until| now < until);
        let from = displaced.last.filter(|_| count > 0 && !is_quiet)?;
        self.told_count = displaced.count;
        self.quiet_until = Some(now + INTERVAL);
        Some((count, from))
    }

    /// When there is something to tell.
    pub(crate) fn deadline(&self, displaced: Displaced) -> Option<Instant> {
        self.quiet_until.filter(|_| displaced.count > self.told_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Option<IpAddr> = Some(IpAddr::V4(core::net::Ipv4Addr::LOCALHOST));

    fn at(seconds: u64) -> Instant {
        Instant(0) + Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn many_are_told_of_once_a_minute_and_none_is_forgotten() {
        let mut crowding = Crowding::default();
        let of = |count| Displaced { count, last: FROM.filter(|_| count > 0) };
        let mut told = |count, now| crowding.news(of(count), now).map(|(count, _)| count);
        assert_eq!((told(0, at(0)), told(3, at(1)), told(90, at(2))), (None, Some(3), None));
        assert_eq!((told(95, at(60)), told(95, at(61)), told(95, at(200))), (None, Some(92), None));
        assert_eq!(crowding.deadline(of(95)), None);
        assert_eq!(crowding.deadline(of(96)), Some(at(121)));
    }
}
