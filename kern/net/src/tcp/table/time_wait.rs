//! Connections that are over on our side last: a few words each, until no segment of theirs can
//! arrive any more (RFC 9293 §3.6, TIME-WAIT).
//!
//! A RST does not end the wait (RFC 1337 §3); a SYN may, if it cannot be an old one (RFC 6191).

use super::numbers::Pair;
use crate::tcp::limits::{TIME_WAIT, TIME_WAIT_MAX};
use crate::tcp::segment::{Flags, Segment};
use crate::tcp::sequence::SeqNo;
use crate::timers::Wheel;
use abi::Instant;
use slab::Slab;

/// Room for so many is kept when all is over; more is given back.
const KEPT_ROOM: usize = 64;

/// What is remembered of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Its ends.
    pub pair: Pair,
    /// What it would send next.
    pub seq: SeqNo,
    /// What it acknowledged last: all, with the FIN.
    pub ack: SeqNo,
    /// The peer's latest timestamp, if timestamps were used.
    pub timestamp: Option<u32>,
    /// What to add to the time for a timestamp of ours.
    pub clock_offset: u32,
    /// How far our window is shifted times its size: as it stands in the header.
    pub window: u16,
}

/// What to do about a segment of a connection that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Nothing.
    Drop,
    /// Say again what was acknowledged; not too often.
    Acknowledge,
    /// Forget the old connection, and take this SYN for a new one. Our number must be beyond.
    Reuse {
        /// The number behind the last one of the old connection.
        beyond: SeqNo,
    },
}

/// All that are remembered.
#[derive(Clone, Debug, Default)]
pub struct TimeWait {
    remembered: Slab<Remembered>,
    wheel: Wheel,
}

impl TimeWait {
    /// Remembers one; not if there are too many: then it is simply over. Returns its key.
    pub fn insert(&mut self, remembered: Remembered, now: Instant) -> Option<u32> {
        if self.remembered.len() >= TIME_WAIT_MAX {
            return None;
        }
        let key = self.remembered.insert(remembered) as u32;
        self.wheel.set(key, now + TIME_WAIT);
        Some(key)
    }

    /// One that is remembered.
    pub fn get(&self, key: u32) -> Option<&Remembered> {
        self.remembered.get(key as usize)
    }

    /// How many are.
    pub fn len(&self) -> usize {
        self.remembered.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.remembered.is_empty()
    }

    /// Forgets one.
    pub fn remove(&mut self, key: u32) {
        self.wheel.cancel(key);
        self.remembered.try_remove(key as usize);
        if self.remembered.is_empty() && self.remembered.capacity() > KEPT_ROOM {
            *self = Self::default();
        }
    }

    /// Judges a segment of one. A FIN that comes again starts the wait again.
    pub fn segment(&mut self, key: u32, segment: &Segment<'_>, now: Instant) -> Leftover {
        let Some(old) = self.remembered.get(key as usize) else { return Leftover::Drop };
        if segment.flags.contains(Flags::RST) {
            return Leftover::Drop;
        }
        if segment.flags.contains(Flags::SYN) && segment.ack.is_none() && old.precedes(segment) {
            return Leftover::Reuse { beyond: old.seq };
        }
        if segment.flags.contains(Flags::FIN) && segment.seq + segment.sequence_bytes() == old.ack {
            self.wheel.cancel(key);
            self.wheel.set(key, now + TIME_WAIT);
        }
        let says_nothing = segment.sequence_bytes() == 0 && segment.seq == old.ack;
        if says_nothing { Leftover::Drop } else { Leftover::Acknowledge }
    }

    /// One whose time is over; it is still remembered.
    pub fn expired(&mut self, now: Instant) -> Option<u32> {
        self.wheel.expired(now)
    }

    /// When the next one's time is over, at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.wheel.next()
    }
}

impl Remembered {
    /// Whether a SYN is certainly later than this connection (RFC 6191 §2): by its timestamp, or by
    /// its number where timestamps do not tell.
    fn precedes(&self, syn: &Segment<'_>) -> bool {
        let by_number = self.ack.is_before(syn.seq);
        match (self.timestamp, syn.options.timestamps) {
            (Some(old), Some((new, _))) if old != new => SeqNo(old).is_before(SeqNo(new)),
            (Some(_), None) | (None, Some(_)) | (None, None) | (Some(_), Some(_)) => by_number,
        }
    }
}
