//! A connection that we open (RFC 9293 §3.10.7.3, SYN-SENT), also when the peer opens the same one
//! (§3.5, figure 7: SYN-RECEIVED).

use super::handshake::Handshake;
use super::limits::{CHALLENGES_PER_SECOND, SYN_RETRANSMISSION, SYNS_MAX, WINDOW_SCALE};
use super::segment::{Flags, Options, Outgoing, Segment};
use super::sequence::SeqNo;
use super::table::backlog::answer;
use super::table::numbers::timestamp;
use super::table::reset;
use crate::limiter::Limiter;
use abi::Instant;

/// A connection being opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    first: SeqNo,
    mss: u16,
    clock_offset: u32,
    /// What the peer's SYN said, if it crossed ours.
    peer: Option<Handshake>,
    syns: u8,
    at: Instant,
    challenges: Limiter,
}

/// What became of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Nothing.
    Nothing,
    /// This is to be sent.
    Answer(Outgoing),
    /// It is open. The window is the peer's, in bytes. If an answer is still to be sent, it is the
    /// first acknowledgement of the connection.
    Open {
        /// What was agreed on.
        handshake: Handshake,
        /// The peer's window, in bytes.
        window_bytes: u32,
    },
    /// The peer refused.
    Refused,
}

impl Opening {
    /// With the number of our SYN, and the largest segment that we take, in bytes.
    pub fn new(first: SeqNo, mss: u16, clock_offset: u32, now: Instant) -> Self {
        let challenges = Limiter::new(CHALLENGES_PER_SECOND);
        Self { first, mss, clock_offset, peer: None, syns: 0, at: now, challenges }
    }

    /// When [`Self::timeout`] has something to send.
    pub fn deadline(&self) -> Instant {
        self.at
    }

    /// The SYN that is due, or `Err` when it was sent often enough.
    ///
    /// # Errors
    /// The peer does not answer.
    pub fn timeout(&mut self, now: Instant) -> Result<Option<Outgoing>, Unanswered> {
        if now < self.at {
            return Ok(None);
        }
        if self.syns >= SYNS_MAX {
            return Err(Unanswered);
        }
        self.at = now + SYN_RETRANSMISSION * 2_u32.pow(u32::from(self.syns));
        self.syns += 1;
        Ok(Some(self.syn(now)))
    }

    fn syn(&self, now: Instant) -> Outgoing {
        let clock = timestamp(self.clock_offset, now);
        match &self.peer {
            Some(peer) => answer(peer, self.mss, clock),
            None => Outgoing {
                seq: self.first,
                // Offered once only: a box on the way may drop what it does not know (RFC 3168 §6.1.1.1).
                flags: if self.syns > 1 {
                    Flags::SYN
                } else {
                    Flags::SYN | Flags::ECE | Flags::CWR
                },
                window: u16::MAX,
                options: Options {
                    mss: Some(self.mss),
                    window_scale: Some(WINDOW_SCALE),
                    sack_permitted: true,
                    timestamps: Some((clock, 0)),
                    ..Options::default()
                },
                ..Outgoing::default()
            },
        }
    }

    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment<'_>, now: Instant) -> Progress {
        let is_ours = segment.ack.is_none_or(|ack| ack == self.first + 1);
        let has_rst = segment.flags.contains(Flags::RST);
        if let Some(peer) = self.peer {
            return self.crossed(&peer, segment, is_ours, now);
        }
        match (is_ours, has_rst, segment.flags.contains(Flags::SYN)) {
            (false, true, _) | (true, false, false) => Progress::Nothing,
            (false, false, _) => self.challenge(reset(segment), now),
            (true, true, _) if segment.ack.is_some() => Progress::Refused,
            (true, true, _) => Progress::Nothing,
            (true, false, true) => self.synchronize(segment, now),
        }
    }

    fn synchronize(&mut self, segment: &Segment<'_>, now: Instant) -> Progress {
        if segment.ack.is_some() {
            let handshake = Handshake::of_answer(self.first, segment);
            let handshake = Handshake { is_repeated: self.syns > 1, ..handshake };
            return Progress::Open { handshake, window_bytes: u32::from(segment.window) };
        }
        self.peer = Some(Handshake { ecn: false, ..Handshake::of_syn(self.first, segment) });
        self.at = self.at.min(now + SYN_RETRANSMISSION);
        self.challenge(self.syn(now), now)
    }

    /// SYN-RECEIVED: both have sent a SYN, and ours is not acknowledged yet.
    fn crossed(
        &mut self,
        peer: &Handshake,
        segment: &Segment<'_>,
        is_ours: bool,
        now: Instant,
    ) -> Progress {
        if !is_ours && !segment.flags.contains(Flags::RST) {
            // Whatever its number: a stranger may have begun in both names, and the peer, which has
            // answered the other one, is freed of that (RFC 9293 §3.10.7.4 would have both wait).
            return self.challenge(reset(segment), now);
        }
        let next = peer.peer_first + 1;
        let has_syn = segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::RST);
        let is_syn = has_syn && segment.seq == peer.peer_first;
        if has_syn && !is_syn && segment.ack == Some(self.first + 1) {
            // Who names our number has seen our SYN; who crossed it has only guessed two ports.
            return self.synchronize(segment, now);
        }
        if !is_syn && segment.seq != next {
            return self.challenge(self.syn(now), now);
        }
        match (segment.flags.contains(Flags::RST), segment.ack) {
            (true, Some(_)) if is_ours => Progress::Refused,
            (true, _) => self.uncross(),
            (false, Some(_)) => {
                let scale = if is_syn { 0 } else { peer.window_scale.unwrap_or(0) };
                let window_bytes = u32::from(segment.window) << scale;
                let handshake = Handshake { is_repeated: self.syns > 1, ..*peer };
                Progress::Open { handshake, window_bytes }
            }
            (false, None) => self.challenge(self.syn(now), now),
        }
    }

    /// A reset that does not name our number does not end the opening, as RFC 9293 §3.10.7.4 would have
    /// it: a true peer sends it when a stranger sent the SYN that crossed ours, and we have answered
    /// that. Who means it says so to our next SYN.
    fn uncross(&mut self) -> Progress {
        self.peer = None;
        Progress::Nothing
    }

    fn challenge(&mut self, answer: Outgoing, now: Instant) -> Progress {
        if self.challenges.allows(now) { Progress::Answer(answer) } else { Progress::Nothing }
    }
}

/// The peer did not answer any SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered;

#[cfg(test)]
mod tests;
