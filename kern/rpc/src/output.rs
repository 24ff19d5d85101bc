//! Memory for replies, over all connections: room kept for those of calls at work, and what
//! clients have not taken yet.
//!
//! A call is taken when the largest reply it may have finds room. If there is none, its
//! connection waits in line, first come, first served. Two rules keep those that do not read
//! from starving the others: a connection to which nothing is owed may always have one call with
//! a small reply, and while anybody waits, who has taken nothing for [`STALL_MAX`] is closed.

use crate::origin::ConnectionId;
use abi::Instant;
use alloc::collections::BTreeMap;
use core::time::Duration;

/// The largest reply, in bytes, for which a connection with nothing outstanding need not wait.
const SMALL_REPLY_BYTES: usize = 8192;

/// How long a client may take nothing of what it is owed while others wait for room.
const STALL_MAX: Duration = Duration::from_secs(15);

/// What is outstanding, who waits for room, and who has been silent for how long.
pub(crate) struct Outstanding {
    bytes: usize,
    bytes_max: usize,
    /// Connections that wait for room, in turn, and how much the next call of each needs.
    waiting: BTreeMap<u64, (ConnectionId, usize)>,
    /// Connections that have not taken everything, and since when they have taken nothing.
    owing: BTreeMap<u64, (ConnectionId, Instant)>,
    last_place: u64,
}

/// One connection's part.
#[derive(Debug, Default)]
pub(crate) struct OutputShare {
    unsent_bytes: usize,
    /// Room that its next call needs, as far as that is known.
    pub(crate) needed_bytes: usize,
    /// Its place among those that wait, or 0.
    waiting: u64,
    /// Its place among those that owe, or 0.
    owing: u64,
}

impl Outstanding {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (waiting, owing) = (BTreeMap::new(), BTreeMap::new());
        Self { bytes: 0, bytes_max, waiting, owing, last_place: 0 }
    }

    /// There may be so many bytes from now on.
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// Whether a call may be taken whose reply needs so much. `is_first`: nothing else of its
    /// connection is outstanding.
    pub(crate) fn has_room(&self, reply_bytes: usize, is_first: bool) -> bool {
        let fits = self.bytes == 0 || self.bytes.saturating_add(reply_bytes) <= self.bytes_max;
        fits || (is_first && reply_bytes <= SMALL_REPLY_BYTES)
    }

    /// Connections are called otherwise from now on.
    pub(crate) fn rename(&mut self, name: &dyn Fn(ConnectionId) -> Option<ConnectionId>) {
        let waiting = core::mem::take(&mut self.waiting).into_iter();
        let renamed = waiting.filter_map(|(at, (id, bytes))| Some((at, (name(id)?, bytes))));
        self.waiting = renamed.collect();
        let owing = core::mem::take(&mut self.owing).into_iter();
        let renamed = owing.filter_map(|(at, (id, since))| Some((at, (name(id)?, since))));
        self.owing = renamed.collect();
    }

    /// What is kept for replies, and how many connections wait for more.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether every reply has left.
    pub(crate) fn has_left(&self) -> bool {
        self.owing.is_empty()
    }

    /// A call is at work.
    pub(crate) fn reserve(&mut self, reply_bytes: usize) {
        self.bytes += reply_bytes;
    }

    /// It is done.
    pub(crate) fn release(&mut self, reply_bytes: usize) {
        self.bytes -= reply_bytes;
    }

    /// So much of what was sent on a connection has not left yet.
    pub(crate) fn update(
        &mut self,
        id: ConnectionId,
        share: &mut OutputShare,
        unsent_bytes: usize,
        now: Instant,
    ) {
        let before_bytes = core::mem::replace(&mut share.unsent_bytes, unsent_bytes);
        self.bytes = self.bytes - before_bytes + unsent_bytes;
        if unsent_bytes < before_bytes || before_bytes == 0 {
            self.owing.remove(&core::mem::take(&mut share.owing));
            if unsent_bytes > 0 {
                share.owing = self.next_place();
                self.owing.insert(share.owing, (id, now));
            }
        }
    }

    /// Puts a connection in line, unless it stands there already.
    pub(crate) fn wait(&mut self, id: ConnectionId, share: &mut OutputShare) {
        if !self.waiting.contains_key(&share.waiting) {
            share.waiting = self.next_place();
            self.waiting.insert(share.waiting, (id, share.needed_bytes));
        }
    }

    /// Takes a connection out of the line.
    pub(crate) fn wait_no_more(&mut self, share: &mut OutputShare) {
        self.waiting.remove(&core::mem::take(&mut share.waiting));
    }

    /// A connection is gone, and what it was owed with it.
    pub(crate) fn forget(&mut self, share: &mut OutputShare) {
        self.wait_no_more(share);
        self.owing.remove(&core::mem::take(&mut share.owing));
        self.bytes -= core::mem::take(&mut share.unsent_bytes);
    }

    /// Whether there is room now for who waits first.
    pub(crate) fn has_next(&self) -> bool {
        let first = self.waiting.first_key_value();
        first.is_some_and(|(_, &(_, needed_bytes))| self.has_room(needed_bytes, false))
    }

    /// Who waits first, out of the line, if there is room now.
    pub(crate) fn next(&mut self) -> Option<ConnectionId> {
        let first = if self.has_next() { self.waiting.pop_first() } else { None };
        first.map(|(_, (id, _))| id)
    }

    /// When somebody will have taken nothing for too long, if others wait.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let (_, &(_, since)) = self.owing.first_key_value()?;
        (!self.waiting.is_empty()).then(|| since + STALL_MAX)
    }

    /// Who is to be closed by now, each told once.
    pub(crate) fn next_stalled(&mut self, now: Instant) -> Option<ConnectionId> {
        self.deadline().filter(|&deadline| deadline <= now)?;
        self.owing.pop_first().map(|(_, (id, _))| id)
    }

    fn next_place(&mut self) -> u64 {
        self.last_place += 1;
        self.last_place
    }
}
