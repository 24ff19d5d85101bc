//! The tenants of one worker: who has reason to be turned, who is starting, who is leaving.
//!
//! An idle tenant costs its slot and nothing else: it is in no list that anybody walks.

mod inspection;
mod links;
mod moving;
mod orders;
#[cfg(test)]
mod tests;
mod turns;

use crate::budget::{Budgets, SharedBudget};
use crate::clock::HostClock;
use crate::connection::Fill;
use crate::disk::{DiskAccount, Disks};
use crate::driver::{Driver, Event, SocketKey, Waker};
use crate::fairness::{Share, price_ns};
use crate::listen;
use crate::log::HostLog;
use crate::meter::Meter;
use crate::moving::Traveller;
use crate::network::Network;
use crate::opener::{Customer, Opener};
use crate::pool::Roster;
use crate::random::HostRandom;
use crate::report::{Progress, Report, Reporter, ServiceId};
use crate::slot::{Slot, broken, drop_guarded, guarded};
use crate::tenant::{ServiceSpec, Site};
use crate::timers::Timers;
use abi::Instant;
use hyper::{Clock, StreamEvent, StreamId};
use inspection::Looking;
use moving::Departure;
use service::Host;
use slab::Slab;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// How long the clients of a tenant that is asked to stop may take, and how long the tenant may
/// spend without its disks: while those get on with its work, it is given more.
const STOP_MAX: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Turn(usize),
    Stop(usize),
}

/// See the module's text.
pub(crate) struct Tenants {
    /// The worker's number.
    worker: usize,
    slots: Slab<Slot>,
    indexes: BTreeMap<ServiceId, usize>,
    /// One that is being made.
    arriving: Option<ServiceId>,
    /// Those to be asked to leave.
    unwanted: VecDeque<ServiceId>,
    /// Those who look at everybody.
    looking: VecDeque<Looking>,
    /// Those about to move, and those that have left.
    departures: Vec<Departure>,
    travellers: Vec<Traveller>,
    /// When this worker was to be relieved last.
    relieved_at: Instant,
    runnable: Vec<usize>,
    turning: Vec<usize>,
    /// Which round of turns this is, counting those that nobody wanted.
    round: u64,
    meter: Meter,
    /// Tenants that have ended, and perhaps have nothing left.
    leaving: Vec<usize>,
    /// Tenants with half-closed streams that have nothing left to do but wait for disks.
    quiet: Vec<usize>,
    timers: Timers<Timer>,
    network: Network,
    disks: Disks,
    reports: Reporter,
    means: Means,
}

/// What a worker's tenants have from the pool. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) reports: Sender<Report>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) budgets: Budgets,
    pub(crate) opener: Opener,
    /// Connections of all services.
    pub(crate) connections: SharedBudget,
}

impl Means {
    /// The way to the control thread.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter::new(self.reports.clone(), self.roster.clone())
    }
}

impl Tenants {
    /// Of the calling thread, which `waker` wakes.
    pub(crate) fn new(worker: usize, means: Means, waker: Waker) -> Self {
        Self {
            slots: Slab::new(),
            indexes: BTreeMap::new(),
            arriving: None,
            unwanted: VecDeque::new(),
            looking: VecDeque::new(),
            departures: Vec::new(),
            travellers: Vec::new(),
            relieved_at: HostClock.now(),
            worker,
            runnable: Vec::new(),
            turning: Vec::new(),
            round: 0,
            meter: Meter::default(),
            leaving: Vec::new(),
            quiet: Vec::new(),
            timers: Timers::default(),
            network: Network::new(waker, means.connections.clone()),
            disks: Disks::default(),
            reports: means.reporter(),
            means,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How long the worker may wait for events.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let has_orders = !self.unwanted.is_empty() || !self.looking.is_empty();
        if has_orders || !self.runnable.is_empty() || self.network.has_mail() {
            return Some(Duration::ZERO);
        }
        let next = [self.timers.next(), self.network.next_deadline()].into_iter().flatten().min();
        let next = next.map(|deadline| deadline.since(HostClock.now()));
        [next, self.next_look()].into_iter().flatten().min()
    }

    /// Moves a tenant in. What goes wrong is reported.
    pub(crate) fn add(&mut self, id: ServiceId, spec: ServiceSpec) {
        self.arriving = Some(id);
        match self.make(id, spec) {
            Ok(index) => {
                self.indexes.insert(id, index);
                wake(&mut self.slots, &mut self.runnable, index);
            }
            Err(reason) => self.reports.tell(id, Progress::Failed(reason)),
        }
        self.arriving = None;
    }

    fn make(&mut self, id: ServiceId, spec: ServiceSpec) -> Result<usize, String> {
        let ServiceSpec { name, listen, link, connections_max, weight, make, remake } = spec;
        let doors = listen::open(&listen)?;
        let tenant = self.slots.vacant_key();
        let addresses = doors.iter().map(|door| door.address).collect();
        let (mut site, is_moving) = self.site(tenant, id, &name, addresses);
        let (card, link) = link.map(|link| self.network.add_link(tenant, link)).unzip();
        site.link = link;
        let made = guarded(|| make(&site)).map_err(|panic| broken(&panic)).flatten();
        let made =
            made.inspect_err(|_| card.into_iter().for_each(|card| self.network.forget_link(card)))?;
        card.into_iter().for_each(|card| self.network.start_link(card));
        let mut slot = Slot::new(id, name, Some(made), site, Share::new(weight));
        (slot.link, slot.remake, slot.is_moving) = (card, remake, is_moving);
        for door in doors {
            slot.doors.extend(self.network.add(tenant, door, connections_max));
        }
        Ok(self.slots.insert(slot))
    }

    /// Where a tenant lives that has no link, and what says that it is about to move.
    fn site(
        &mut self,
        tenant: usize,
        id: ServiceId,
        name: &str,
        addresses: Vec<SocketAddr>,
    ) -> (Site, Rc<Cell<bool>>) {
        let is_moving = Rc::<Cell<bool>>::default();
        let host = Host {
            clock: Rc::new(HostClock),
            random: Rc::new(HostRandom),
            log: Rc::new(HostLog::new(name)),
            streams: Rc::new(self.network.streams(tenant, is_moving.clone())),
            dirty: self.means.budgets.dirty.open(),
            received: self.means.budgets.received.open(),
            fragments: self.means.budgets.fragments.open(),
        };
        let (account, disks) = (DiskAccount::new(tenant), self.disks.queue());
        let customer = Customer { opener: self.means.opener.clone(), service: id };
        (Site { host, addresses, link: None, account, disks, customer }, is_moving)
    }

    /// Gives every tenant up: their worker has died.
    pub(crate) fn abandon(self, reason: &str) {
        let Self { slots, arriving, travellers, network, disks, reports, .. } = self;
        let mut ids: Vec<_> = slots.iter().map(|(_, slot)| slot.id).collect();
        ids.extend(arriving);
        ids.extend(travellers.into_iter().map(|traveller| traveller.id));
        for slot in slots {
            drop_guarded(slot);
        }
        drop_guarded((network, disks));
        ids.into_iter().for_each(|id| reports.tell(id, Progress::Failed(reason.to_owned())));
    }

    /// Takes what the driver says.
    pub(crate) fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Received { stream, result, .. } if self.network.is_link(stream) => {
                self.link_received(stream, result);
            }
            Event::Sent { stream, result, pieces } if self.network.is_link(stream) => {
                self.network.link_sent(stream, result, pieces);
            }
            Event::Accepted { listener, result, more } if self.network.is_link(listener) => {
                self.network.link_accepted(listener, result, more);
            }
            Event::Frame { link, bytes } => self.frame(link, bytes),
            Event::FramesEnded { link, result } => self.frames_ended(link, result),
            Event::FrameSent { link, result, pieces } => {
                self.network.frame_sent(link, result, &pieces);
            }
            Event::Received { stream, result, waiting } => {
                let (count, bytes) = match result {
                    Ok(bytes) => (Ok(bytes.len()), bytes),
                    Err(error) => (Err(error), &[][..]),
                };
                match self.network.received(stream, &count, waiting) {
                    Some((tenant, stream, true)) => self.half_closed(tenant, stream),
                    Some((tenant, stream, false)) => self.received(tenant, stream, bytes),
                    None => {}
                }
            }
            Event::Filled { stream, result, fill } => self.filled(stream, result, fill),
            Event::Sent { stream, result, pieces } => {
                let sent = self.network.sent(stream, result, pieces);
                let Some((tenant, stream, count_bytes)) = sent else { return };
                self.charge(tenant, price_ns(count_bytes));
                self.tell(tenant, StreamEvent::Sent { stream, count_bytes });
            }
            Event::DiskDone { key, result } => {
                let (tenant, bytes) = self.disks.done(key, result);
                self.charge(tenant, price_ns(bytes));
                wake(&mut self.slots, &mut self.runnable, tenant);
            }
            Event::Accepted { listener, result, more } => {
                let opened = self.network.accepted(listener, result, more);
                let Some((tenant, event)) = opened else { return };
                self.tell(tenant, event);
            }
            Event::Datagram { socket, remote, local, bytes } => {
                let arrived = self.network.datagram(socket, remote, local);
                let Some((tenant, peer)) = arrived else { return };
                self.charge(tenant, price_ns(bytes.len()));
                self.tell(tenant, StreamEvent::Datagram { peer, bytes });
            }
            Event::DatagramsEnded { socket } => self.network.datagrams_ended(socket),
            Event::DatagramSent { socket } => self.network.datagram_sent(socket),
        }
    }

    /// Acts on deadlines that have been reached.
    pub(crate) fn advance(&mut self) {
        self.stop_some();
        self.answer_some();
        if self.timers.next().is_none() && self.network.next_deadline().is_none() {
            return;
        }
        let now = HostClock.now();
        self.network.advance(now);
        while let Some(timer) = self.timers.reached(now) {
            match timer {
                Timer::Turn(index) => self.turn_due(index, now),
                Timer::Stop(index) => self.stop_overdue(index),
            }
        }
    }

    /// Hands everything that was begun to the driver.
    pub(crate) fn flush(&mut self, driver: &mut dyn Driver) {
        self.attend(None);
        let Self { disks, slots, runnable, .. } = self;
        disks.flush(driver, |tenant| wake(slots, runnable, tenant));
        self.network.take_wishes(driver);
        // What leaves by an uplink leaves now, with all the rest.
        self.deliver_mail();
        self.close_half_closed();
        self.depart_some(driver);
        self.network.flush(driver);
        while let Some((tenant, stream)) = self.network.closed.pop() {
            self.closed(tenant, stream);
        }
        self.tell_room();
        self.leaving.append(&mut self.network.emptied);
        while let Some(tenant) = self.leaving.pop() {
            self.move_out(tenant);
        }
    }

    fn tell(&mut self, index: usize, event: StreamEvent<'_>) {
        self.attend(Some(index));
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(tenant) = slot.tenant.as_mut() else { return };
        if let Err(panic) = guarded(|| tenant.stream_event(event)) {
            return self.break_off(index, &panic);
        }
        wake(&mut self.slots, &mut self.runnable, index);
    }

    /// Bytes arrived. The service may want them elsewhere since they were asked for.
    fn received(&mut self, tenant: usize, stream: StreamId, mut bytes: &[u8]) {
        self.charge(tenant, price_ns(bytes.len()));
        if let Some(mut fill) = self.network.take_fill(stream) {
            bytes = fill.take(bytes);
            self.tell(tenant, StreamEvent::Filled { stream, buffer: fill.buffer });
        }
        if !bytes.is_empty() {
            self.tell(tenant, StreamEvent::Received { stream, bytes });
        }
    }

    /// Bytes arrived where they were wanted.
    fn filled(&mut self, key: SocketKey, result: io::Result<usize>, fill: Fill) {
        let is_full = result.as_ref().is_ok_and(|&count| count == fill.count_bytes);
        let told = self.network.received(key, &result, is_full);
        match told {
            Some((tenant, stream, true)) => self.half_closed(tenant, stream),
            Some((tenant, stream, false)) => {
                self.charge(tenant, price_ns(result.unwrap_or_default()));
                self.tell(tenant, StreamEvent::Filled { stream, buffer: fill.buffer });
            }
            None => self.network.fill_again(key, fill),
        }
    }

    /// Ends a tenant that was asked to leave.
    fn end_stopped(&mut self, index: usize, at_once: bool) {
        let Some(outcome) = self.slots.get_mut(index).map(Slot::ending) else { return };
        self.end(index, outcome, at_once);
    }

    /// Ends a tenant that broke an invariant, nobody knows when: nothing that it began lately reaches
    /// its disks, which are left as by a power cut.
    fn break_off(&mut self, index: usize, panic: &str) {
        self.disks.forget(index);
        self.end(index, Progress::Failed(broken(panic)), true);
    }

    /// Ends a tenant; its sockets follow, at once or once what was sent has left.
    fn end(&mut self, index: usize, outcome: Progress, at_once: bool) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        if let Progress::Failed(reason) = &outcome {
            tracing::error!(service = slot.name, "ended: {reason}");
        }
        let tenant = slot.tenant.take();
        slot.outcome = Some(outcome);
        drop_guarded(tenant);
        self.set_stop_deadline(index);
        self.network.end(index, at_once);
    }

    fn set_stop_deadline(&mut self, index: usize) {
        if self.slots.get(index).is_some_and(|slot| slot.deadline.is_none()) {
            self.be_patient(index);
        }
    }

    fn be_patient(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let deadline = HostClock.now() + STOP_MAX;
        slot.be_patient_until(deadline);
        self.timers.change(Timer::Stop(index), None, Some(deadline));
    }

    /// Cuts clients off; ends the tenant too, unless it is still at work on its disks, as one that
    /// leaves a file system in order may be.
    fn stop_overdue(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        if slot.tenant.is_some() && slot.works_on_disks() {
            tracing::warn!(service = slot.name, "stopping takes long: still writing");
            self.network.end(index, true);
            return self.be_patient(index);
        }
        tracing::warn!(service = slot.name, "takes too long to stop: its clients are cut off");
        self.end_stopped(index, true);
    }

    fn closed(&mut self, tenant: usize, stream: StreamId) {
        if let Some(slot) = self.slots.get_mut(tenant) {
            slot.half_closed.remove(&stream);
        }
        self.tell(tenant, StreamEvent::Closed { stream });
    }

    /// The client of a stream has said its last. It is owed answers to what it asked.
    fn half_closed(&mut self, tenant: usize, stream: StreamId) {
        if let Some(slot) = self.slots.get_mut(tenant) {
            slot.half_closed.insert(stream);
            wake(&mut self.slots, &mut self.runnable, tenant);
        }
    }

    /// Closes half-closed streams of tenants that have nothing to do. A stream with answers still
    /// on their way stays: the tenant may wait for room to send the next ones.
    fn close_half_closed(&mut self) {
        for index in self.quiet.drain(..) {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if !slot.awaits_disks() {
                slot.half_closed.retain(|&stream| !self.network.close_if_sent(stream));
            }
        }
    }

    /// Removes a tenant that has ended, unless sockets or disk operations of its are left: their
    /// late events must not meet a new tenant in its place, and an operation keeps its image.
    fn move_out(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        if !self.network.is_empty(index) || slot.awaits_disks() {
            return;
        }
        let Some(outcome) = slot.outcome.take() else { return };
        let slot = self.slots.remove(index);
        self.timers.change(Timer::Turn(index), slot.armed, None);
        self.timers.change(Timer::Stop(index), slot.deadline, None);
        self.indexes.remove(&slot.id);
        self.reports.tell(slot.id, outcome);
    }
}

fn wake(slots: &mut Slab<Slot>, runnable: &mut Vec<usize>, index: usize) {
    if let Some(slot) = slots.get_mut(index)
        && !std::mem::replace(&mut slot.runnable, true)
    {
        runnable.push(index);
    }
}
