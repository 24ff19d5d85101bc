//! A worker: one thread, one driver, any number of tenants.
//!
//! ```text
//!      ┌──► wait: everything that happened is told to the tenants it concerns
//!      │    turn: each of those tenants, and those whose time has come, once
//!      └─── flush: all they began goes to the driver, which submits it with the next wait
//! ```
//!
//! The thread never blocks but in that wait.

use crate::budget::Budgets;
use crate::clock::HostClock;
use crate::driver::{self, Backend, Driver, Event, Waker};
use crate::report::{Report, ServiceId};
use crate::spare::SpareMemory;
use crate::tenant::ServiceSpec;
use crate::tenants::Tenants;
use hyper::Clock;
use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Commands taken between two turns: tenants that serve already go on meanwhile.
const COMMANDS_PER_TURN_MAX: usize = 16;

/// How to run a worker.
pub struct WorkerOptions {
    /// The thread's name.
    pub name: String,
    /// Its way to the kernel.
    pub backend: Backend,
    /// Where it reports to.
    pub reports: Sender<Report>,
    /// What its services share with those of the process's other workers.
    pub budgets: Budgets,
}

enum Command {
    Add(ServiceId, Box<ServiceSpec>),
    Stop(ServiceId),
}

/// The control thread's end of a worker. Dropping it stops the worker's services and lets the
/// thread end by itself.
pub struct Worker {
    commands: Option<Sender<Command>>,
    waker: Waker,
    backend: &'static str,
    thread: Option<JoinHandle<()>>,
}

/// The worker's thread has ended before its time; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerGone;

impl fmt::Display for WorkerGone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the worker has ended; see the log for the reason, and restart")
    }
}

impl std::error::Error for WorkerGone {}

impl Worker {
    /// Starts a worker.
    ///
    /// # Errors
    /// If the thread cannot be started or the backend is not to be had here.
    pub fn spawn(options: WorkerOptions) -> io::Result<Self> {
        let WorkerOptions { name, backend, reports, budgets } = options;
        let (commands, inbox) = channel();
        let (opened, open) = channel();
        // The driver is made where it is used: its ring takes submissions of one thread only.
        let thread = Builder::new().name(name).spawn(move || match driver::open(backend) {
            Ok((driver, name)) => {
                // The spawner waits for this.
                let _ = opened.send(Ok((driver.waker(), name)));
                let tenants = Tenants::new(reports, budgets, driver.waker());
                run(driver, &inbox, tenants);
            }
            Err(error) => drop(opened.send(Err(error))),
        })?;
        let gone = |_| io::Error::other("the worker's thread ended as it began");
        let (waker, backend) = open.recv().map_err(gone)??;
        Ok(Self { commands: Some(commands), waker, backend, thread: Some(thread) })
    }

    /// The name of the driver in use: `io_uring` or `poll`.
    pub fn backend(&self) -> &'static str {
        self.backend
    }

    /// Adds a service. Whatever becomes of it is reported.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn add(&self, service: ServiceId, spec: ServiceSpec) -> Result<(), WorkerGone> {
        self.command(Command::Add(service, Box::new(spec)))
    }

    /// Stops a service: nothing new is taken, and replies in progress are sent; after five seconds
    /// at most its clients are gone, and so is the service unless it still works on its disks, as
    /// one that leaves a file system in order may for long.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn stop(&self, service: ServiceId) -> Result<(), WorkerGone> {
        self.command(Command::Stop(service))
    }

    /// Stops every service and waits for the thread's end.
    ///
    /// # Errors
    /// [`WorkerGone`] if it ended by a panic.
    pub fn join(mut self) -> Result<(), WorkerGone> {
        self.hang_up();
        self.thread.take().map_or(Ok(()), JoinHandle::join).map_err(|_| WorkerGone)
    }

    fn command(&self, command: Command) -> Result<(), WorkerGone> {
        let commands = self.commands.as_ref().ok_or(WorkerGone)?;
        commands.send(command).map_err(|_| WorkerGone)?;
        (self.waker)();
        Ok(())
    }

    fn hang_up(&mut self) {
        self.commands = None;
        (self.waker)();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// What the control thread has left to say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inbox {
    Empty,
    More,
    /// Nothing ever again: it has hung up.
    Closed,
}

fn run(mut driver: Box<dyn Driver>, commands: &Receiver<Command>, mut tenants: Tenants) {
    let (mut inbox, mut spare) = (Inbox::Empty, SpareMemory::default());
    while inbox != Inbox::Closed || !tenants.is_empty() {
        let timeout = if inbox == Inbox::More { Some(Duration::ZERO) } else { tenants.timeout() };
        let (timeout, mut happened) = (spare.timeout(timeout), false);
        let mut sink = |event: Event<'_>| {
            happened = true;
            tenants.event(event);
        };
        if let Err(error) = driver.wait(timeout, &mut sink) {
            tracing::error!("a worker cannot go on: {error}");
            return tenants.abandon("its worker cannot go on; see the log");
        }
        spare.waited(happened, || HostClock.now());
        if inbox != Inbox::Closed {
            inbox = take_commands(commands, &mut tenants);
        }
        tenants.advance();
        tenants.turn();
        tenants.flush(&mut *driver);
    }
}

/// Obeys the control thread, for a while.
fn take_commands(commands: &Receiver<Command>, tenants: &mut Tenants) -> Inbox {
    for _ in 0..COMMANDS_PER_TURN_MAX {
        match commands.try_recv() {
            Ok(Command::Add(service, spec)) => tenants.add(service, *spec),
            Ok(Command::Stop(service)) => tenants.stop(service),
            Err(TryRecvError::Empty) => return Inbox::Empty,
            Err(TryRecvError::Disconnected) => {
                tenants.stop_all();
                return Inbox::Closed;
            }
        }
    }
    Inbox::More
}
