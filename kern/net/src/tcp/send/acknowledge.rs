//! What an acknowledgement changes. What it claims is believed only as far as it can be true.

use super::congestion::Growth;
use super::prr::Delivery;
use super::recovery::{News, Recovery, Undo};
use super::rtt::timestamp_ms;
use super::scoreboard::Piece;
use super::{Acknowledgement, Progress, Sender};
use abi::Instant;
use core::time::Duration;

/// So many equal acknowledgements mean a loss, from a peer without SACK (RFC 5681 §3.2).
const DUPLICATES_PROVING: u32 = 3;

/// More than any path takes: echoes that say as much are nonsense.
const ECHO_MS_END: u32 = 120_000;

/// A handshake that seems to have taken as long has lost something, and its first echo came later.
const HANDSHAKE_MS_END: u32 = 1000;

impl Sender {
    /// Takes in what a segment of the peer acknowledges. One that is older than what is known, or of
    /// bytes never sent, changes nothing: the connection must answer the latter (RFC 9293 §3.10.7.4).
    pub fn acknowledged(&mut self, ack: &Acknowledgement, now: Instant) -> Progress {
        let known = self.acknowledged..=self.next;
        let Some(offset) = self.offset(ack.ack).filter(|offset| known.contains(offset)) else {
            return Progress::default();
        };
        let window_end = self.window.end();
        self.window.offered(ack.seq, offset, ack.window_bytes);
        if offset > self.acknowledged || self.board.is_empty() {
            self.timers.answered();
        }
        let is_duplicate = offset == self.acknowledged
            && !ack.has_payload
            && window_end == self.window.end()
            && !self.board.is_empty();
        let limited = self.acknowledged < self.limited_until;
        let progress = Progress { is_duplicate, ..self.progress(offset) };

        let mut news = self.take_in(ack, offset, now);
        self.measure(ack, &news, now);
        self.judge_duplicate(&news);
        self.judge_tail(&news, is_duplicate);
        self.judge_recovery(ack, &news);
        news.lost_bytes = self.find_losses(is_duplicate, &mut news, now);
        self.judge_mark(ack);
        self.adjust_window(&news, limited, now);
        if news.delivered_bytes > 0 {
            self.hole.arrived(news.packet_bytes_max, news.advanced_bytes > 0);
            self.fit();
        }
        self.rearm(news.delivered_bytes > 0, now);
        progress
    }

    fn progress(&self, offset: u64) -> Progress {
        let data_end = offset.min(self.queue.end());
        let bytes = data_end.saturating_sub(self.acknowledged) as usize;
        let fin = offset > self.queue.end() && self.acknowledged <= self.queue.end();
        Progress { bytes, fin, is_duplicate: false }
    }

    /// Moves what arrived out of the scoreboard, and hears what it tells of the path.
    fn take_in(&mut self, ack: &Acknowledgement, offset: u64, now: Instant) -> News {
        let duplicate = self.duplicate(ack, offset);
        let held = self.held(ack, offset);
        let advanced_bytes = offset - self.acknowledged;
        let mut news = News { advanced_bytes, duplicate, ..News::default() };
        let minimum = self.round_trip.minimum().unwrap_or_default();
        let recovery_end = self.recovery_end();
        let rack = &mut self.rack;
        let mut delivered = |start: u64, piece: Piece| {
            news.delivered_bytes += piece.end - start;
            news.packet_bytes_max = news.packet_bytes_max.max(piece.first_packet_bytes(start));
            rack.delivered(start, piece, ack.timestamp_echo, minimum, now);
            news.resent |= piece.resent;
            if !piece.resent {
                let trip = now.since(piece.sent);
                news.sample = news.sample.max(Some(trip));
                news.path_sample = Some(news.path_sample.map_or(trip, |least| least.min(trip)));
                news.original |= recovery_end.is_some_and(|end| piece.end <= end);
            }
        };
        self.board.acknowledge(offset, &mut delivered);
        for (start, end) in held.into_iter().flatten() {
            self.board.hold(start, end, &mut delivered);
        }
        self.acknowledged = offset;
        self.queue.release(offset);
        news
    }

    /// What the peer had twice, if the first block says so (RFC 2883 §4): its offset and length.
    fn duplicate(&self, ack: &Acknowledgement, acknowledged: u64) -> Option<(u64, u64)> {
        let [Some(first), second, ..] = ack.sack else { return None };
        let old = first.end.is_at_most(ack.ack);
        let inside = second.is_some_and(|second| second.covers(first) && !second.is_empty());
        let heeded = self.settings.sack && !first.is_empty() && (old || inside);
        let start = self.offset(first.start).filter(|_| heeded)?;
        (start < acknowledged || inside).then_some((start, u64::from(first.bytes())))
    }

    /// The blocks that can be true: beyond the acknowledgement, of what was sent. In order, lest what
    /// arrived together seem to have arrived out of it.
    fn held(&self, ack: &Acknowledgement, acknowledged: u64) -> [Option<(u64, u64)>; 4] {
        let mut held = ack.sack.map(|block| {
            let block = block.filter(|block| self.settings.sack && !block.is_empty())?;
            let (start, end) = (self.offset(block.start)?, self.offset(block.end)?);
            (acknowledged <= start && start < end && end <= self.next).then_some((start, end))
        });
        held.sort_unstable();
        held
    }

    /// Measures the round trip. What was sent more than once tells nothing but by the echo
    /// (RFC 6298 §3).
    fn measure(&mut self, ack: &Acknowledgement, news: &News, now: Instant) {
        let echoed = ack.timestamp_echo.filter(|_| self.settings.timestamps);
        let echoed_ms = echoed.map(|echo| timestamp_ms(now).wrapping_sub(echo));
        let echoed_ms = echoed_ms.filter(|ms| *ms < self.echo_ms_end(ack, news));
        let echoed = echoed_ms.map(|ms| Duration::from_millis(u64::from(ms.max(1))));
        if let Some(sample) = news.sample.filter(|_| !news.resent).or(echoed) {
            self.round_trip.measured(sample);
            self.round_trip.answered();
        }
        if let Some(sample) = news.path_sample {
            self.round_trip.measured_path(sample, now);
        }
    }

    /// Behind the longest echo that measures something, in milliseconds: what acknowledges nothing new
    /// tells nothing, but for the end of the handshake, which acknowledges our SYN.
    fn echo_ms_end(&self, ack: &Acknowledgement, news: &News) -> u32 {
        let is_handshake = self.round_trip.smoothed().is_none() && !ack.has_payload;
        match (news.advanced_bytes > 0, is_handshake) {
            (true, _) => ECHO_MS_END,
            (false, true) => HANDSHAKE_MS_END,
            (false, false) => 0,
        }
    }

    /// A report of a duplicate makes for more patience, if it was us who sent it twice.
    fn judge_duplicate(&mut self, news: &News) {
        let resent = self.undo.as_ref().is_some_and(Undo::has_resent);
        if news.duplicate.is_some() && resent && self.tail.is_none() {
            self.rack.duplicated(self.acknowledged, self.next);
        }
    }

    /// What became of a tail probe: a loss that it made up for is a loss (RFC 8985 §7.4.2).
    fn judge_tail(&mut self, news: &News, is_duplicate: bool) {
        let Some(tail) = self.tail.filter(|tail| tail.end <= self.acknowledged) else { return };
        let both_arrived = is_duplicate && news.delivered_bytes == 0;
        if !tail.resent || news.duplicate.is_some() || both_arrived {
            self.tail = None;
        } else if tail.end < self.acknowledged {
            self.tail = None;
            self.congestion.lost();
            self.congestion.recovered();
        }
    }

    /// Looks for what is lost by now. How many bytes of it are new.
    fn find_losses(&mut self, is_duplicate: bool, news: &mut News, now: Instant) -> u64 {
        let lost_bytes = self.board.lost_bytes();
        if self.settings.sack {
            let circumstances = self.circumstances();
            self.timers.reorder = self.rack.lose(&mut self.board, circumstances, now);
        } else {
            self.count_duplicates(is_duplicate, news);
        }
        self.board.lost_bytes().saturating_sub(lost_bytes)
    }

    /// Without SACK: the third duplicate means that the oldest packet is lost, and during a recovery
    /// so does an acknowledgement of a part (RFC 6582).
    fn count_duplicates(&mut self, is_duplicate: bool, news: &mut News) {
        let recovering =
            matches!(self.recovery, Recovery::Fast { end, .. } if self.acknowledged < end);
        if news.advanced_bytes > 0 {
            self.duplicates = 0;
        } else if is_duplicate {
            self.duplicates = self.duplicates.saturating_add(1);
            news.delivered_bytes += self.mss_bytes();
        }
        let third = self.duplicates == DUPLICATES_PROVING && self.recovery == Recovery::None;
        if (is_duplicate && third) || (recovering && news.advanced_bytes > 0) {
            self.board.lose_first(self.mss_bytes());
        }
    }

    /// Reacts to marks once per window (RFC 3168 §6.1.2).
    fn judge_mark(&mut self, ack: &Acknowledgement) {
        if ack.ece && self.settings.ecn && self.acknowledged > self.marked_until {
            self.marked_until = self.next;
            self.reduced = true;
            if self.recovery == Recovery::None {
                self.congestion.marked();
            }
        }
    }

    fn adjust_window(&mut self, news: &News, limited: bool, now: Instant) {
        if !self.end_recovery() {
            self.grow_or_follow(news, limited, now);
        }
        self.begin_recovery(news.delivered_bytes);
    }

    fn grow_or_follow(&mut self, news: &News, limited: bool, now: Instant) {
        let mut recovery = core::mem::replace(&mut self.recovery, Recovery::None);
        if let Recovery::Fast { reduction, .. } = &mut recovery {
            let is_safe = news.advanced_bytes > 0 && news.lost_bytes == 0;
            self.follow(reduction, Delivery { bytes: news.delivered_bytes, is_safe });
        } else if news.advanced_bytes > 0 {
            let growth = Growth {
                bytes: news.advanced_bytes,
                acknowledged: self.acknowledged,
                next: self.next,
                sample: news.path_sample,
                trip: self.round_trip.smoothed().unwrap_or_default(),
                limited: limited || recovery != Recovery::None,
            };
            self.congestion.acknowledged(growth, now);
        }
        self.recovery = recovery;
    }
}
