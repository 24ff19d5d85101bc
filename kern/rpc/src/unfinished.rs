//! Memory for records that have begun to arrive and are not complete, over all connections.
//!
//! Each connection may hold one record of the allowed size, but not all of them at once. Over
//! the limit the connection goes whose record has been silent longest: a client that is sending
//! survives one that has stopped in the middle.

use crate::origin::ConnectionId;
use alloc::collections::BTreeMap;

/// What is held, and who has been silent for how long.
#[derive(Default)]
pub(crate) struct Unfinished {
    bytes: usize,
    by_age: BTreeMap<u64, ConnectionId>,
    next_age: u64,
}

/// One connection's part.
#[derive(Debug, Default)]
pub(crate) struct Share {
    bytes: usize,
    age: u64,
}

impl Unfinished {
    /// Something arrived on a connection, which now holds `bytes`.
    pub(crate) fn update(&mut self, id: ConnectionId, share: &mut Share, bytes: usize) {
        if share.bytes > 0 {
            self.by_age.remove(&share.age);
        }
        self.bytes = self.bytes - share.bytes + bytes;
        share.bytes = bytes;
        if bytes > 0 {
            share.age = self.next_age;
            self.by_age.insert(share.age, id);
            self.next_age += 1;
        }
    }

    /// Connections are called otherwise from now on.
    pub(crate) fn rename(&mut self, name: &dyn Fn(ConnectionId) -> Option<ConnectionId>) {
        let by_age = core::mem::take(&mut self.by_age).into_iter();
        self.by_age = by_age.filter_map(|(age, id)| Some((age, name(id)?))).collect();
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Whose record has been silent longest, if more than `bytes_max` are held.
    pub(crate) fn surplus(&self, bytes_max: usize) -> Option<ConnectionId> {
        let oldest = self.by_age.first_key_value().map(|(_, &id)| id);
        oldest.filter(|_| self.bytes > bytes_max)
    }
}
