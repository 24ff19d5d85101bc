//! What one service may take: every queue, cache and loop of an instance, named.

use core::time::Duration;

/// The limits of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls, connections, their bytes, and replies remembered.
    pub rpc: rpc::Limits,
    /// Budget of the block cache in bytes.
    pub cache_bytes: u64,
    /// Changed data that is not on its way to the disk, at most, in bytes.
    pub dirty_bytes: u64,
    /// How long a change may stay in memory alone.
    pub save_age: Duration,
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
            polls_per_turn: 2048,
        }
    }
}
