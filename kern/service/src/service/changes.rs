//! What a host may change while clients work.

use super::{OWN_TASKS, Service};
use crate::rates::Rates;
use crate::{Limits, State};
use alloc::string::String;
use alloc::vec::Vec;

impl Service {
    /// Closes the image as soon as that can be, and does not wait for [`crate::Limits::rest_after`]:
    /// a host does so to whom it has not used for longest when it can have no more images open. A
    /// service that is being used, or serves memory, stays as it is.
    pub fn rest(&mut self) {
        if self.volume.can_rest() {
            self.rest.ask();
        }
    }

    /// Starts no more calls until [`Service::resume`]. Those at work go on, connections stay, and
    /// what arrives waits, within the limits.
    pub fn pause(&mut self) {
        self.paused = !self.stopping;
    }

    /// Goes on at the next turn.
    pub fn resume(&mut self) {
        self.paused = false;
    }

    /// Whether calls wait because of [`Service::pause`].
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Changes what clients may mount, once all of it is seen to be there, which a service that rests
    /// is opened for. Until then, and if anything is wrong with it, nothing changes. What was asked
    /// for before and is not done yet is forgotten.
    pub fn set_exports(&mut self, exports: Vec<nfs::Export>) {
        self.exporting.ask(exports);
    }

    /// What came of the last [`Service::set_exports`], once, when that is known. An error is a
    /// sentence for the administrator.
    pub fn exports_set(&mut self) -> Option<Result<(), String>> {
        self.exporting.take_outcome()
    }

    /// May take so much from now on. What is held already goes on being held until it is done with. No
    /// more calls can be at work than 1024, or than were allowed when the service was made.
    pub fn set_limits(&mut self, limits: Limits) {
        self.received.set(limits.received_bytes_max());
        let mut limits = limits.divided();
        let calls_max = self.tasks.capacity_tasks() - OWN_TASKS;
        limits.rpc.calls_max = limits.rpc.calls_max.min(calls_max);
        if limits.rate != self.limits.rate {
            self.rates = Rates::new(limits.rate);
        }
        self.rest.set_after(limits.rest_after);
        self.rpc.set_limits(limits.rpc.clone());
        self.volume.set_limits(limits.clone());
        self.limits = limits;
    }

    /// Begins to look whether what is to be exported is there.
    pub(super) fn start_exporting(&mut self) {
        if self.exporting.has_next() {
            let task = self.exporting.begin(self.nfs.clone(), self.gate.announce());
            self.spawn(task);
        }
    }

    /// Says what is exported now, if that was changed.
    pub(super) fn follow_exporting(&mut self) {
        if self.exporting.has_ended()
            && let State::Serving(description) = &mut self.state
        {
            let exports = self.nfs.exports();
            description.exports = exports.paths().collect();
        }
    }
}
