//! What one service may take: every queue, cache and loop of an instance, named.

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
            save_age: Duration::from_secs(5),
            rest_after: None,
            polls_per_turn: 2048,
        }
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
