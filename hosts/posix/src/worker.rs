//! A worker: one thread, one driver, any number of tenants.
//!
//! ```text
//!      ┌──► wait: everything that happened is told to the tenants it concerns
//!      │    turn: each of those tenants, and those whose time has come, once
//!      └─── flush: all they began goes to the driver, which submits it with the next wait
//! ```
//!
//! The thread never blocks but in that wait. When it dies, by a defect of its own or because its
//! driver is beyond use, its services end with it, and a worker with a new driver takes its place.

use crate::clock::HostClock;
use crate::command::Command;
use crate::driver::{self, Backend, Driver, Event};
use crate::report::Progress;
use crate::slot::guarded;
use crate::spare::SpareMemory;
use crate::tenants::{Means, Tenants};
use hyper::Clock;
use rustix::time::{ClockId, clock_gettime};
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::Duration;

/// Commands taken between two turns: tenants that serve already go on meanwhile.
const COMMANDS_PER_TURN_MAX: usize = 16;

/// How long the place of a dead worker stays empty: what killed it may kill the next one too.
const RESTART_AFTER: Duration = Duration::from_millis(100);

/// How often a worker at work says how much it does.
const LOAD_TOLD_EVERY: Duration = Duration::from_millis(10);

/// What a worker is for, whoever fills the place.
pub(crate) struct Post {
    pub(crate) worker: usize,
    pub(crate) backend: Backend,
    pub(crate) inbox: Receiver<Command>,
    /// Taken out of the inbox to look for commands that are for others, and not obeyed yet.
    pub(crate) backlog: VecDeque<Command>,
    pub(crate) means: Means,
    /// It was asked to leave.
    pub(crate) leaves: bool,
}

/// Starts a worker's thread. Returns it with the name of its driver.
///
/// # Errors
/// If the thread cannot be started or the backend is not to be had here.
pub(crate) fn spawn(mut post: Post) -> io::Result<(JoinHandle<()>, &'static str)> {
    let (opened, open) = channel();
    // The driver is made where it is used: its ring takes submissions of one thread only.
    let live = move || match driver::open(post.backend) {
        Ok((driver, name)) => {
            // The spawner waits for this.
            let _ = opened.send(Ok(name));
            post.fill(driver);
        }
        Err(error) => drop(opened.send(Err(error))),
    };
    let thread = Builder::new().name("vnfsd-worker".into()).spawn(live)?;
    let gone = |_| io::Error::other("the worker's thread ended as it began");
    Ok((thread, open.recv().map_err(gone)??))
}

/// Why a worker's life is over.
enum End {
    /// It was asked to leave, and all its tenants have.
    Left,
    /// It cannot go on.
    Died(String),
}

/// What other threads have left to say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inbox {
    Empty,
    More,
    /// The worker is to leave.
    Closed,
}

impl Post {
    /// Lives, again and again, until asked to leave.
    fn fill(&mut self, driver: Box<dyn Driver>) {
        let mut next = Some(driver);
        while let Some(driver) = next {
            next = match self.live(driver) {
                End::Left => None,
                End::Died(_) if self.leaves => None,
                End::Died(reason) => self.successor(&reason),
            };
        }
    }

    /// One life.
    fn live(&mut self, mut driver: Box<dyn Driver>) -> End {
        let waker = driver.waker();
        self.means.roster.set_waker(self.worker, Some(waker.clone()));
        let mut tenants = Tenants::new(self.worker, self.means.clone(), waker);
        let end = guarded(|| self.run(&mut *driver, &mut tenants));
        let end = end.unwrap_or_else(|panic| End::Died(format!("it broke: {panic}")));
        self.means.roster.set_waker(self.worker, None);
        if let End::Died(reason) = &end {
            // What is under way ends with the driver, and lets go of its images.
            let ended = guarded(|| drop(driver));
            tenants.abandon(&format!("its worker died: {reason}"));
            ended.unwrap_or_else(|panic| tracing::error!("a worker's driver broke: {panic}"));
        }
        end
    }

    /// A driver for the one that takes a dead worker's place; none if that is asked to leave before
    /// there is one.
    fn successor(&mut self, reason: &str) -> Option<Box<dyn Driver>> {
        tracing::error!("a worker died, and another takes its place: {reason}");
        while !self.leaves {
            sleep(RESTART_AFTER);
            match driver::open(self.backend) {
                Ok((driver, _)) => return Some(driver),
                Err(error) => self.turn_away(&error.to_string()),
            }
        }
        None
    }

    /// Answers commands while there is no worker to obey them.
    fn turn_away(&mut self, reason: &str) {
        tracing::error!("no worker takes a dead one's place for now: {reason}");
        while let Ok(command) = self.next_command() {
            match command {
                Command::Add(service, _) => {
                    let reason = format!("no worker is there to take it: {reason}");
                    self.means.reporter().tell(service, Progress::Failed(reason));
                }
                Command::Arrive(traveller) => {
                    let reason = format!("no worker is there to take it over: {reason}");
                    self.means.reporter().tell(traveller.id, Progress::Failed(reason));
                }
                Command::Leave => self.leaves = true,
                // Of services that are no more.
                _ => {}
            }
        }
    }

    fn run(&mut self, driver: &mut dyn Driver, tenants: &mut Tenants) -> End {
        // Commands may have come while nobody could be woken.
        let (mut inbox, mut spare) = (Inbox::More, SpareMemory::default());
        let mut load_told_at = HostClock.now();
        while inbox != Inbox::Closed || !tenants.is_empty() {
            let has_more = inbox == Inbox::More || !self.backlog.is_empty();
            let timeout = if has_more { Some(Duration::ZERO) } else { tenants.timeout() };
            let (timeout, mut happened) = (spare.timeout(timeout), false);
            let mut sink = |event: Event<'_>| {
                happened = true;
                tenants.event(event);
            };
            if let Err(error) = driver.wait(timeout, &mut sink) {
                return End::Died(format!("its driver is beyond use: {error}"));
            }
            let now = HostClock.now();
            spare.waited(happened, || now);
            if inbox != Inbox::Closed {
                inbox = self.take_commands(tenants);
            }
            tenants.advance();
            tenants.turn();
            tenants.flush(driver);
            self.hand_over(tenants);
            if now.since(load_told_at) >= LOAD_TOLD_EVERY {
                load_told_at = now;
                self.means.roster.load(self.worker).tell(processor_ns());
            }
        }
        End::Left
    }

    /// Obeys other threads, for a while.
    fn take_commands(&mut self, tenants: &mut Tenants) -> Inbox {
        for _ in 0..COMMANDS_PER_TURN_MAX {
            match self.next_command() {
                Ok(Command::Add(service, spec)) => tenants.add(service, *spec),
                Ok(Command::Arrive(traveller)) => tenants.arrive(*traveller),
                Ok(Command::Move(service, errand)) => tenants.move_to(service, errand),
                Ok(Command::Relieve(to, permille)) => tenants.relieve(to, permille),
                Ok(Command::Stop(service)) => tenants.stop(service),
                Ok(Command::StopAll) => tenants.stop_all(),
                Ok(Command::Inspect(inquiry, reply)) => tenants.inspect(inquiry, reply),
                Ok(Command::Turn(service)) => tenants.turn_soon(service),
                Ok(Command::Rest(service)) => tenants.rest(service),
                Ok(Command::Pause(service)) => tenants.pause(service, true),
                Ok(Command::Resume(service)) => tenants.pause(service, false),
                Ok(Command::SetExports(service, exports)) => tenants.set_exports(service, exports),
                Ok(Command::SetLimits(service, limits, weight)) => {
                    tenants.set_limits(service, *limits, weight);
                }
                Err(TryRecvError::Empty) => return Inbox::Empty,
                Ok(Command::Leave) | Err(TryRecvError::Disconnected) => {
                    self.leaves = true;
                    tenants.stop_all();
                    return Inbox::Closed;
                }
            }
        }
        Inbox::More
    }

    fn next_command(&mut self) -> Result<Command, TryRecvError> {
        self.backlog.pop_front().map_or_else(|| self.inbox.try_recv(), Ok)
    }

    /// Hands those over that leave for another worker. Who cannot be comes back.
    fn hand_over(&mut self, tenants: &mut Tenants) {
        for traveller in tenants.take_travellers() {
            let mail = (&self.inbox, &mut self.backlog);
            if let Some(traveller) = self.means.roster.hand_over(self.worker, mail, traveller) {
                tenants.arrive(*traveller);
            }
        }
    }
}

/// Processor time of this thread, in nanoseconds.
fn processor_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64)
}
