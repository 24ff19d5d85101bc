//! What one service may take: every queue, cache and loop of an instance, named.

use crate::Rate;
use core::time::Duration;
use hyper::Division;

/// How long clients of the service's own stack may take to say goodbye once all replies have arrived.
pub(crate) const GOODBYE_MAX: Duration = Duration::from_secs(1);
/// How long the server of a lease may take to be found on the link, when its address is given back.
pub(crate) const RETURN_MAX: Duration = Duration::from_secs(1);

/// The limits of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls, connections, their bytes, and replies remembered.
    pub rpc: rpc::Limits,
    /// Budget of the block cache in bytes.
    pub cache_bytes: u64,
    /// Changed data that the disk does not have yet, at most, in bytes.
    pub dirty_bytes: u64,
    /// The most that all of it may take together, in bytes: what is said of parts above and below is
    /// cut down to that. At least [`MEMORY_BYTES_LEAST`]; a file system in memory counts beside it.
    pub memory_bytes: Option<u64>,
    /// How fast it may work.
    pub rate: Rate,
    /// How long a change may stay in memory alone.
    pub save_age: Duration,
    /// How long an image may be open without being used; `None` for ever.
    pub rest_after: Option<Duration>,
    /// Polls of tasks in one turn.
    pub polls_per_turn: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rpc: rpc::Limits::default(),
            cache_bytes: 256 << 20,
            dirty_bytes: 32 << 20,
            memory_bytes: None,
            rate: Rate::default(),
            save_age: Duration::from_secs(5),
            rest_after: None,
            polls_per_turn: 2048,
        }
    }
}

/// A bound on all memory of a service cannot be less: a call of the largest size has to find room.
pub const MEMORY_BYTES_LEAST: u64 = 16 << 20;

/// Bytes of what arrived through a stack of its own that a service may keep, if it has no other
/// bound.
const RECEIVED_BYTES_MAX: u64 = u64::MAX;

impl Limits {
    /// The same, such that something gets done, with the bound on all memory divided among its parts: six sixteenths for pages of the
    /// cache and those on their way there, two for changed data and the metadata of a log, one
    /// for what its own stack received, two for records, one for arguments, two for replies, half of
    /// one for replies remembered. What is left is for the last call, which may exceed its part.
    pub(crate) fn divided(mut self) -> Self {
        self.rpc.calls_max = self.rpc.calls_max.max(1);
        self.polls_per_turn = self.polls_per_turn.max(1);
        let Some(memory_bytes) = self.memory_bytes else { return self };
        let parts = |count: u64| memory_bytes.max(MEMORY_BYTES_LEAST) / 32 * count;
        let cap = |bytes: &mut usize, count: u64| {
            *bytes = (*bytes).min(usize::try_from(parts(count)).unwrap_or(usize::MAX));
        };
        self.cache_bytes = self.cache_bytes.min(parts(6));
        self.dirty_bytes = self.dirty_bytes.min(parts(2));
        cap(&mut self.rpc.unfinished_bytes_max, 4);
        cap(&mut self.rpc.calls_bytes_max, 2);
        cap(&mut self.rpc.output_bytes_max, 4);
        cap(&mut self.rpc.reply_cache_bytes, 1);
        cap(&mut self.rpc.data_reply_cache_bytes, 1);
        self
    }

    /// Bytes that its own stack may keep of what arrived.
    pub(crate) fn received_bytes_max(&self) -> u64 {
        self.memory_bytes.map_or(RECEIVED_BYTES_MAX, |bytes| bytes.max(MEMORY_BYTES_LEAST) / 16)
    }
}

/// What all services of a process together may take of what they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Changed data that disks do not have yet.
    pub dirty: Division,
    /// What arrived through stacks of their own out of order, or faster than it is taken.
    pub received: Division,
    /// Pieces of datagrams that stacks of their own wait for the rest of.
    pub fragments: Division,
}

/// Changed data that every service may have, whatever the others do: two blocks of the largest size.
const DIRTY_BYTES_LEAST: u64 = 128 << 10;

/// What every service may keep of what arrived, whatever the others do: a first window's worth.
const RECEIVED_BYTES_LEAST: u64 = 64 << 10;

/// What every service may keep of such pieces, whatever the others do: a datagram of 32 KiB in small
/// ones, the largest that NFS clients send.
const FRAGMENTS_BYTES_LEAST: u64 = 48 << 10;

impl Default for ProcessLimits {
    fn default() -> Self {
        Self {
            dirty: Division { total_bytes: 256 << 20, least_bytes: DIRTY_BYTES_LEAST },
            received: Division { total_bytes: 256 << 20, least_bytes: RECEIVED_BYTES_LEAST },
            fragments: Division { total_bytes: 32 << 20, least_bytes: FRAGMENTS_BYTES_LEAST },
        }
    }
}

impl ProcessLimits {
    /// Such that one service alone is bound by limits of its own only.
    pub fn at_least_for(mut self, service: &Limits) -> Self {
        let wanted = service.dirty_bytes.saturating_add(service.dirty_bytes / 4);
        self.dirty.total_bytes = self.dirty.total_bytes.max(wanted);
        self
    }
}
