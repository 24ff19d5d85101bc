//! The timers of a sender: retransmission (RFC 6298 §5), tail probe (RFC 8985 §7.2), reordering
//! (RFC 8985 §6), and the closed window (RFC 9293 §3.8.6.1).

use super::recovery::Recovery;
use super::rtt::{MARGIN_MIN, TIMEOUT_MAX};
use super::transmit::Ask;
use super::{GivenUp, Sender};
use abi::Instant;
use core::time::Duration;

/// So many timeouts in a row without an answer are the last: a quarter of an hour.
const UNANSWERED_MAX: u32 = 15;

/// What a tail probe waits beyond two round trips: a peer's clock tick.
const PROBE_MARGIN: Duration = Duration::from_millis(2);

/// When to do what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timers {
    /// The oldest packet is to be sent again.
    pub retransmit: Option<Instant>,
    /// The end of what was sent is to be probed.
    pub probe: Option<Instant>,
    /// Packets may have become overdue.
    pub reorder: Option<Instant>,
    persist: Option<Instant>,
    persist_doublings: u32,
    unanswered: u32,
}

impl Timers {
    /// The peer is there.
    pub fn answered(&mut self) {
        self.unanswered = 0;
    }

    /// New data left: the window is open.
    pub fn sent_new(&mut self) {
        self.persist = None;
        self.persist_doublings = 0;
    }

    fn is_last(&mut self) -> Result<(), GivenUp> {
        self.unanswered += 1;
        if self.unanswered > UNANSWERED_MAX { Err(GivenUp) } else { Ok(()) }
    }
}

impl Sender {
    /// When [`Self::timeout`] is to be called, unless something arrives before.
    pub fn deadline(&self) -> Option<Instant> {
        let Timers { retransmit, probe, reorder, persist, .. } = self.timers;
        [retransmit, probe, reorder, persist].into_iter().flatten().min()
    }

    /// Time has passed in which nothing could be sent: what waits for an answer is due by now, and this
    /// is not the last time.
    pub fn ask_at_once(&mut self, now: Instant) {
        let Timers { retransmit, persist, unanswered, .. } = &mut self.timers;
        for timer in [retransmit, persist] {
            *timer = timer.map(|at| at.min(now));
        }
        *unanswered = (*unanswered).min(UNANSWERED_MAX - 1);
    }

    /// Does what is due; [`Self::next`] then has what is to be sent.
    ///
    /// # Errors
    /// The peer has not answered for a quarter of an hour.
    pub fn timeout(&mut self, now: Instant) -> Result<(), GivenUp> {
        if is_due(&mut self.timers.reorder, now) {
            let circumstances = self.circumstances();
            self.timers.reorder = self.rack.lose(&mut self.board, circumstances, now);
            self.begin_recovery(0);
        }
        if is_due(&mut self.timers.persist, now) {
            self.timers.is_last()?;
            self.timers.persist_doublings += 1;
            self.ask = Some(Ask::Window);
            self.arm_persist(now);
        }
        if is_due(&mut self.timers.probe, now) {
            self.ask = Some(Ask::Tail);
            self.timers.retransmit = Some(now + self.round_trip.timeout());
        } else if is_due(&mut self.timers.retransmit, now) {
            self.timers.is_last()?;
            self.retransmission_due(now);
        }
        Ok(())
    }

    fn retransmission_due(&mut self, now: Instant) {
        let oldest_bytes = self.board.first_packet_bytes();
        self.hole.timed_out(oldest_bytes, self.settings.mss_small, self.settings.mss_least);
        self.fit();
        self.begin_resending(now);
        self.round_trip.back_off();
        self.timers.probe = None;
        self.timers.reorder = None;
        self.timers.retransmit = Some(now + self.round_trip.timeout());
    }

    /// Something has left.
    pub(super) fn arm(&mut self, now: Instant) {
        let timeout = self.round_trip.timeout();
        self.timers.retransmit.get_or_insert(now + timeout);
        self.timers.probe = self.probe_time(now);
    }

    /// An acknowledgement was taken in.
    pub(super) fn rearm(&mut self, delivered: bool, now: Instant) {
        if self.board.is_empty() {
            self.busy = if delivered { now } else { self.busy };
            (self.timers.retransmit, self.timers.probe, self.timers.reorder) = (None, None, None);
        } else if delivered {
            self.timers.retransmit = Some(now + self.round_trip.timeout());
            self.timers.probe = self.probe_time(now);
        }
        if self.window.room_bytes(self.next) >= self.mss_bytes().min(self.unsent_bytes().max(1)) {
            self.timers.sent_new();
        }
    }

    /// When to probe the tail: if nothing else would make the peer tell of a loss there.
    fn probe_time(&self, now: Instant) -> Option<Instant> {
        let quiet = self.recovery == Recovery::None && self.tail.is_none();
        let whole = self.board.held_bytes() == 0 && self.board.lost_bytes() == 0;
        if !(self.settings.sack && quiet && whole) || self.board.is_empty() {
            return None;
        }
        let alone = self.board.in_flight_bytes() <= self.mss_bytes();
        // A single packet's acknowledgement may be delayed.
        let margin = if alone { MARGIN_MIN } else { PROBE_MARGIN };
        let smoothed = self.round_trip.smoothed();
        let wait = smoothed.map_or(self.round_trip.timeout(), |smoothed| smoothed * 2 + margin);
        Some((now + wait).min(self.timers.retransmit.unwrap_or(now + wait)))
    }

    /// The window is too small for what waits, and nothing on its way will make the peer tell of a
    /// larger one.
    pub(super) fn arm_persist(&mut self, now: Instant) {
        if self.board.is_empty() {
            let doubled = 1 << self.timers.persist_doublings.min(16);
            let wait = self.round_trip.timeout().saturating_mul(doubled).min(TIMEOUT_MAX);
            self.timers.persist.get_or_insert(now + wait);
        }
    }
}

fn is_due(timer: &mut Option<Instant>, now: Instant) -> bool {
    timer.take_if(|at| *at <= now).is_some()
}
