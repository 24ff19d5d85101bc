//! A tenant's departure to another worker, and its arrival there.
//!
//! ```text
//!   asked ─► no more input, told to rest ─► can be packed ─► nothing under way ─► packed, and gone
//!                     ▲                                            │
//!                     └──────────── somebody wants something ◄─────┘   until time is up: it stays
//! ```

use super::{Tenants, Timer, wake};
use crate::clock::HostClock;
use crate::connection::Hush;
use crate::driver::Driver;
use crate::moving::{Errand, Traveller};
use crate::report::{Progress, ServiceId};
use crate::slot::{Slot, Stage, broken, guarded};
use crate::tenant::Tenant;
use abi::Instant;
use hyper::{Clock, StreamEvent};
use service::Service;
use std::mem::take;
use std::time::Duration;

/// How long a service may take to come to rest; what it has begun by then, it goes on with here.
const MOVE_MAX: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How often what does not end is asked to once more.
const ASK_EVERY: Duration = Duration::from_millis(5);

/// What a service must do at least, in thousandths of a worker's time, for a move to be worth it; and
/// what the move must better the other worker's load by.
const GAIN_PERMILLE_MIN: u64 = 100;

/// Longer ago, what was seen of services' loads says nothing of now.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// A tenant that is about to move.
pub(super) struct Departure {
    id: ServiceId,
    errand: Errand,
    hush: Hush,
    ask_at: Instant,
    deadline: Instant,
}

/// How far a departure has come.
enum Step {
    Goes,
    Waits,
    Stays(String),
}

impl Tenants {
    /// Moves a tenant to another worker, as soon as it is at rest.
    pub(crate) fn move_to(&mut self, id: ServiceId, errand: Errand) {
        match self.why_it_stays(id, &errand) {
            Some(reason) => errand.tell(id, Err(reason)),
            None if errand.to == self.worker => errand.tell(id, Ok(self.worker)),
            None => self.begin_departure(id, errand),
        }
    }

    /// Has the tenant move whose load is nearest to half of this, the difference of two workers.
    pub(crate) fn relieve(&mut self, to: usize, difference_permille: u64) {
        let now = HostClock.now();
        let span = now.since(std::mem::replace(&mut self.relieved_at, now));
        let span_ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX).max(1);
        let mut loads = Vec::new();
        for (_, slot) in &mut self.slots {
            let before_ns = std::mem::replace(&mut slot.used_before_ns, slot.used_ns);
            let permille = (slot.used_ns - before_ns).saturating_mul(1000) / span_ns;
            let gain = permille.min(difference_permille.saturating_sub(permille));
            if gain >= GAIN_PERMILLE_MIN && span <= LOOK_MAX {
                loads.push((gain, slot.id));
            }
        }
        loads.sort_unstable();
        let errand = || Errand { to, reply: None };
        let chosen =
            loads.iter().rev().find(|&&(_, id)| self.why_it_stays(id, &errand()).is_none());
        if let Some(&(_, id)) = chosen {
            self.move_to(id, errand());
        }
    }

    fn why_it_stays(&mut self, id: ServiceId, errand: &Errand) -> Option<String> {
        let is_ending = !self.unwanted.is_empty();
        let Some(slot) = self.slot_of(id) else { return Some("it has ended".to_owned()) };
        let stays = match slot.stage {
            Stage::Starting => Some("it is starting"),
            Stage::Stopping => Some("it is stopping"),
            Stage::Serving if is_ending => Some("it is about to stop"),
            Stage::Serving if slot.is_moving.get() => Some("it is moving already"),
            Stage::Serving if slot.link.is_some() => Some("it is bound to a link of its own"),
            Stage::Serving if slot.remake.is_none() => Some("it is made for one worker only"),
            Stage::Serving => None,
        };
        let told = stays.or_else(|| self.look(id, |service| service.must_stay())?);
        told.map(|reason| {
            format!("{reason}, and stays on worker {} rather than {}", self.worker, errand.to)
        })
    }

    fn begin_departure(&mut self, id: ServiceId, errand: Errand) {
        let now = HostClock.now();
        let (ask_at, deadline) = (now, now + MOVE_MAX);
        if let Some(slot) = self.slot_of(id) {
            slot.is_moving.set(true);
        }
        self.departures.push(Departure { id, errand, hush: Hush::Nothing, ask_at, deadline });
    }

    /// When departures are to be looked at.
    pub(super) fn next_look(&self) -> Option<Duration> {
        (!self.departures.is_empty()).then_some(LOOK_EVERY)
    }

    /// Tenants that have left, to be handed over.
    pub(crate) fn take_travellers(&mut self) -> Vec<Traveller> {
        take(&mut self.travellers)
    }

    /// Gets on with departures.
    pub(super) fn depart_some(&mut self, driver: &mut dyn Driver) {
        for mut departure in take(&mut self.departures) {
            match self.get_on(&mut departure) {
                Step::Waits => self.departures.push(departure),
                Step::Goes => self.depart(departure, driver),
                Step::Stays(reason) => {
                    self.stay(departure.id);
                    departure.errand.tell(departure.id, Err(reason));
                }
            }
        }
    }

    fn get_on(&mut self, departure: &mut Departure) -> Step {
        let (id, now) = (departure.id, HostClock.now());
        let Some(&index) = self.indexes.get(&id) else { return Step::Stays("it has ended".into()) };
        let is_serving = self.slot_of(id).is_some_and(|slot| {
            slot.stage == Stage::Serving && slot.is_moving.get() && slot.tenant.is_some()
        });
        if !is_serving || !self.unwanted.is_empty() {
            return Step::Stays("it is stopping".to_owned());
        }
        let can_go = self.is_at_rest(id);
        if can_go && departure.hush == Hush::Everything && self.network.is_still(index) {
            return Step::Goes;
        }
        if departure.deadline <= now {
            return Step::Stays(self.what_keeps_it(id, index));
        }
        let hush = if can_go { Hush::Everything } else { Hush::Input };
        if hush != departure.hush || departure.ask_at <= now {
            (departure.hush, departure.ask_at) = (hush, now + ASK_EVERY);
            self.network.hush(index, hush);
            if !can_go {
                self.rest(id);
            }
        }
        for (stream, buffer) in self.network.take_unfilled(index) {
            self.tell(index, StreamEvent::Filled { stream, buffer });
        }
        Step::Waits
    }

    /// Whether it can be packed, and has heard of everything that happened.
    fn is_at_rest(&mut self, id: ServiceId) -> bool {
        let Some(slot) = self.slot_of(id) else { return false };
        let is_busy = slot.runnable || slot.is_exporting || slot.awaits_disks();
        !is_busy && self.look(id, |service| service.can_be_packed()).unwrap_or(false)
    }

    fn what_keeps_it(&mut self, id: ServiceId, index: usize) -> String {
        let seconds = MOVE_MAX.as_secs();
        if self.is_at_rest(id) && !self.network.is_still(index) {
            return format!("a connection of it did not come to rest within {seconds} s");
        }
        format!("calls kept it at work for {seconds} s, or wait because it is paused")
    }

    /// It goes on here.
    fn stay(&mut self, id: ServiceId) {
        let Some(&index) = self.indexes.get(&id) else { return };
        if let Some(slot) = self.slots.get_mut(index) {
            slot.is_moving.set(false);
        }
        self.network.hush(index, Hush::Nothing);
        wake(&mut self.slots, &mut self.runnable, index);
    }

    /// Packs a tenant, with all that is known of it.
    fn depart(&mut self, departure: Departure, driver: &mut dyn Driver) {
        let Departure { id, errand, .. } = departure;
        self.attend(None);
        let Some(&index) = self.indexes.get(&id) else { return };
        let Some(slot) = self.slots.get_mut(index) else { return };
        let (tenant, remake) = (slot.tenant.take(), slot.remake.take());
        let packed = guarded(|| tenant.and_then(Tenant::pack));
        let (parcel, remake) = match (packed, remake) {
            (Ok(Some(parcel)), Some(remake)) => (parcel, remake),
            (Err(panic), _) => return self.break_off(index, &panic),
            _ => return self.break_off(index, "it was packed and is gone"),
        };
        let luggage = self.network.surrender(index, driver);
        let slot = self.slots.remove(index);
        self.timers.change(Timer::Turn(index), slot.armed, None);
        self.indexes.remove(&id);
        let Slot { name, told, share, used_ns, half_closed, site, .. } = slot;
        let addresses = site.addresses;
        self.travellers.push(Traveller {
            id,
            errand,
            name,
            parcel,
            remake,
            luggage,
            addresses,
            told,
            share,
            used_ns,
            half_closed,
        });
    }

    /// Takes a tenant in that another worker had, or this one until a moment ago.
    pub(crate) fn arrive(&mut self, traveller: Traveller) {
        let Traveller { id, errand, name, parcel, remake, luggage, addresses, .. } = traveller;
        self.arriving = Some(id);
        let index = self.slots.vacant_key();
        let (site, is_moving) = self.site(index, id, &name, addresses);
        let (doors, renames) = self.network.take_over(index, luggage);
        let made = guarded(|| {
            let config = remake(&site)?;
            Ok(Service::unpack(site.host.clone(), config, parcel, &renames))
        });
        let made = made.map_err(|panic| broken(&panic)).flatten();
        let share = traveller.share.at_round(self.round);
        let mut slot = Slot::new(id, name, None, site, share);
        (slot.stage, slot.told, slot.doors) = (Stage::Serving, traveller.told, doors);
        (slot.used_ns, slot.used_before_ns) = (traveller.used_ns, traveller.used_ns);
        (slot.remake, slot.is_moving) = (Some(remake), is_moving);
        let half_closed = traveller.half_closed.iter().filter_map(|id| renames.get(id));
        slot.half_closed = half_closed.copied().collect();
        self.indexes.insert(id, self.slots.insert(slot));
        self.arriving = None;
        match made {
            Ok(service) => self.settle_in(index, service, (id, errand)),
            Err(reason) => {
                errand.tell(id, Err(format!("it ended on its way: {reason}")));
                self.end(index, Progress::Failed(reason), true);
            }
        }
    }

    fn settle_in(&mut self, index: usize, service: Service, (id, errand): (ServiceId, Errand)) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.tenant = Some(Box::new(service));
        }
        wake(&mut self.slots, &mut self.runnable, index);
        errand.tell(id, Ok(self.worker));
    }
}
