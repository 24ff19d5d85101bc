//! What arrives, checked in the order of RFC 9293 §3.10.7.4. What could be forged is answered with a
//! challenge (RFC 5961), so that only who sees the connection can end it.

use super::{Connection, News, Over, State};
use crate::tcp::segment::{Flags, Segment};
use crate::tcp::send::{Acknowledgement, timestamp_ms};
use crate::tcp::sequence::SeqNo;
use abi::Instant;
use core::time::Duration;

/// The clock of timestamps is no finer.
const ROUND_TRIP_MIN: Duration = Duration::from_millis(1);

impl Connection {
    /// Takes a segment. Its bytes in order are lent to `sink`.
    pub fn segment(
        &mut self,
        segment: &Segment<'_>,
        now: Instant,
        sink: &mut dyn FnMut(&[u8]),
    ) -> News {
        if self.state.is_over() {
            self.linger(segment, now);
            return News::default();
        }
        if !self.is_valid(segment, now) {
            return News::default();
        }
        (self.heard, self.probes) = (now, 0);
        if let Some((timestamp, _)) = segment.options.timestamps {
            self.receiver.note_timestamp(timestamp, segment.seq, now);
        }
        let sent_bytes = self.take_acknowledgement(segment, now);
        if !self.state.is_over() {
            self.take_text(segment, now, sink);
        }
        self.news(sent_bytes)
    }

    /// Only the user's part is left, who holds back what arrived: a peer that asks again has not
    /// heard our last word.
    fn linger(&mut self, segment: &Segment<'_>, now: Instant) {
        let asks = segment.sequence_bytes() > 0 && !segment.flags.contains(Flags::RST);
        if asks && self.over.is_none() {
            self.challenge(now);
        }
    }

    fn is_valid(&mut self, segment: &Segment<'_>, now: Instant) -> bool {
        if segment.flags.contains(Flags::RST) {
            self.take_reset(segment, now);
            return false;
        }
        let is_valid = self.is_timely(segment, now) && self.is_in_window(segment, now);
        if is_valid && segment.flags.contains(Flags::SYN) {
            self.challenge(now);
            return false;
        }
        is_valid && self.is_acknowledgement_valid(segment, now)
    }

    /// Only the exact number resets; one that could be guessed asks the peer to say so again
    /// (RFC 5961 §3.2).
    fn take_reset(&mut self, segment: &Segment<'_>, now: Instant) {
        if segment.seq == self.receiver.next() {
            self.end(State::Closed, Over::Reset);
        } else if self.receiver.is_acceptable(segment.seq, 0) {
            self.challenge(now);
        }
    }

    /// PAWS (RFC 7323 §5.3). Who agreed on timestamps sends them always (§3.2); who begins anew has
    /// agreed on nothing yet, and has to hear of the old connection (RFC 5961 §4.2).
    fn is_timely(&mut self, segment: &Segment<'_>, now: Instant) -> bool {
        match (self.handshake.timestamp, segment.options.timestamps) {
            (None, _) => true,
            (Some(_), None) => segment.flags.contains(Flags::SYN),
            (Some(_), Some((timestamp, _))) if self.receiver.is_leftover(timestamp, now) => {
                self.repeat(segment, now);
                false
            }
            (Some(_), Some(_)) => true,
        }
    }

    /// The first check. A window of zero takes nothing but what an acknowledgement says.
    fn is_in_window(&mut self, segment: &Segment<'_>, now: Instant) -> bool {
        let is_next = segment.seq == self.receiver.next();
        if is_next || self.receiver.is_acceptable(segment.seq, segment.sequence_bytes()) {
            return true;
        }
        self.repeat(segment, now);
        false
    }

    /// Says where we stand: to each segment that repeats bytes, whose acknowledgement was lost, and
    /// else not too often, so that no two ends challenge each other for ever.
    fn repeat(&mut self, segment: &Segment<'_>, now: Instant) {
        let bytes = segment.sequence_bytes();
        let is_old = bytes > 0 && (segment.seq + bytes).is_at_most(self.receiver.next());
        if is_old && !segment.flags.contains(Flags::SYN) {
            self.receiver.segment(segment.seq, segment.payload, false, now, &mut |_| ());
            self.receiver.acknowledge();
        } else {
            self.challenge(now);
        }
    }

    /// The fifth check, as narrow as RFC 5961 §5.2 makes it.
    fn is_acknowledgement_valid(&mut self, segment: &Segment<'_>, now: Instant) -> bool {
        let Some(ack) = segment.ack else { return false };
        let oldest = self.sender.acknowledged_seq() - self.window_bytes_max;
        let is_valid = oldest.is_at_most(ack) && ack.is_at_most(self.sender.next_seq());
        if !is_valid {
            self.challenge(now);
        }
        is_valid
    }

    fn challenge(&mut self, now: Instant) {
        if self.challenges.allows(now) {
            self.receiver.acknowledge();
        }
    }

    fn take_acknowledgement(&mut self, segment: &Segment<'_>, now: Instant) -> usize {
        let Some(ack) = segment.ack else { return 0 };
        let acknowledgement = self.acknowledgement_of(segment, ack);
        self.window_bytes_max = self.window_bytes_max.max(acknowledgement.window_bytes);
        let progress = self.sender.acknowledged(&acknowledgement, now);
        self.waiting = None;
        self.wait_for_answer(now);
        if progress.fin {
            self.state = self.state.end_acknowledged();
            self.be_patient(now);
            self.notice_end();
        }
        progress.bytes
    }

    fn acknowledgement_of(&self, segment: &Segment<'_>, ack: SeqNo) -> Acknowledgement {
        let echo = segment.options.timestamps.map(|timestamps| timestamps.1);
        let agreed = self.handshake.timestamp.and(echo);
        Acknowledgement {
            seq: segment.seq,
            ack,
            window_bytes: u32::from(segment.window) << self.handshake.window_scale.unwrap_or(0),
            sack: segment.options.sack,
            timestamp_echo: agreed.map(|echo| echo.wrapping_sub(self.settings.clock_offset)),
            has_payload: segment.sequence_bytes() > 0,
            ece: self.handshake.ecn && segment.flags.contains(Flags::ECE),
        }
    }

    /// The seventh and eighth check: bytes, and the end.
    fn take_text(&mut self, segment: &Segment<'_>, now: Instant, sink: &mut dyn FnMut(&[u8])) {
        let end = segment.seq + segment.payload.len() as u32;
        if self.is_deaf && self.receiver.next().is_before(end) && !segment.payload.is_empty() {
            self.end_with_reset(Over::Aborted);
            return;
        }
        self.take_marks(segment);
        if !segment.payload.is_empty() {
            self.measure(segment, now);
        }
        let fin = segment.flags.contains(Flags::FIN);
        let arrival = self.receiver.segment(segment.seq, segment.payload, fin, now, sink);
        if arrival.fin {
            self.state = self.state.closed_by_peer();
            self.notice_end();
        }
        self.is_asked |= arrival.bytes > 0;
        if segment.sequence_bytes() > 0 && arrival.bytes == 0 {
            self.receiver.acknowledge();
        }
    }

    /// Marks of congestion are echoed until the peer says that it has slowed down.
    fn take_marks(&mut self, segment: &Segment<'_>) {
        if segment.flags.contains(Flags::CWR) {
            self.echoes_congestion = false;
        }
        let is_marked = segment.congestion_experienced && !segment.payload.is_empty();
        self.echoes_congestion |= self.handshake.ecn && is_marked;
    }

    /// How long a round trip takes, for the receiver: the peer sends back our clock with its bytes.
    fn measure(&mut self, segment: &Segment<'_>, now: Instant) {
        let echo = segment.options.timestamps.and_then(|timestamps| {
            let sent = timestamps.1.wrapping_sub(self.settings.clock_offset);
            let milliseconds = timestamp_ms(now).wrapping_sub(sent);
            (milliseconds < 1 << 16).then(|| Duration::from_millis(u64::from(milliseconds)))
        });
        if let Some(sample) = echo.or(self.sender.round_trip()) {
            self.receiver.round_trip(sample.max(ROUND_TRIP_MIN));
        }
    }

    /// Both ends have said all: then it is over as soon as all was handed out.
    pub(super) fn notice_end(&mut self) {
        if self.state.is_over() && (self.receiver.is_ended() || self.is_deaf) {
            self.end(self.state, Over::Closed);
        }
    }
}
