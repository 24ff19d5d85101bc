//! What a server holds and whom it serves, for those who ask.

use crate::connection::Connection;
use crate::{Counters, Server};
use abi::Instant;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// What a server has in memory at this moment, in bytes and in calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls taken and not answered, those that have not begun among them.
    pub calls: usize,
    /// Of those, calls that have not begun.
    pub calls_ready: usize,
    /// Connections with calls that have arrived and cannot be taken yet.
    pub connections_waiting: usize,
    /// Arguments of calls.
    pub argument_bytes: usize,
    /// Records that are not complete.
    pub unfinished_bytes: usize,
    /// Replies that clients have not taken, and room for those of calls at work.
    pub output_bytes: usize,
    /// Replies remembered.
    pub remembered_bytes: usize,
}

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionUse {
    /// The client's end.
    pub remote: SocketAddr,
    /// Calls taken from it.
    pub calls: u32,
    /// Bytes of their arguments, and of replies that the network took, of those up to 4 GiB.
    pub bytes: u64,
    /// When the last call of it ended; `None` if none has.
    pub last_call: Option<Instant>,
}

impl Server {
    /// What has been counted.
    pub fn counters(&self) -> &Counters {
        &self.intake.counters
    }

    /// What is held.
    pub fn usage(&self) -> Usage {
        let intake = &self.intake;
        Usage {
            calls: intake.calls(),
            calls_ready: intake.ready.len(),
            connections_waiting: self.agenda.waiting_count() + intake.output.waiting_count(),
            argument_bytes: intake.argument_bytes(),
            unfinished_bytes: intake.unfinished.held_bytes(),
            output_bytes: intake.output.held_bytes(),
            remembered_bytes: intake.replies.held_bytes(),
        }
    }

    /// The connections there are, ordered by their clients' ends.
    #[expect(clippy::disallowed_methods, reason = "they are put in order before anybody sees them")]
    pub fn connections(&self) -> Vec<ConnectionUse> {
        let mut all: Vec<_> = self.connections.values().map(Connection::usage).collect();
        all.sort_unstable_by_key(|one| one.remote);
        all
    }
}
