//! What tenants are asked from outside.

use super::{Tenants, wake};
use crate::report::{Progress, ServiceId};
use crate::slot::{Slot, Stage, Told, guarded};
use service::{Export, Limits, Service};

/// Tenants asked to leave between two turns, when all are.
const STOPS_PER_TURN_MAX: usize = 16;

impl Tenants {
    /// Asks a tenant to leave.
    pub(crate) fn stop(&mut self, id: ServiceId) {
        let Some(&index) = self.indexes.get(&id) else { return };
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(tenant) = slot.tenant.as_mut().filter(|_| slot.stage != Stage::Stopping) else {
            return;
        };
        slot.stage = Stage::Stopping;
        let stopped = guarded(|| tenant.stop());
        self.network.shut(&slot.doors);
        self.stop_link(index);
        self.set_stop_deadline(index);
        wake(&mut self.slots, &mut self.runnable, index);
        if let Err(panic) = stopped {
            self.break_off(index, &panic);
        }
    }

    /// Asks every tenant to leave, a few at a time.
    pub(crate) fn stop_all(&mut self) {
        self.unwanted = self.indexes.keys().copied().collect();
    }

    pub(super) fn stop_some(&mut self) {
        let count = self.unwanted.len().min(STOPS_PER_TURN_MAX);
        for id in self.unwanted.drain(..count).collect::<Vec<_>>() {
            self.stop(id);
        }
    }

    /// Turns a tenant: something that it waits for has come.
    pub(crate) fn turn_soon(&mut self, id: ServiceId) {
        if let Some(&index) = self.indexes.get(&id) {
            wake(&mut self.slots, &mut self.runnable, index);
        }
    }

    /// Has a service close its image, unless that is being used.
    pub(crate) fn rest(&mut self, id: ServiceId) {
        self.ask(id, Service::rest);
    }

    /// Has a service start no more calls, or go on.
    pub(crate) fn pause(&mut self, id: ServiceId, paused: bool) {
        let Some(slot) = self.slot_of(id).filter(|slot| slot.stage == Stage::Serving) else {
            return;
        };
        if paused == (slot.told == Told::Paused) {
            return;
        }
        if self.ask(id, if paused { Service::pause } else { Service::resume }).is_none() {
            return;
        }
        if paused {
            self.reports.tell(id, Progress::Paused);
        }
        // What it is when it goes on is news again.
        if let Some(slot) = self.slot_of(id) {
            slot.told = if paused { Told::Paused } else { Told::Nothing };
        }
    }

    /// Has a service offer these to clients. What comes of it is reported.
    pub(crate) fn set_exports(&mut self, id: ServiceId, exports: Vec<Export>) {
        if self.ask(id, |service| service.set_exports(exports)).is_none() {
            return;
        }
        if let Some(slot) = self.slot_of(id) {
            slot.is_exporting = true;
        }
    }

    /// Gives a service other limits, and another weight.
    pub(crate) fn set_limits(&mut self, id: ServiceId, limits: Limits, weight: u32) {
        if let Some(slot) = self.slot_of(id) {
            slot.share.set_weight(weight);
        }
        self.ask(id, |service| service.set_limits(limits));
    }

    /// Asks something of a service; tenants of other kinds have no answer.
    fn ask<T>(&mut self, id: ServiceId, what: impl FnOnce(&mut Service) -> T) -> Option<T> {
        let tenant = self.slot_of(id)?.tenant.as_mut()?;
        let asked = guarded(|| tenant.service().map(what));
        let index = *self.indexes.get(&id)?;
        match asked {
            Ok(answer) => {
                wake(&mut self.slots, &mut self.runnable, index);
                answer
            }
            Err(panic) => {
                self.break_off(index, &panic);
                None
            }
        }
    }

    pub(super) fn slot_of(&mut self, id: ServiceId) -> Option<&mut Slot> {
        self.slots.get_mut(*self.indexes.get(&id)?)
    }
}
