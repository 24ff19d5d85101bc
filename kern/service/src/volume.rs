//! What is served, whether or not it is open at the moment.
//!
//! ```text
//!            wanted             a disk               mounted
//!    Closed ────────► Fetching ─────────► Mounting ──────────► Open
//!      ▲                  └─── no disk ───────┴── no files ──► (why)
//!      └─────────────── closed in order, and the disk is quiet ──┘
//! ```
//! While it is closed there is no disk, no page and no mount. A file system in memory is opened
//! once, and closed with its service.

use crate::config::Source;
use crate::engine::Engine;
use crate::filesystems;
use crate::opening::{self, Opened};
use crate::upkeep::{Chore, Upkeep};
use crate::{Description, Host, Limits};
use abi::Errno;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use block::{CacheUse, Device, Lookups, Traffic};
use core::cell::Cell;

/// What mounting came to, once it has ended.
type Outcome = Rc<Cell<Option<Result<Opened, String>>>>;

/// See the top of the file.
pub(crate) struct Volume {
    source: Source,
    host: Host,
    /// The service's name.
    name: Rc<str>,
    limits: Limits,
    server: Rc<nfs::Server>,
    stage: Stage,
    past: Past,
}

/// What came before the present opening.
#[derive(Clone, Copy, Default)]
pub(crate) struct Past {
    /// How often it was opened, the present time among them.
    openings: u64,
    traffic: Traffic,
    /// `None` if no file system made any.
    commits: Option<u64>,
    lookups: Lookups,
}

enum Stage {
    Closed,
    Fetching,
    Mounting { device: Option<Rc<Device>>, outcome: Outcome },
    Open(Open),
}

/// A file system that is mounted.
struct Open {
    /// The disk below it, if it has one.
    device: Option<Rc<Device>>,
    upkeep: Upkeep,
    engine: Option<Rc<dyn Engine>>,
}

/// What became of it.
pub(crate) enum News {
    /// A file system is to be looked for: a task.
    Found(Chore),
    /// It is open.
    Opened(Description),
    /// It is closed; an error if it could not be left in order.
    Closed(Result<(), Errno>),
    /// It cannot be opened; why, for the administrator.
    Failed(String),
}

impl Volume {
    /// Closed. `server` is told of the file system while it is open.
    pub(crate) fn new(
        source: Source,
        host: Host,
        name: Rc<str>,
        limits: Limits,
        server: Rc<nfs::Server>,
    ) -> Self {
        let (stage, past) = (Stage::Closed, Past::default());
        Self { source, host, name, limits, server, stage, past }
    }

    /// Begins to open it, if it is closed.
    pub(crate) fn open(&mut self) {
        if !self.is_closed() {
            return;
        }
        self.stage = Stage::Fetching;
        if let Source::Image { backing, .. } = &self.source {
            backing.open();
        }
    }

    /// Whether nothing of it is open, or about to be.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Whether it may be closed and opened again.
    pub(crate) fn can_rest(&self) -> bool {
        matches!((&self.stage, &self.source), (Stage::Open(_), Source::Image { .. }))
    }

    /// Whether what it serves outlives it.
    pub(crate) fn has_image(&self) -> bool {
        matches!(self.source, Source::Image { .. })
    }

    /// What sees to it while it is open.
    pub(crate) fn upkeep(&self) -> Option<&Upkeep> {
        let Stage::Open(open) = &self.stage else { return None };
        Some(&open.upkeep)
    }

    /// Collects what its disk has completed.
    pub(crate) fn collect(&self) {
        if let Some(device) = self.device() {
            device.collect();
        }
    }

    /// The next thing that became of it. To be asked until there is none, before and after tasks
    /// have run.
    pub(crate) fn news(&mut self) -> Option<News> {
        match &self.stage {
            Stage::Closed => None,
            Stage::Fetching => self.fetched(),
            Stage::Mounting { outcome, .. } => {
                let outcome = outcome.take()?;
                Some(self.mounted(outcome))
            }
            Stage::Open(Open { device, upkeep, .. }) => {
                let is_quiet = device.as_ref().is_none_or(|device| device.pending_count() == 0);
                let closed = if is_quiet { upkeep.take_outcome()? } else { return None };
                self.let_go();
                Some(News::Closed(closed))
            }
        }
    }

    /// What disks were asked for so far; `None` if there was none.
    pub(crate) fn traffic(&self) -> Option<Traffic> {
        let mut traffic = self.past.traffic;
        traffic += self.device().map(|device| device.traffic()).unwrap_or_default();
        self.has_image().then_some(traffic)
    }

    /// How many compound transactions were made durable; `None` if no file system makes any.
    pub(crate) fn commits(&self) -> Option<u64> {
        let Some(engine) = self.engine() else { return self.past.commits };
        Some(self.past.commits.unwrap_or(0) + engine.commits())
    }

    /// What it did, while it is closed.
    pub(crate) fn past(&self) -> Past {
        self.past
    }

    /// Goes on from what another volume like this did.
    pub(crate) fn set_past(&mut self, past: Past) {
        self.past = past;
    }

    /// What its pages take, and how often pages were in memory so far.
    pub(crate) fn cache_use(&self) -> CacheUse {
        let mut usage = self.engine().map(Engine::cache_use).unwrap_or_default();
        usage.lookups.hits += self.past.lookups.hits;
        usage.lookups.misses += self.past.lookups.misses;
        usage
    }

    /// How often it was opened.
    pub(crate) fn openings(&self) -> u64 {
        self.past.openings
    }

    /// Takes no more memory than this from now on.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        if let Some(engine) = self.engine() {
            engine.set_limits(&limits);
        }
        self.limits = limits;
    }

    fn engine(&self) -> Option<&dyn Engine> {
        let Stage::Open(open) = &self.stage else { return None };
        open.engine.as_deref()
    }

    fn device(&self) -> Option<&Rc<Device>> {
        match &self.stage {
            Stage::Closed | Stage::Fetching => None,
            Stage::Mounting { device, .. } | Stage::Open(Open { device, .. }) => device.as_ref(),
        }
    }

    fn fetched(&mut self) -> Option<News> {
        let outcome = Outcome::default();
        let (sets, server) = (outcome.clone(), self.server.clone());
        let (device, chore): (_, Chore) = match &self.source {
            &Source::Memory { size_bytes, id } => {
                let found = filesystems::memory(&self.host, size_bytes, id);
                let opening = opening::open(async { Ok(found) }, server);
                (None, Box::pin(async move { sets.set(Some(opening.await)) }))
            }
            Source::Image { backing, options } => {
                let device = match backing.opened()? {
                    Ok(disk) => Device::new(disk),
                    Err(reason) => return Some(self.fail(reason)),
                };
                let (options, name) = (*options, &self.name);
                let found =
                    filesystems::image(device.clone(), options, name, &self.host, &self.limits);
                let opening = opening::open(found, server);
                (Some(device), Box::pin(async move { sets.set(Some(opening.await)) }))
            }
        };
        self.stage = Stage::Mounting { device, outcome };
        Some(News::Found(chore))
    }

    fn mounted(&mut self, outcome: Result<Opened, String>) -> News {
        let Opened { file_system, description, engine } = match outcome {
            Ok(opened) => opened,
            Err(reason) => return self.fail(reason),
        };
        let device = self.device().cloned();
        let upkeep = Upkeep::new(file_system, self.host.log.clone(), self.name.clone());
        if let Some(engine) = &engine {
            // They may have changed since it was begun.
            engine.set_limits(&self.limits);
        }
        self.stage = Stage::Open(Open { device, upkeep, engine });
        self.past.openings += 1;
        News::Opened(description)
    }

    fn fail(&mut self, reason: String) -> News {
        self.let_go();
        News::Failed(reason)
    }

    fn let_go(&mut self) {
        self.past.traffic = self.traffic().unwrap_or_default();
        self.past.commits = self.commits();
        self.past.lookups = self.cache_use().lookups;
        self.server.close();
        self.stage = Stage::Closed;
    }
}
