//! What one service may take: every queue, cache and loop of an instance, named.

/// The limits of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls at work at a time.
    pub calls_max: usize,
    /// Bytes of arguments held by the calls at work.
    pub calls_bytes_max: usize,
    /// Calls of one connection at work at a time.
    pub connection_calls_max: usize,
    /// Bytes of arguments held by one connection's calls at work.
    pub connection_input_bytes_max: usize,
    /// Bytes of replies that one connection's client has not taken yet.
    pub connection_output_bytes_max: usize,
    /// The largest record that is read, in bytes; more closes the connection.
    pub record_bytes_max: u32,
    /// Bytes of records that all connections together have begun and not finished.
    pub unfinished_bytes_max: usize,
    /// Budget of the block cache in bytes.
    pub cache_bytes: u64,
    /// Replies remembered for retransmitted calls.
    pub reply_cache_entries: usize,
    /// Bytes of remembered replies.
    pub reply_cache_bytes: usize,
    /// Polls of tasks in one turn.
    pub polls_per_turn: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: 1024,
            calls_bytes_max: 64 << 20,
            connection_calls_max: 128,
            connection_input_bytes_max: 8 << 20,
            connection_output_bytes_max: 8 << 20,
            record_bytes_max: (1 << 20) + (64 << 10),
            unfinished_bytes_max: 64 << 20,
            cache_bytes: 256 << 20,
            reply_cache_entries: 1024,
            reply_cache_bytes: 1 << 20,
            polls_per_turn: 2048,
        }
    }
}

impl Limits {
    /// The part that RPC keeps.
    pub(crate) fn rpc(&self) -> rpc::Limits {
        rpc::Limits {
            calls_max: self.calls_max,
            calls_bytes_max: self.calls_bytes_max,
            connection_calls_max: self.connection_calls_max,
            connection_input_bytes_max: self.connection_input_bytes_max,
            connection_output_bytes_max: self.connection_output_bytes_max,
            record_bytes_max: self.record_bytes_max,
            unfinished_bytes_max: self.unfinished_bytes_max,
            reply_cache_entries: self.reply_cache_entries,
            reply_cache_bytes: self.reply_cache_bytes,
        }
    }
}
