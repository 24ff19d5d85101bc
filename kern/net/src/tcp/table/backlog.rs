//! Connections that a peer has begun to open: each a few words, until the peer proves with its
//! acknowledgement that it is there (RFC 9293 §3.10.7.4, SYN-RECEIVED of a passive open).

use super::numbers::{Pair, timestamp};
use crate::tcp::handshake::Handshake;
use crate::tcp::limits::{
    BACKLOG_MAX, RECEIVE_INITIAL_BYTES, SYN_ANSWERS_MAX, SYN_RETRANSMISSION, WINDOW_SCALE,
};
use crate::tcp::segment::{Flags, Options, Outgoing, Segment};
use crate::tcp::sequence::{SeqNo, SeqRange};
use crate::timers::Wheel;
use abi::Instant;
use slab::Slab;

/// Room for so many is kept when none is left; more is given back.
const KEPT_ROOM: usize = 16;

/// A connection that is not yet one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embryo {
    /// Its ends.
    pub pair: Pair,
    /// What both said.
    pub handshake: Handshake,
    /// What to add to the time for a timestamp of ours.
    pub clock_offset: u32,
    /// The largest segment that we take, in bytes.
    pub mss: u16,
    answers: u8,
}

/// What to do about a segment for an embryo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Drop,
    /// Answer the SYN again.
    Answer,
    /// Challenge it (RFC 5961).
    Challenge,
    /// Reset: it acknowledges what was never sent.
    Reset,
    /// The peer has changed its mind.
    Forget,
    /// It is a connection now, and this is its first segment.
    Open,
}

impl Embryo {
    /// Of a SYN that was just answered.
    pub fn new(pair: Pair, handshake: Handshake, clock_offset: u32, mss: u16) -> Self {
        Self { pair, handshake, clock_offset, mss, answers: 1 }
    }

    /// The answer to its SYN.
    pub fn answer(&self, now: Instant) -> Outgoing {
        answer(&self.handshake, self.mss, timestamp(self.clock_offset, now))
    }

    fn segment(&self, segment: &Segment<'_>) -> Step {
        let next = self.handshake.peer_first + 1;
        let window = SeqRange::new(next, SYN_WINDOW_BYTES);
        if segment.flags.contains(Flags::SYN) {
            let again = segment.seq == self.handshake.peer_first && segment.ack.is_none();
            return if again { Step::Answer } else { Step::Challenge };
        }
        if segment.flags.contains(Flags::RST) {
            return match (segment.seq == next, window.contains(segment.seq)) {
                (true, _) => Step::Forget,
                (_, true) => Step::Challenge,
                (_, false) => Step::Drop,
            };
        }
        let is_leftover = self.is_leftover(segment);
        match segment.ack {
            None => Step::Drop,
            Some(_) if is_leftover || !window.contains(segment.seq) => Step::Challenge,
            Some(ack) if ack == self.handshake.first + 1 => Step::Open,
            Some(_) => Step::Reset,
        }
    }

    fn is_leftover(&self, segment: &Segment<'_>) -> bool {
        let timestamps = self.handshake.timestamp.zip(segment.options.timestamps);
        timestamps.is_some_and(|(syn, (now, _))| SeqNo(now).is_before(SeqNo(syn)))
    }
}

const SYN_WINDOW_BYTES: u32 =
    if RECEIVE_INITIAL_BYTES < 65_535 { RECEIVE_INITIAL_BYTES } else { 65_535 };

/// A SYN with an acknowledgement that agrees to all that the peer offered.
pub fn answer(handshake: &Handshake, mss: u16, timestamp: u32) -> Outgoing {
    let ecn = if handshake.ecn { Flags::ECE } else { Flags::empty() };
    Outgoing {
        seq: handshake.first,
        ack: Some(handshake.peer_first + 1),
        flags: Flags::SYN | ecn,
        window: SYN_WINDOW_BYTES as u16,
        options: Options {
            mss: Some(mss),
            window_scale: handshake.window_scale.map(|_| WINDOW_SCALE),
            sack_permitted: handshake.sack,
            timestamps: handshake.timestamp.map(|echo| (timestamp, echo)),
            ..Options::default()
        },
        ..Outgoing::default()
    }
}

/// All that are being opened.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    embryos: Slab<Embryo>,
    wheel: Wheel,
}

impl Backlog {
    /// Remembers one, unless there are too many. Returns its key.
    pub fn insert(&mut self, embryo: Embryo, now: Instant) -> Option<u32> {
        if self.embryos.len() >= BACKLOG_MAX {
            return None;
        }
        let key = self.embryos.insert(embryo) as u32;
        self.wheel.set(key, now + SYN_RETRANSMISSION);
        Some(key)
    }

    /// One of them.
    pub fn get(&self, key: u32) -> Option<&Embryo> {
        self.embryos.get(key as usize)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.embryos.len()
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.embryos.capacity()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.embryos.is_empty()
    }

    /// Forgets one.
    pub fn remove(&mut self, key: u32) -> Option<Embryo> {
        self.wheel.cancel(key);
        let embryo = self.embryos.try_remove(key as usize);
        if self.embryos.is_empty() && self.embryos.capacity() > KEPT_ROOM {
            *self = Self::default();
        }
        embryo
    }

    /// Judges a segment for one.
    pub fn segment(&mut self, key: u32, segment: &Segment<'_>) -> Step {
        let Some(embryo) = self.embryos.get_mut(key as usize) else { return Step::Drop };
        let step = embryo.segment(segment);
        embryo.handshake.is_repeated |= step == Step::Answer;
        step
    }

    /// One whose answer was lost, or `Err` with one that was answered often enough, which is still
    /// there. `None` when nothing is due.
    pub fn expired(&mut self, now: Instant) -> Option<Result<u32, u32>> {
        let key = self.wheel.expired(now)?;
        let embryo = self.embryos.get_mut(key as usize)?;
        if embryo.answers >= SYN_ANSWERS_MAX {
            return Some(Err(key));
        }
        let wait = SYN_RETRANSMISSION * 2_u32.pow(u32::from(embryo.answers));
        embryo.answers += 1;
        embryo.handshake.is_repeated = true;
        self.wheel.set(key, now + wait);
        Some(Ok(key))
    }

    /// When something is due, at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.wheel.next()
    }
}
