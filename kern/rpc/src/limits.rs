//! What a server may take: every queue and memory of it, named.

/// What a server may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls at work at a time.
    pub calls_max: usize,
    /// Bytes of arguments held by calls at work; the last one taken may exceed it.
    pub calls_bytes_max: usize,
    /// Calls of one connection at work at a time.
    pub connection_calls_max: usize,
    /// Bytes of arguments held by one connection's calls at work; the last may exceed it.
    pub connection_input_bytes_max: usize,
    /// Bytes of replies that one connection's client has not taken yet, and of room kept for
    /// those of its calls at work; the last may exceed it.
    pub connection_output_bytes_max: usize,
    /// The same over all connections. Beyond it, a connection with nothing outstanding may have
    /// one call with a small reply.
    pub output_bytes_max: usize,
    /// The largest record, in bytes.
    pub record_bytes_max: u32,
    /// Bytes held of records not complete, over all connections.
    pub unfinished_bytes_max: usize,
    /// Replies remembered.
    pub reply_cache_entries: usize,
    /// Bytes of remembered replies and of remembering them.
    pub reply_cache_bytes: usize,
    /// The same for replies of procedures that change data or attributes only.
    pub data_reply_cache_entries: usize,
    /// Bytes of those replies and of remembering them.
    pub data_reply_cache_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: 1024,
            calls_bytes_max: 64 << 20,
            connection_calls_max: 128,
            connection_input_bytes_max: 8 << 20,
            connection_output_bytes_max: 8 << 20,
            output_bytes_max: 64 << 20,
            record_bytes_max: (1 << 20) + (64 << 10),
            unfinished_bytes_max: 64 << 20,
            reply_cache_entries: 1024,
            reply_cache_bytes: 1 << 20,
            data_reply_cache_entries: 1024,
            data_reply_cache_bytes: 1 << 20,
        }
    }
}
