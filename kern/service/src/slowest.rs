//! The calls that took longest of late.

use abi::Instant;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

/// How many are remembered.
const CALLS_MAX: usize = 16;

/// How long.
const AGE_MAX: Duration = Duration::from_secs(600);

/// How often those that are too old are forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// A call that took long, by the row of its procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slow {
    pub(crate) row: usize,
    pub(crate) client: SocketAddr,
    pub(crate) microseconds: u64,
    pub(crate) ended_at: Instant,
}

/// See the top of the file.
pub(crate) struct Slowest {
    /// The slowest first.
    calls: Vec<Slow>,
    /// When those that are too old were last forgotten.
    swept_at: Instant,
}

impl Default for Slowest {
    fn default() -> Self {
        Self { calls: Vec::new(), swept_at: Instant(0) }
    }
}

impl Slowest {
    /// A call has ended. Most are not slow, and cost one look at the last of the list.
    pub(crate) fn add(&mut self, call: Slow) {
        if call.ended_at.since(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = call.ended_at;
            self.calls.retain(|one| is_recent(one, call.ended_at));
        }
        let is_full = self.calls.len() == CALLS_MAX;
        let least = self.calls.last().filter(|_| is_full);
        if least.is_some_and(|least| least.microseconds >= call.microseconds) {
            return;
        }
        let place = self.calls.partition_point(|one| one.microseconds >= call.microseconds);
        self.calls.insert(place, call);
        self.calls.truncate(CALLS_MAX);
    }

    /// Those of late.
    pub(crate) fn recent(&self, now: Instant) -> impl Iterator<Item = &Slow> {
        self.calls.iter().filter(move |one| is_recent(one, now))
    }
}

fn is_recent(call: &Slow, now: Instant) -> bool {
    now.since(call.ended_at) < AGE_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, SocketAddrV4};

    fn call(microseconds: u64, seconds: u64) -> Slow {
        let client = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 700).into();
        let ended_at = Instant(0) + Duration::from_secs(seconds);
        Slow { row: 3, client, microseconds, ended_at }
    }

    fn listed(slowest: &Slowest, seconds: u64) -> Vec<u64> {
        let now = Instant(0) + Duration::from_secs(seconds);
        slowest.recent(now).map(|one| one.microseconds).collect()
    }

    #[test]
    fn the_slowest_stay_until_they_are_old() {
        let mut slowest = Slowest::default();
        (1..=100).for_each(|microseconds| slowest.add(call(microseconds, 1)));
        assert_eq!(listed(&slowest, 2), (85..=100).rev().collect::<Vec<_>>());
        slowest.add(call(90, 500));
        assert_eq!(listed(&slowest, 599).len(), 16);
        assert_eq!(listed(&slowest, 602), [90]);
        slowest.add(call(1, 603));
        assert_eq!(listed(&slowest, 603), [90, 1]);
    }
}
