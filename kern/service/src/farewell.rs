//! What a service did, in one line at its end: for an administrator's log, and for whoever counts
//! what operations cost a disk.

use block::Traffic;
use core::fmt;
use rpc::ProcedureCount;

/// What was done.
pub(crate) struct Farewell<'a> {
    pub(crate) calls: u64,
    pub(crate) procedures: &'a [ProcedureCount],
    pub(crate) connections: u64,
    /// `None` without a disk.
    pub(crate) traffic: Option<Traffic>,
    /// `None` if the file system makes none.
    pub(crate) commits: Option<u64>,
}

impl fmt::Display for Farewell<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, procedures, connections, traffic, commits } = self;
        write!(out, "served {calls} calls on {connections} connections")?;
        let called = procedures.iter().filter(|procedure| procedure.calls > 0);
        for (index, ProcedureCount { procedure, calls, .. }) in called.enumerate() {
            write!(out, "{} {calls} {procedure}", if index == 0 { ":" } else { "," })?;
        }
        if let Some(Traffic { read_bytes, written_bytes, writes, flushes, .. }) = traffic {
            write!(out, "; disk: {read_bytes} bytes read, {written_bytes} bytes written in ")?;
            write!(out, "{writes} writes, {flushes} flushes")?;
        }
        commits.map_or(Ok(()), |commits| write!(out, ", {commits} commits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn as_much_as_there_is_to_say() {
        let traffic =
            Traffic { reads: 1, read_bytes: 20, writes: 3, written_bytes: 40, flushes: 5 };
        let count = |procedure, calls| ProcedureCount {
            program: "NFS",
            version: 3,
            procedure,
            calls,
            faults: 0,
        };
        let procedures = [count("NULL", 0), count("READ", 4), count("WRITE", 3)];
        let mut done = Farewell {
            calls: 7,
            procedures: &procedures,
            connections: 2,
            traffic: Some(traffic),
            commits: Some(6),
        };
        assert_eq!(
            done.to_string(),
            "served 7 calls on 2 connections: 4 READ, 3 WRITE; disk: 20 bytes read, 40 bytes \
             written in 3 writes, 5 flushes, 6 commits"
        );
        (done.traffic, done.commits, done.procedures) = (None, None, &[]);
        assert_eq!(done.to_string(), "served 7 calls on 2 connections");
    }
}
