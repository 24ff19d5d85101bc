//! Loss told by time: what was sent well before something that has arrived is lost
//! (RFC 8985 §6, RACK).
//!
//! It waits a little for packets that overtook each other, once it has seen that; duplicates that
//! the peer reports make it wait longer (§6.2 step 4).

use super::scoreboard::{Piece, Scoreboard, SentKey};
use abi::Instant;
use core::time::Duration;

/// So many packets beyond a gap prove it, on a path that keeps order.
const DUPLICATES_PROVING: u64 = 3;

/// For how many recoveries a longer wait is kept.
const RECOVERIES_KEPT: u8 = 16;

/// The longest wait, in quarters of the least round trip.
const QUARTERS_MAX: u32 = 64;

/// What the newest arrivals say.
#[derive(Clone, Debug, PartialEq)]
pub struct Rack {
    newest: Option<SentKey>,
    round_trip: Duration,
    /// The highest offset that arrived.
    highest: u64,
    reordering: bool,
    quarters: u32,
    recoveries_left: u8,
    /// Up to here one reported duplicate counts.
    duplicate_round: u64,
}

impl Default for Rack {
    fn default() -> Self {
        Self {
            newest: None,
            round_trip: Duration::ZERO,
            highest: 0,
            reordering: false,
            quarters: 1,
            recoveries_left: 0,
            duplicate_round: 0,
        }
    }
}

/// What of the rest of the sender matters for how long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Something is known to be lost already.
    pub recovering: bool,
    /// The payload of a full packet.
    pub mss: u16,
    /// The smoothed round trip.
    pub smoothed: Duration,
    /// The least round trip.
    pub minimum: Duration,
}

impl Rack {
    /// A piece arrived: `start` is its offset, `minimum` the least round trip, and `echo` when the
    /// packet that made the peer answer was sent, in milliseconds of the clock of timestamps.
    pub fn delivered(
        &mut self,
        start: u64,
        piece: Piece,
        echo: Option<u32>,
        minimum: Duration,
        now: Instant,
    ) {
        if !piece.resent && piece.end < self.highest {
            self.reordering = true;
        }
        self.highest = self.highest.max(piece.end);
        let trip = now.since(piece.sent);
        if piece.resent && (is_of_earlier(echo, piece.sent) || trip < minimum) {
            return;
        }
        self.round_trip = trip;
        self.newest = self.newest.max(Some((piece.sent, start)));
    }

    /// The peer reports to have got something twice: it was sent again too early. Counts once until
    /// what was sent by now, before the offset `next`, is acknowledged.
    pub fn duplicated(&mut self, acknowledged: u64, next: u64) {
        if acknowledged >= self.duplicate_round {
            self.duplicate_round = next;
            self.quarters = (self.quarters + 1).min(QUARTERS_MAX);
            self.recoveries_left = RECOVERIES_KEPT;
            self.reordering = true;
        }
    }

    /// A recovery is over.
    pub fn recovered(&mut self) {
        self.recoveries_left = self.recoveries_left.saturating_sub(1);
        if self.recoveries_left == 0 {
            self.quarters = 1;
        }
    }

    /// How long packets may be overtaken before they are lost.
    pub fn patience(&self, board: &Scoreboard, at: Circumstances) -> Duration {
        let proven = board.held_bytes() >= DUPLICATES_PROVING * u64::from(at.mss);
        if !self.reordering && (at.recovering || proven) {
            return Duration::ZERO;
        }
        (at.minimum * self.quarters / 4).min(at.smoothed)
    }

    /// Loses what is overdue. When to look again, if something might become so.
    pub fn lose(&self, board: &mut Scoreboard, at: Circumstances, now: Instant) -> Option<Instant> {
        let newest = self.newest?;
        let wait = self.round_trip + self.patience(board, at);
        while let Some(first) = board.first_sent().filter(|first| *first < newest) {
            if first.0 + wait > now {
                break;
            }
            board.lose(first.1);
        }
        board.last_sent_before(newest).map(|last| last.0 + wait)
    }

    /// After a timeout: the oldest packet is lost, and all that has been on its way for longer than
    /// the path takes (§6.3).
    pub fn lose_after_timeout(&self, board: &mut Scoreboard, at: Circumstances, now: Instant) {
        let wait = self.round_trip + self.patience(board, at);
        while let Some(first) = board.first_sent().filter(|first| first.0 + wait <= now) {
            board.lose(first.1);
        }
        board.lose_first(u64::from(at.mss));
    }
}

/// Whether the peer answered something sent before `sent`.
fn is_of_earlier(echo: Option<u32>, sent: Instant) -> bool {
    let sent_ms = super::rtt::timestamp_ms(sent);
    echo.is_some_and(|echo| echo.wrapping_sub(sent_ms).cast_signed() < 0)
}
