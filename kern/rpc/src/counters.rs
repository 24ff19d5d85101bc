//! What a server counts.

/// Events since the server was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections opened.
    pub connections: u64,
    /// Calls that reached a procedure.
    pub calls: u64,
    /// Bytes of those calls.
    pub received_bytes: u64,
    /// Bytes of replies to them, whether or not anybody takes them.
    pub sent_bytes: u64,
    /// Calls that ended without a result (GARBAGE_ARGS, SYSTEM_ERR).
    pub faults: u64,
    /// Calls refused before they reached a procedure: version, credential, program.
    pub refused: u64,
    /// Duplicates answered from the reply cache.
    pub replayed: u64,
    /// Duplicates of calls still at work, dropped.
    pub duplicates_dropped: u64,
    /// Datagrams dropped because as many calls were at work as is allowed.
    pub datagrams_dropped: u64,
    /// Answers to datagrams dropped because they were much larger than their calls, whose sender may be
    /// somebody else, and too many for one network.
    pub reflections_dropped: u64,
    /// Messages that are no call; the connection they came on was closed.
    pub garbage: u64,
    /// Connections closed for a record over the limit.
    pub oversize: u64,
    /// Connections closed because too many bytes of unfinished records were held, and theirs had
    /// been silent longest.
    pub unfinished_closed: u64,
    /// Connections closed because they took no replies while others waited for room.
    pub stalled_closed: u64,
    /// Times that receiving on a connection was stopped.
    pub pauses: u64,
}

/// How often one procedure was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcedureCount {
    /// The program's name.
    pub program: &'static str,
    /// Its version.
    pub version: u32,
    /// The procedure's name.
    pub procedure: &'static str,
    /// Calls that reached it.
    pub calls: u64,
    /// Calls of it that ended without a result.
    pub faults: u64,
}
