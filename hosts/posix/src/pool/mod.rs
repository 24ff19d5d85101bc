//! Workers, and which of them turns which service.
//!
//! ```text
//!                        ┌── roster: who is where, who is how busy
//!  control ── Pool ──────┼──► worker 0: driver, tenants
//!             add, stop  ├──► worker 1
//!      ▲                 └──► ...
//!      └──── reports ────────────┘
//! ```
//! | file | what it is |
//! |---|---|
//! | `roster` | which worker has which service; the way to send either a command |
//! | `load` | how busy a worker is, and which one a new service goes to |
//!
//! Never: a service on two workers, or a command that waits for a worker.

mod load;
mod roster;

use crate::budget::{Budgets, SharedBudget};
use crate::command::Command;
use crate::descriptors::most_of_all;
use crate::driver::Backend;
use crate::inquiry::{Answer, Inquiry};
use crate::moving::{Errand, Moved};
use crate::opener::Opener;
use crate::report::{Report, ServiceId};
use crate::tenant::ServiceSpec;
use crate::tenants::Means;
use crate::worker::{self, Post};
use hyper::Division;
use roster::Placed;
use service::{Export, Limits};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{JoinHandle, available_parallelism};

pub use roster::WorkerStatus;

pub(crate) use roster::{Roster, locked};

/// Connections that a service may have however many the others have.
const CONNECTIONS_LEAST: u64 = 4;

/// How to run a pool.
pub struct PoolOptions {
    /// How many workers; none is one for each processor.
    pub workers: usize,
    /// Their way to the kernel.
    pub backend: Backend,
    /// Where they report to.
    pub reports: Sender<Report>,
    /// What all services share.
    pub budgets: Budgets,
    /// Images that may be open at a time, of those that services open when they want them
    /// ([`crate::Site::image`]); three quarters of the process's descriptors if not said. Whoever used
    /// his least lately is asked to close it for the next.
    pub open_images_max: Option<usize>,
    /// Connections through the host's sockets that all services may have together; three quarters of
    /// the process's descriptors if not said. Near that, services with more than their fair share get
    /// no more, and others do.
    pub connections_max: Option<usize>,
}

impl PoolOptions {
    /// A worker for each processor, which take the best way to the kernel and usual budgets.
    pub fn new(reports: Sender<Report>) -> Self {
        Self {
            workers: 0,
            backend: Backend::Auto,
            reports,
            budgets: Budgets::default(),
            open_images_max: None,
            connections_max: None,
        }
    }
}

/// The control thread's end of its workers. Dropping it stops all services and lets the threads
/// end by themselves.
pub struct Pool {
    roster: Arc<Roster>,
    opener: Opener,
    backend: &'static str,
    threads: Vec<JoinHandle<()>>,
}

/// A worker's thread has ended before its time; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerGone;

impl fmt::Display for WorkerGone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the worker has ended; see the log for the reason, and restart")
    }
}

impl std::error::Error for WorkerGone {}

impl Pool {
    /// Starts the workers.
    ///
    /// # Errors
    /// If a thread cannot be started or the backend is not to be had here.
    pub fn spawn(options: PoolOptions) -> io::Result<Self> {
        let PoolOptions { workers, backend, reports, budgets, .. } = options;
        let count =
            if workers > 0 { workers } else { available_parallelism().map_or(1, usize::from) };
        let (commands, inboxes): (Vec<_>, Vec<_>) = (0..count).map(|_| channel()).unzip();
        let roster = Arc::new(Roster::new(commands));
        let opener = Opener::new(options.open_images_max, roster.clone());
        let connections = connections(options.connections_max);
        let threads = Vec::new();
        let mut pool = Self { roster: roster.clone(), opener, backend: "", threads };
        for (worker, inbox) in inboxes.into_iter().enumerate() {
            let (roster, reports, budgets) = (roster.clone(), reports.clone(), budgets.clone());
            let (opener, connections) = (pool.opener.clone(), connections.clone());
            let means = Means { reports, roster, budgets, opener, connections };
            let backlog = VecDeque::new();
            let post = Post { worker, backend, inbox, backlog, means, leaves: false };
            let (thread, backend) = worker::spawn(post)?;
            pool.threads.push(thread);
            pool.backend = backend;
        }
        Ok(pool)
    }

    /// The name of the driver in use: `io_uring` or `poll`.
    pub fn backend(&self) -> &'static str {
        self.backend
    }

    /// Adds a service, where there is most to spare. Whatever becomes of it is reported.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn add(&self, service: ServiceId, spec: ServiceSpec) -> Result<(), WorkerGone> {
        let name = spec.name.clone();
        match self.roster.place(service, Command::Add(service, Box::new(spec))) {
            Placed::Taken => Ok(()),
            Placed::Gone => Err(WorkerGone),
            Placed::NumberTaken => {
                tracing::error!("{name}: another service has its number, {}", service.0);
                Ok(())
            }
        }
    }

    /// Stops a service: nothing new is taken, and replies in progress are sent; after five seconds
    /// at most its clients are gone, and so is the service unless it still works on its disks, as
    /// one that leaves a file system in order may for long. One that has ended is let be.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn stop(&self, service: ServiceId) -> Result<(), WorkerGone> {
        self.roster.command(service, Command::Stop(service)).map_err(|()| WorkerGone)
    }

    /// Has a service start no more calls: what arrives waits, and connections stay.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn pause(&self, service: ServiceId) -> Result<(), WorkerGone> {
        self.roster.command(service, Command::Pause(service)).map_err(|()| WorkerGone)
    }

    /// Has a paused service go on.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn resume(&self, service: ServiceId) -> Result<(), WorkerGone> {
        self.roster.command(service, Command::Resume(service)).map_err(|()| WorkerGone)
    }

    /// Has a service offer these to its clients, without disturbing them. Whether it does is reported
    /// as [`crate::Progress::ExportsSet`].
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn set_exports(&self, service: ServiceId, exports: Vec<Export>) -> Result<(), WorkerGone> {
        self.roster.command(service, Command::SetExports(service, exports)).map_err(|()| WorkerGone)
    }

    /// Gives a service other limits, and another weight beside [`crate::WEIGHT_USUAL`].
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn set_limits(
        &self,
        service: ServiceId,
        limits: Limits,
        weight: u32,
    ) -> Result<(), WorkerGone> {
        let command = Command::SetLimits(service, Box::new(limits), weight);
        self.roster.command(service, command).map_err(|()| WorkerGone)
    }

    /// Asks how services are. Answers come in parts; the last has come when all senders are dropped.
    /// No worker is held up by it, nor by who does not listen.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn inspect(&self, inquiry: Inquiry, reply: &Sender<Answer>) -> Result<(), WorkerGone> {
        let command = || Command::Inspect(inquiry, reply.clone());
        match inquiry {
            Inquiry::Everybody => {
                self.roster.command_all(command);
                Ok(())
            }
            Inquiry::Service(id) | Inquiry::Clients(id) => {
                self.roster.command(id, command()).map_err(|()| WorkerGone)
            }
        }
    }

    /// Moves a service to another worker, without its clients noticing: it closes its image between two
    /// calls, and opens it there when one of them wants something. One that cannot be moved stays, and
    /// `reply` says why: it serves memory, has a link of its own, is at work for too long, or was not
    /// made for it ([`ServiceSpec::movable`]). What is said to it meanwhile follows it, in its order.
    ///
    /// # Errors
    /// [`WorkerGone`].
    pub fn move_to(
        &self,
        service: ServiceId,
        worker: usize,
        reply: &Sender<Moved>,
    ) -> Result<(), WorkerGone> {
        let errand = Errand { to: worker, reply: Some(reply.clone()) };
        if worker >= self.roster.worker_count() {
            errand.tell(service, Err(format!("there is no worker {worker}")));
            return Ok(());
        }
        self.roster.command(service, Command::Move(service, errand)).map_err(|()| WorkerGone)
    }

    /// Moves one service from the busiest worker to the idlest, if that is worth it. To be called now
    /// and then, a second or more apart: what happened since the last time decides.
    pub fn balance(&self) {
        self.roster.balance();
    }

    /// Images that are open now, or about to be, of those that are opened when they are wanted.
    pub fn open_images(&self) -> usize {
        self.opener.open_count()
    }

    /// Stops every service, a few at a time on each worker; [`Pool::service_count`] tells how far
    /// that has come.
    pub fn stop_all(&self) {
        self.roster.command_all(|| Command::StopAll);
    }

    /// Services that have not ended.
    pub fn service_count(&self) -> usize {
        self.roster.service_count()
    }

    /// How the workers are, one after another.
    pub fn workers(&self) -> Vec<WorkerStatus> {
        self.roster.status()
    }

    /// Stops every service and waits for the threads' end.
    ///
    /// # Errors
    /// [`WorkerGone`] if one ended by a panic.
    pub fn join(mut self) -> Result<(), WorkerGone> {
        self.hang_up();
        let ended = self.threads.drain(..).map(JoinHandle::join);
        let outcomes: Vec<_> = ended.collect();
        outcomes.into_iter().try_for_each(|outcome| outcome.map_err(|_| WorkerGone))
    }

    fn hang_up(&self) {
        self.roster.command_all(|| Command::Leave);
    }
}

/// So many connections, divided as memory is.
fn connections(max: Option<usize>) -> SharedBudget {
    let total_bytes = max.unwrap_or_else(most_of_all) as u64;
    SharedBudget::new(Division { total_bytes, least_bytes: CONNECTIONS_LEAST })
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.hang_up();
        // Whoever still opens something is about to stop.
        self.opener.end();
    }
}
