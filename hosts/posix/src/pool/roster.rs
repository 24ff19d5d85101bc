//! Which worker has which service, and how busy each is: where control thread and workers meet.
//!
//! One lock, held for a look-up and a message at most. Whoever sends a command for a service does so
//! under it, so that commands follow a service wherever it goes, in their order.

use super::load::{Load, Samples, Uneven};
use crate::clock::HostClock;
use crate::command::Command;
use crate::driver::Waker;
use crate::moving::Traveller;
use crate::report::ServiceId;
use hyper::Clock;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, SendError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module's text.
pub(crate) struct Roster {
    desks: Vec<Desk>,
    places: Mutex<Places>,
}

/// How one worker is reached.
struct Desk {
    commands: Sender<Command>,
    /// None while it has no driver to be woken from.
    waker: Mutex<Option<Waker>>,
    load: Load,
}

struct Places {
    workers: BTreeMap<ServiceId, usize>,
    /// Services of each worker.
    counts: Vec<usize>,
    samples: Samples,
}

/// A worker as the control thread sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Services that it has, those that are ending included.
    pub services: usize,
    /// How much of its time it was at work lately.
    pub busy_permille: u64,
    /// Processor time of its thread so far, in nanoseconds.
    pub processor_ns: u64,
}

impl Roster {
    /// Of workers that are reached so.
    pub(crate) fn new(commands: Vec<Sender<Command>>) -> Self {
        let (counts, samples) = (vec![0; commands.len()], Samples::new(commands.len()));
        let desk = |commands| Desk { commands, waker: Mutex::default(), load: Load::default() };
        let desks = commands.into_iter().map(desk).collect();
        let places = Places { workers: BTreeMap::new(), counts, samples };
        Self { desks, places: Mutex::new(places) }
    }

    /// A worker can be woken so, or cannot for a while.
    pub(crate) fn set_waker(&self, worker: usize, waker: Option<Waker>) {
        *locked(&self.desks[worker].waker) = waker;
    }

    /// A worker's own account of what it does.
    pub(crate) fn load(&self, worker: usize) -> &Load {
        &self.desks[worker].load
    }

    /// Places a new service where there is most to spare, and sends its worker what `command` makes.
    /// Says whether a worker took it; one that has its number already is no new one.
    pub(crate) fn place(&self, service: ServiceId, command: Command) -> Placed {
        let mut places = locked(&self.places);
        if places.workers.contains_key(&service) {
            return Placed::NumberTaken;
        }
        self.refresh(&mut places);
        let worker = places.samples.least(&places.counts);
        if self.desks[worker].commands.send(command).is_err() {
            return Placed::Gone;
        }
        places.workers.insert(service, worker);
        places.counts[worker] += 1;
        drop(places);
        self.wake(worker);
        Placed::Taken
    }

    /// Sends a command to the worker of a service; to nobody if that has ended. Fails if the worker
    /// is gone.
    pub(crate) fn command(&self, service: ServiceId, command: Command) -> Result<(), ()> {
        let places = locked(&self.places);
        let Some(&worker) = places.workers.get(&service) else { return Ok(()) };
        let sent = self.desks[worker].commands.send(command);
        drop(places);
        self.wake(worker);
        sent.map_err(drop)
    }

    /// Sends every worker a command, so that it meets each service on one of them.
    pub(crate) fn command_all(&self, command: impl Fn() -> Command) {
        let places = locked(&self.places);
        // One that is gone has nothing left to be told.
        self.desks.iter().for_each(|desk| drop(desk.commands.send(command())));
        drop(places);
        (0..self.desks.len()).for_each(|worker| self.wake(worker));
    }

    /// Sends one worker a command that is for no service in particular.
    fn command_worker(&self, worker: usize, command: Command) {
        // One that is gone has nothing left to be told.
        let _ = self.desks[worker].commands.send(command);
        self.wake(worker);
    }

    /// A service leaves one worker for another, and what was said to it follows. It comes back if the
    /// other is gone, or all are about to end.
    pub(crate) fn hand_over(
        &self,
        from: usize,
        (inbox, backlog): (&Receiver<Command>, &mut VecDeque<Command>),
        traveller: Traveller,
    ) -> Option<Box<Traveller>> {
        let (id, to, traveller) = (traveller.id, traveller.errand.to, Box::new(traveller));
        let mut places = locked(&self.places);
        // Under the lock nothing new is said.
        backlog.extend(inbox.try_iter());
        if to >= self.desks.len() || backlog.iter().any(Command::ends_all) {
            return Some(traveller);
        }
        let sent = self.desks[to].commands.send(Command::Arrive(traveller));
        if let Err(SendError(Command::Arrive(traveller))) = sent {
            return Some(traveller);
        }
        places.workers.insert(id, to);
        places.counts[from] -= 1;
        places.counts[to] += 1;
        for command in std::mem::take(backlog) {
            if command.service() == Some(id) {
                let _ = self.desks[to].commands.send(command);
            } else {
                backlog.push_back(command);
            }
        }
        drop(places);
        self.wake(to);
        None
    }

    /// How many workers there are.
    pub(crate) fn worker_count(&self) -> usize {
        self.desks.len()
    }

    /// Has the busiest worker give something to the idlest, if that is worth it.
    pub(crate) fn balance(&self) {
        let mut places = locked(&self.places);
        self.refresh(&mut places);
        let uneven = places.samples.uneven();
        drop(places);
        if let Some(Uneven { busiest, idlest, permille }) = uneven {
            self.command_worker(busiest, Command::Relieve(idlest, permille));
        }
    }

    /// A service has ended.
    pub(crate) fn forget(&self, service: ServiceId) {
        let mut places = locked(&self.places);
        if let Some(worker) = places.workers.remove(&service) {
            places.counts[worker] -= 1;
        }
    }

    /// How many services there are.
    pub(crate) fn service_count(&self) -> usize {
        locked(&self.places).workers.len()
    }

    /// The workers, one after another.
    pub(crate) fn status(&self) -> Vec<WorkerStatus> {
        let mut places = locked(&self.places);
        self.refresh(&mut places);
        let status = |(worker, desk): (usize, &Desk)| WorkerStatus {
            services: places.counts[worker],
            busy_permille: places.samples.busy_permille(worker),
            processor_ns: desk.load.processor_ns(),
        };
        self.desks.iter().enumerate().map(status).collect()
    }

    fn refresh(&self, places: &mut Places) {
        let processor_ns = self.desks.iter().map(|desk| desk.load.processor_ns());
        places.samples.refresh(HostClock.now(), processor_ns);
    }

    fn wake(&self, worker: usize) {
        let waker = locked(&self.desks[worker].waker).clone();
        if let Some(wake) = waker {
            wake();
        }
    }
}

/// What became of a service that was to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    Taken,
    /// Another service has its number.
    NumberTaken,
    /// The worker's thread has ended.
    Gone,
}

/// What a thread that panicked left behind is as good as before: nothing is changed in two steps.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
