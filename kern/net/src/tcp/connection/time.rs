//! What is due some time: retransmissions and acknowledgements, and that a peer is asked whether it is
//! there, given up, or not waited for any longer.

use super::{Connection, Over, State};
use crate::tcp::limits::{FIN_WAIT_2, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES_MAX, LAST_CHANCE, LATE};
use abi::Instant;
use core::time::Duration;

impl Connection {
    /// When to call [`Self::timeout`], and then [`Self::next`].
    pub fn deadline(&self) -> Option<Instant> {
        if self.state.is_over() {
            return None;
        }
        let deadlines = [
            self.sender.deadline(),
            self.receiver.deadline(),
            self.question(),
            self.user_timeout(),
            self.patience,
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn timeout(&mut self, now: Instant) {
        if self.state.is_over() {
            return;
        }
        self.wake(now);
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.user_timeout()) || self.sender.timeout(now).is_err() {
            self.end_with_reset(Over::TimedOut);
        } else if is_due(self.patience) {
            self.end(State::Closed, Over::Closed);
        } else if let Some(at) = self.question().filter(|at| *at <= now) {
            self.ask(now.since(at));
        }
    }

    /// When a peer that leaves what was sent without an answer is given up.
    fn user_timeout(&self) -> Option<Instant> {
        self.waiting.map(|since| since + self.settings.user_timeout)
    }

    /// Time in which nobody was here to ask does not count, and who is late asks at once: no peer is
    /// given up that was not asked since.
    fn wake(&mut self, now: Instant) {
        let late = self.deadline().map_or(Duration::ZERO, |at| now.since(at));
        let Some((until, since)) = self.user_timeout().zip(self.waiting).filter(|_| late > LATE)
        else {
            return;
        };
        let left = (until + late).since(now);
        self.waiting = Some(since + late + LAST_CHANCE.saturating_sub(left));
        self.sender.ask_at_once(now);
    }

    /// When to ask a peer from which nothing was heard and to which nothing is to be said.
    fn question(&self) -> Option<Instant> {
        let silence = self.settings.keepalive.filter(|_| self.waiting.is_none())?;
        Some(self.heard + silence + KEEPALIVE_INTERVAL * u32::from(self.probes))
    }

    /// However late the peer is asked, it has all the time to answer: a connection may have been
    /// elsewhere meanwhile.
    fn ask(&mut self, late: Duration) {
        if self.probes >= KEEPALIVE_PROBES_MAX {
            self.end_with_reset(Over::TimedOut);
        } else {
            self.heard = self.heard + late;
            self.probes += 1;
            self.is_probe_due = true;
        }
    }

    /// What was sent must be answered in time.
    pub(super) fn wait_for_answer(&mut self, now: Instant) {
        if self.sender.is_done() {
            self.waiting = None;
        } else {
            self.waiting.get_or_insert(now);
        }
    }

    /// In FIN-WAIT-2, when nobody reads: the peer has only its end left to say.
    pub(super) fn be_patient(&mut self, now: Instant) {
        if self.is_deaf && self.state == State::FinWait2 {
            self.patience.get_or_insert(now + FIN_WAIT_2);
        }
    }
}
