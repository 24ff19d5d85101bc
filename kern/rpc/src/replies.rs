//! The reply caches of a server: one for each way of remembering, so that a flood of WRITEs does
//! not push out the reply of a REMOVE.

use crate::reply_cache::{Identity, Key, ReplyCache};
use crate::{Limits, Replay};
use abi::Instant;

/// Which cache remembers a call, and under which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    is_data: bool,
    pub(crate) key: Key,
}

/// Replies of calls that must not run twice.
pub(crate) struct Replies {
    /// Of what makes, moves and removes.
    changes: ReplyCache,
    /// Of what writes data and attributes.
    data: ReplyCache,
}

impl Replies {
    pub(crate) fn new(secret: [u8; 16], limits: &Limits) -> Self {
        let (entries, bytes) = (limits.reply_cache_entries, limits.reply_cache_bytes);
        let changes = ReplyCache::new(secret, entries, bytes);
        let (entries, bytes) = (limits.data_reply_cache_entries, limits.data_reply_cache_bytes);
        Self { changes, data: ReplyCache::new(secret, entries, bytes) }
    }

    /// Remembers as many as these limits allow from now on.
    pub(crate) fn set_limits(&mut self, limits: &Limits) {
        self.changes.set_limits(limits.reply_cache_entries, limits.reply_cache_bytes);
        self.data.set_limits(limits.data_reply_cache_entries, limits.data_reply_cache_bytes);
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.changes.held_bytes() + self.data.held_bytes()
    }

    /// Where a call belongs, if it is to be remembered.
    pub(crate) fn slot(&self, replay: Replay, call: &Identity<'_>) -> Option<Slot> {
        let is_data = match replay {
            Replay::Rerun => return None,
            Replay::Remember => false,
            Replay::RememberData => true,
        };
        Some(Slot { is_data, key: self.changes.key(call) })
    }

    /// The cache of a slot.
    pub(crate) fn cache(&mut self, slot: Slot) -> &mut ReplyCache {
        if slot.is_data { &mut self.data } else { &mut self.changes }
    }

    /// Forgets replies older than any client's retransmission.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.changes.expire(now);
        self.data.expire(now);
    }

    /// When [`Replies::expire`] will next have something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.changes.deadline().into_iter().chain(self.data.deadline()).min()
    }
}
