//! How busy a worker is: the processor time of its thread, and how much of the last while that was.

use crate::clock::HostClock;
use abi::Instant;
use hyper::Clock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What a sample covers at least: shorter ones say little.
const SAMPLE_MIN: Duration = Duration::from_millis(100);

/// What a service is taken to need, beside what it was seen to: all of a pool's together as much as
/// one worker has. So new services go where fewer are, and where less is done.
const ALL_SERVICES_PERMILLE: u64 = 1000;

/// Workers whose loads differ by less, in thousandths of their time, are let be.
const UNEVEN_PERMILLE_MIN: u64 = 250;

/// Two workers of which one does much more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uneven {
    pub(crate) busiest: usize,
    pub(crate) idlest: usize,
    /// By how much.
    pub(crate) permille: u64,
}

/// What a worker tells of itself.
#[derive(Debug, Default)]
pub(crate) struct Load {
    processor_ns: AtomicU64,
}

impl Load {
    /// The worker's thread has used so much so far.
    pub(crate) fn tell(&self, processor_ns: u64) {
        self.processor_ns.store(processor_ns, Relaxed);
    }

    /// Processor time of its thread, in nanoseconds.
    pub(crate) fn processor_ns(&self) -> u64 {
        self.processor_ns.load(Relaxed)
    }
}

/// How busy each worker was lately.
pub(crate) struct Samples {
    since: Instant,
    before_ns: Vec<u64>,
    busy_permille: Vec<u64>,
}

impl Samples {
    pub(crate) fn new(workers: usize) -> Self {
        let zeros = vec![0; workers];
        Self { since: HostClock.now(), before_ns: zeros.clone(), busy_permille: zeros }
    }

    /// Looks again, if the last look was long enough ago.
    pub(crate) fn refresh(&mut self, now: Instant, processor_ns: impl Iterator<Item = u64>) {
        let span = now.since(self.since);
        if span < SAMPLE_MIN {
            return;
        }
        self.since = now;
        let span_ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let workers = self.before_ns.iter_mut().zip(&mut self.busy_permille);
        for ((before_ns, busy), now_ns) in workers.zip(processor_ns) {
            // A worker in a dead one's place counts anew.
            let used_ns = now_ns.saturating_sub(std::mem::replace(before_ns, now_ns));
            *busy = (used_ns.saturating_mul(1000) / span_ns).min(1000);
        }
    }

    /// How much of its time a worker was at work lately.
    pub(crate) fn busy_permille(&self, worker: usize) -> u64 {
        self.busy_permille[worker]
    }

    /// The two that differ most, if that is much.
    pub(crate) fn uneven(&self) -> Option<Uneven> {
        let loads = || self.busy_permille.iter().copied().enumerate();
        let (busiest, most) = loads().max_by_key(|&(_, busy)| busy)?;
        let (idlest, least) = loads().min_by_key(|&(_, busy)| busy)?;
        let permille = most - least;
        (permille >= UNEVEN_PERMILLE_MIN).then_some(Uneven { busiest, idlest, permille })
    }

    /// The worker that has most to spare, of which each has so many services.
    pub(crate) fn least(&self, counts: &[usize]) -> usize {
        let all = counts.iter().sum::<usize>().max(1) as u64;
        let load = |&worker: &usize| {
            self.busy_permille[worker] + ALL_SERVICES_PERMILLE * counts[worker] as u64 / all
        };
        (0..counts.len()).min_by_key(load).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(samples: &Samples, milliseconds: u64) -> Instant {
        samples.since + Duration::from_millis(milliseconds)
    }

    #[test]
    fn services_go_where_fewer_are_unless_those_do_much() {
        let mut samples = Samples::new(3);
        assert_eq!(samples.least(&[0, 0, 0]), 0);
        assert_eq!(samples.least(&[2, 1, 2]), 1);
        let now = later(&samples, 200);
        samples.refresh(now, [20_000_000, 190_000_000, 0].into_iter());
        assert_eq!([0, 1, 2].map(|worker| samples.busy_permille(worker)), [100, 950, 0]);
        assert_eq!(samples.least(&[2, 1, 2]), 2, "one service does more than two others");
        assert_eq!(samples.least(&[200, 100, 300]), 0);
        let uneven = Uneven { busiest: 1, idlest: 2, permille: 950 };
        assert_eq!(samples.uneven(), Some(uneven));
        let now = later(&samples, 200);
        samples.refresh(now, [60_000_000, 200_000_000, 10_000_000].into_iter());
        assert_eq!(samples.uneven(), None, "too little to move anybody for it");
    }

    #[test]
    fn a_look_too_soon_changes_nothing_and_a_new_worker_counts_anew() {
        let mut samples = Samples::new(1);
        let now = later(&samples, 100);
        samples.refresh(now, [50_000_000].into_iter());
        let now = later(&samples, 99);
        samples.refresh(now, [99_000_000].into_iter());
        assert_eq!(samples.busy_permille(0), 500);
        let now = later(&samples, 100);
        samples.refresh(now, [7].into_iter());
        assert_eq!(samples.busy_permille(0), 0);
    }
}
