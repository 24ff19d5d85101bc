//! From a loss until all that was outstanding then has arrived, and how a mistaken recovery is taken
//! back (RFC 6675 §5, RFC 9438 §4.9; by timestamps: RFC 3522; by D-SACK: RFC 3708; without either:
//! RFC 5682).

use super::congestion::Congestion;
use super::prr::{Delivery, Reduction};
use super::rack::Circumstances;
use super::rtt::timestamp_ms;
use super::{Acknowledgement, Sender};
use abi::Instant;
use core::time::Duration;

/// Whether something is being made up for. It ends when `end` is acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub enum Recovery {
    /// Nothing is.
    None,
    /// Losses seen by what arrived, at a rate that follows it.
    Fast {
        /// The offset behind what was sent when it began.
        end: u64,
        /// How much may be sent.
        reduction: Reduction,
    },
    /// After a timeout, or on a path with smaller packets: in slow start.
    Resending {
        /// The offset behind what was sent when it began.
        end: u64,
    },
}

/// What it takes to see that a recovery was a mistake, and to take it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// What was acknowledged when it began.
    start: u64,
    before: alloc::boxed::Box<Congestion>,
    /// When the first packet was sent again, by the clock of timestamps.
    first_resent_ms: Option<u32>,
    /// What was sent again and is not known to have been there twice.
    resent_bytes: u64,
    /// The first acknowledgement in order after that has been judged.
    judged: bool,
}

impl Undo {
    fn new(start: u64, before: &Congestion) -> Self {
        let before = alloc::boxed::Box::new(before.clone());
        Self { start, before, first_resent_ms: None, resent_bytes: 0, judged: false }
    }

    /// Something was sent again of which the peer may yet report to have had it.
    pub const fn has_resent(&self) -> bool {
        self.resent_bytes > 0
    }

    /// Bytes leave once more.
    pub fn resent(&mut self, bytes: u64, now: Instant) {
        self.resent_bytes += bytes;
        self.first_resent_ms.get_or_insert(timestamp_ms(now));
    }

    /// The first acknowledgement in order: whether it answers what was sent before anything was sent
    /// again, so that nothing had been lost.
    fn is_answer_to_original(&mut self, echo: Option<u32>) -> bool {
        if core::mem::replace(&mut self.judged, true) {
            return false;
        }
        match (self.first_resent_ms, echo) {
            (None, _) => true,
            (Some(resent), Some(echo)) => echo.wrapping_sub(resent).cast_signed() < 0,
            (Some(_), None) => false,
        }
    }

    /// The peer had `bytes` from the offset `start` on twice: whether that is so of all that was
    /// sent again.
    fn is_all_duplicate(&mut self, start: u64, bytes: u64) -> bool {
        let counts = start >= self.start && self.resent_bytes > 0;
        self.resent_bytes = self.resent_bytes.saturating_sub(if counts { bytes } else { 0 });
        counts && self.resent_bytes == 0
    }
}

/// What one acknowledgement brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct News {
    /// Bytes acknowledged in order.
    pub advanced_bytes: u64,
    /// Bytes that arrived, in order or not.
    pub delivered_bytes: u64,
    /// The largest packet of those, in bytes.
    pub packet_bytes_max: u16,
    /// Since the oldest of what arrived was sent.
    pub sample: Option<Duration>,
    /// Some of it was sent more than once.
    pub resent: bool,
    /// Since the newest was.
    pub path_sample: Option<Duration>,
    /// Some of it was sent once only, before the recovery began.
    pub original: bool,
    /// What the peer had twice: its offset and its length.
    pub duplicate: Option<(u64, u64)>,
    /// Bytes that were found lost by it.
    pub lost_bytes: u64,
}

impl Sender {
    /// What matters for finding losses.
    pub(super) fn circumstances(&self) -> Circumstances {
        Circumstances {
            recovering: self.recovery != Recovery::None,
            mss: self.settings.mss,
            smoothed: self.round_trip.smoothed().unwrap_or_default(),
            minimum: self.round_trip.minimum().unwrap_or_default(),
        }
    }

    /// The offset at which the recovery under way ends.
    pub(super) const fn recovery_end(&self) -> Option<u64> {
        match self.recovery {
            Recovery::None => None,
            Recovery::Fast { end, .. } | Recovery::Resending { end } => Some(end),
        }
    }

    /// Losses that nothing is being done about begin a recovery.
    pub(super) fn begin_recovery(&mut self, delivered_bytes: u64) {
        if self.recovery != Recovery::None || self.board.lost_bytes() == 0 {
            return;
        }
        self.undo = Some(Undo::new(self.acknowledged, &self.congestion));
        self.congestion.lost();
        let outstanding = self.board.in_flight_bytes() + self.board.lost_bytes();
        let mut reduction = Reduction::new(outstanding + delivered_bytes);
        let delivery = Delivery { bytes: delivered_bytes, is_safe: false };
        self.follow(&mut reduction, delivery);
        self.recovery = Recovery::Fast { end: self.next, reduction };
        self.tail = None;
        self.timers.probe = None;
    }

    /// A timeout passed: the oldest packet is sent again, and whatever else is overdue.
    pub(super) fn begin_resending(&mut self, now: Instant) {
        let first = self.recovery == Recovery::None;
        if first {
            self.undo = Some(Undo::new(self.acknowledged, &self.congestion));
        }
        if self.board.is_first_held() {
            self.board.forget_held();
        }
        let circumstances = self.circumstances();
        self.rack.lose_after_timeout(&mut self.board, circumstances, now);
        self.duplicates = 0;
        let in_flight = self.board.in_flight_bytes();
        if first {
            self.congestion.timed_out(in_flight);
        } else {
            self.congestion.timed_out_again(in_flight);
        }
        self.recovery = Recovery::Resending { end: self.next };
        self.tail = None;
    }

    /// Lets the window follow what arrives.
    pub(super) fn follow(&mut self, reduction: &mut Reduction, delivery: Delivery) {
        let (pipe, threshold) = (self.pipe_bytes(), self.congestion.threshold_bytes());
        let window = reduction.window(delivery, pipe, threshold, self.mss_bytes());
        self.congestion.set_window_bytes(window);
    }

    /// Ends the recovery if all of it has arrived. Whether one ended.
    pub(super) fn end_recovery(&mut self) -> bool {
        let over = self.recovery_end().is_some_and(|end| end <= self.acknowledged);
        if over {
            if matches!(self.recovery, Recovery::Fast { .. }) {
                self.congestion.recovered();
            }
            self.recovery = Recovery::None;
            self.rack.recovered();
        }
        over
    }

    /// Takes the recovery back if `news` show that nothing had been lost.
    pub(super) fn judge_recovery(&mut self, ack: &Acknowledgement, news: &News) {
        let resending = matches!(self.recovery, Recovery::Resending { .. });
        let recovering = self.recovery != Recovery::None;
        let Some(undo) = &mut self.undo else { return };
        let in_order = recovering && news.advanced_bytes > 0;
        let by_time = in_order && undo.is_answer_to_original(ack.timestamp_echo);
        // Without SACK, what fills the only gap acknowledges all that was beyond it, too.
        let told = self.settings.sack && !self.settings.timestamps;
        let by_original = resending && news.original && told;
        let all_twice = |(start, bytes)| undo.is_all_duplicate(start, bytes);
        if news.duplicate.is_some_and(all_twice) || by_time || by_original {
            self.take_back();
        }
    }

    fn take_back(&mut self) {
        if let Some(undo) = self.undo.take() {
            self.congestion.undo(&undo.before);
            self.board.find_lost();
            self.recovery = Recovery::None;
        }
    }
}
