//! What a service tells its host, when asked.

use super::Service;
use crate::clients::clients;
use crate::{Client, Memory, Statistics};
use alloc::vec::Vec;

impl Service {
    /// What it does at this moment, and did so far.
    pub fn statistics(&self) -> Statistics {
        let (usage, cache) = (self.rpc.usage(), self.volume.cache_use());
        let bytes = |count: usize| count as u64;
        Statistics {
            now: self.now,
            state: self.state.clone(),
            since: self.since,
            is_paused: self.paused,
            rpc: *self.rpc.counters(),
            calls_at_work: usage.calls - usage.calls_ready,
            calls_waiting: usage.calls_ready + usage.connections_waiting,
            connections: self.rpc.connection_count(),
            memory: Memory {
                cache: cache.clean_bytes,
                dirty: cache.dirty_bytes,
                received: self.received.taken_bytes(),
                requests: bytes(usage.unfinished_bytes + usage.argument_bytes),
                replies: bytes(usage.output_bytes),
                remembered: bytes(usage.remembered_bytes),
            },
            cache: cache.lookups,
            disk: self.volume.traffic(),
            commits: self.volume.commits(),
            openings: self.volume.openings(),
            procedures: self.measures.procedures(self.rpc.procedures()),
            slowest: self.measures.slowest(self.rpc.procedures(), self.now),
        }
    }

    /// Who uses it, in the order of addresses.
    pub fn clients(&self) -> Vec<Client> {
        clients(&self.rpc.connections(), self.nfs.mounted())
    }

    /// What RPC has counted.
    pub fn counters(&self) -> &rpc::Counters {
        self.rpc.counters()
    }

    /// How often each procedure was called.
    pub fn procedures(&self) -> &[rpc::ProcedureCount] {
        self.rpc.procedures()
    }

    /// Connections open now.
    pub fn connection_count(&self) -> usize {
        self.rpc.connection_count()
    }
}
