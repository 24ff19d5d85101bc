//! When a service that nobody uses closes what it serves.

use abi::Instant;
use core::time::Duration;

/// See the top of the file.
pub(crate) struct Rest {
    /// How long nobody may use it; `None` for ever.
    after: Option<Duration>,
    used_at: Instant,
    /// Whether somebody asked for it to close without waiting.
    is_asked: bool,
}

impl Rest {
    /// For a service that is used now.
    pub(crate) fn new(after: Option<Duration>, now: Instant) -> Self {
        Self { after, used_at: now, is_asked: false }
    }

    /// How long nobody may use it from now on.
    pub(crate) fn set_after(&mut self, after: Option<Duration>) {
        self.after = after;
    }

    /// Somebody uses it.
    pub(crate) fn used(&mut self, now: Instant) {
        self.used_at = now;
        self.is_asked = false;
    }

    /// Nobody shall wait any longer, unless somebody uses it before it can be closed.
    pub(crate) fn ask(&mut self) {
        self.is_asked = true;
    }

    /// Whether it is to be closed. What is unsaved is saved at its own time, unless somebody asked.
    pub(crate) fn is_due(&self, is_unsaved: bool, now: Instant) -> bool {
        let is_of_age = self.deadline().is_some_and(|deadline| deadline <= now);
        self.is_asked || (is_of_age && !is_unsaved)
    }

    /// When it is to be closed, if nobody uses it until then.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.after.map(|after| self.used_at + after)
    }
}
