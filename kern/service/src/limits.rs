//! What one service may take: every queue, cache and loop of an instance, named.

/// The limits of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls, connections, their bytes, and replies remembered.
    pub rpc: rpc::Limits,
    /// Budget of the block cache in bytes.
    pub cache_bytes: u64,
    /// Polls of tasks in one turn.
    pub polls_per_turn: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rpc: rpc::Limits::default(), cache_bytes: 256 << 20, polls_per_turn: 2048 }
    }
}
