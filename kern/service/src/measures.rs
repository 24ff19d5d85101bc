//! What a service measures of its calls. Nothing is kept of a procedure that nobody calls.

use crate::latency::Latency;
use crate::slowest::{Slow, Slowest};
use crate::statistics::{ProcedureStatistics, SlowCall};
use abi::Instant;
use alloc::boxed::Box;
use alloc::vec::Vec;
use rpc::ProcedureCount;

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Measures {
    /// By row, as [`rpc::Server::procedures`].
    latencies: Vec<Option<Box<Latency>>>,
    slowest: Slowest,
}

impl Measures {
    /// A call has ended.
    pub(crate) fn add(&mut self, call: Slow) {
        if self.latencies.len() <= call.row {
            self.latencies.resize_with(call.row + 1, Option::default);
        }
        self.latencies[call.row].get_or_insert_default().add(call.microseconds);
        self.slowest.add(call);
    }

    /// Of each procedure that was called.
    pub(crate) fn procedures(&self, counts: &[ProcedureCount]) -> Vec<ProcedureStatistics> {
        let called = counts.iter().enumerate().filter(|(_, count)| count.calls > 0);
        let latency = |row: usize| self.latencies.get(row).and_then(|one| one.as_deref().cloned());
        let statistics = |(row, &count)| ProcedureStatistics {
            count,
            latency: latency(row).unwrap_or_default(),
        };
        called.map(statistics).collect()
    }

    /// The calls that took longest of late, the slowest first.
    pub(crate) fn slowest(&self, counts: &[ProcedureCount], now: Instant) -> Vec<SlowCall> {
        let told = |slow: &Slow| {
            let ProcedureCount { program, version, procedure, .. } = *counts.get(slow.row)?;
            let &Slow { client, microseconds, ended_at, .. } = slow;
            Some(SlowCall { program, version, procedure, client, microseconds, ended_at })
        };
        self.slowest.recent(now).filter_map(told).collect()
    }
}
