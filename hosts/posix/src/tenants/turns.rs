//! Who is turned when, and what a turn brings to light.

use super::{Tenants, Timer, wake};
use crate::clock::HostClock;
use crate::report::Progress;
use crate::slot::{News, Stage, Told, exports_set, guarded, is_quiet, news};
use abi::Instant;
use hyper::Clock;
use service::{Description, Next};
use std::sync::atomic::Ordering::Relaxed;

impl Tenants {
    /// Turns each tenant that has reason to be turned, once, unless it has had more than its share.
    pub(crate) fn turn(&mut self) {
        self.deliver_mail();
        std::mem::swap(&mut self.runnable, &mut self.turning);
        let mut turning = std::mem::take(&mut self.turning);
        self.begin_round(&turning);
        for index in turning.drain(..) {
            if self.is_passed_over(index) {
                self.runnable.push(index);
            } else {
                self.turn_one(index);
            }
        }
        self.turning = turning;
    }

    /// The worker is busy with this tenant from now on, or with none.
    pub(super) fn attend(&mut self, index: Option<usize>) {
        if let Some((past, time_ns)) = self.meter.attend(index, || HostClock.now()) {
            self.charge(past, time_ns);
        }
    }

    /// A tenant has used so much time.
    pub(super) fn charge(&mut self, index: usize, time_ns: u64) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.share.used(time_ns);
            slot.used_ns = slot.used_ns.saturating_add(time_ns);
        }
    }

    /// Goes on to the next round in which somebody of these is to be turned.
    fn begin_round(&mut self, turning: &[usize]) {
        self.attend(None);
        self.round += 1;
        let (slots, round) = (&mut self.slots, self.round);
        let mut owed = turning.iter().filter_map(|&index| {
            let slot = slots.get_mut(index)?;
            Some(slot.share.rounds_owed(round))
        });
        let first = owed.next().unwrap_or_default();
        self.round += owed.fold(first, u64::min);
    }

    /// Whether a tenant has had more than its share, and others have not. Then nothing more is
    /// received for it, lest it pile up.
    fn is_passed_over(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        // Who is leaving is helped to.
        let owes = slot.stage != Stage::Stopping && slot.share.rounds_owed(self.round) > 0;
        if owes != std::mem::replace(&mut slot.is_held, owes) {
            self.network.hold(index, owes);
        }
        owes
    }

    fn turn_one(&mut self, index: usize) {
        self.attend(Some(index));
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.runnable = false;
        slot.site.account.used_at.store(self.meter.since().0, Relaxed);
        let Some(tenant) = slot.tenant.as_mut() else { return self.leaving.push(index) };
        let (stage, told, is_exporting) = (slot.stage, slot.told, slot.is_exporting);
        let turn = || {
            let next = tenant.turn();
            match news(stage, told, &**tenant) {
                News::None if is_exporting => (next, exports_set(&mut **tenant)),
                news => (next, news),
            }
        };
        match guarded(turn) {
            Ok((next, news)) => {
                self.schedule(index, next);
                self.take_news(index, news);
            }
            Err(panic) => self.break_off(index, &panic),
        }
    }

    fn schedule(&mut self, index: usize, next: Next) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.wanted = if let Next::At(moment) = next { Some(moment) } else { None };
        if let Some(wanted) = slot.wanted
            && slot.armed.is_none_or(|armed| armed > wanted)
        {
            let before = slot.armed.replace(wanted);
            self.timers.change(Timer::Turn(index), before, Some(wanted));
        }
        if !slot.half_closed.is_empty() && is_quiet(next) {
            self.quiet.push(index);
        }
        if next == Next::Again {
            wake(&mut self.slots, &mut self.runnable, index);
        }
    }

    fn take_news(&mut self, index: usize, news: News) {
        match news {
            News::None => {}
            News::ExportsSet(outcome) => {
                let Some(slot) = self.slots.get_mut(index) else { return };
                slot.is_exporting = false;
                self.reports.tell(slot.id, Progress::ExportsSet(outcome));
            }
            News::Failed(reason) => self.end(index, Progress::Failed(reason), false),
            News::Stopped => self.end_stopped(index, false),
            News::Became(what, description) => self.became(index, what, description),
        }
    }

    /// A tenant has come further. Clients are let in when it serves or rests for the first time.
    fn became(&mut self, index: usize, what: Told, description: Option<Description>) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.told = what;
        if slot.stage == Stage::Starting {
            slot.stage = Stage::Serving;
            if let Err(error) = self.network.open(&slot.doors) {
                let reason = format!("clients cannot be let in: {error}");
                return self.end(index, Progress::Failed(reason), true);
            }
        }
        let addresses = slot.site.addresses.clone();
        self.reports.tell(
            slot.id,
            match description {
                Some(description) => Progress::Serving { description, addresses },
                None => Progress::Resting { addresses },
            },
        );
        // Calls may have waited for this.
        wake(&mut self.slots, &mut self.runnable, index);
    }

    pub(super) fn turn_due(&mut self, index: usize, now: Instant) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.armed = slot.wanted.filter(|&wanted| wanted > now);
        if slot.armed.is_some() {
            self.timers.change(Timer::Turn(index), None, slot.armed);
        } else if slot.wanted.is_some() {
            wake(&mut self.slots, &mut self.runnable, index);
        }
    }
}
