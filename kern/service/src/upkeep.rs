//! Upkeep of a file system that can be changed: what nobody asked to be durable becomes so by age,
//! and at the end everything is left in order.
//!
//! ```text
//!              unsaved           of age            saved
//!        Idle ─────────► Waiting ──────► Saving ──────────► Idle
//!          └───────────────┴── asked to close ──► Closing ──► Closed
//! ```
//! A file system with nothing to save costs no task and no timer. Closing never overtakes a save, and
//! calls off one that only waits.

use abi::Result;
use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::Cell;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use hyper::{Level, Log};
use task::{Sleep, WaitQueue};
use vfs::{FileSystem, WritableFileSystem};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Waiting,
    Saving,
    Closing,
    Closed,
}

/// A task of upkeep.
pub(crate) type Chore = Pin<Box<dyn Future<Output = ()>>>;

/// See the top of the file. Cheap to clone: each task has one.
#[derive(Clone)]
pub(crate) struct Upkeep {
    file_system: Rc<dyn FileSystem>,
    log: Rc<dyn Log>,
    /// The service's name.
    name: Rc<str>,
    phase: Rc<Cell<Phase>>,
    /// Where a save waits, beside its age, to be called off.
    called_off: Rc<WaitQueue>,
    /// Whether the last save failed, and the log says so already.
    is_failing: Rc<Cell<bool>>,
    /// What closing came to, until somebody takes it.
    outcome: Rc<Cell<Option<Result<()>>>>,
}

impl Upkeep {
    /// Of a file system that is mounted.
    pub(crate) fn new(file_system: Rc<dyn FileSystem>, log: Rc<dyn Log>, name: Rc<str>) -> Self {
        let phase = Rc::new(Cell::new(Phase::Idle));
        let (called_off, is_failing, outcome) = Default::default();
        Self { file_system, log, name, phase, called_off, is_failing, outcome }
    }

    /// Tasks of its that have not ended.
    pub(crate) fn task_count(&self) -> usize {
        usize::from(!matches!(self.phase.get(), Phase::Idle | Phase::Closed))
    }

    /// Whether there is something to save, and nobody yet who will.
    pub(crate) fn needs_saving(&self) -> bool {
        self.phase.get() == Phase::Idle && self.is_unsaved()
    }

    /// Whether there is something to save.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.file_system.writable().is_some_and(WritableFileSystem::is_unsaved)
    }

    /// Saves what there is once it is of age.
    pub(crate) fn save(&self, of_age: Sleep) -> Chore {
        self.phase.set(Phase::Waiting);
        let upkeep = self.clone();
        Box::pin(async move {
            first(of_age, upkeep.called_off.wait()).await;
            if upkeep.phase.get() == Phase::Waiting {
                upkeep.phase.set(Phase::Saving);
                upkeep.sync().await;
                upkeep.phase.set(Phase::Idle);
            }
        })
    }

    /// Whether closing may begin.
    pub(crate) fn can_close(&self) -> bool {
        matches!(self.phase.get(), Phase::Idle | Phase::Waiting)
    }

    /// Leaves the file system in order: nothing can be changed from now on.
    pub(crate) fn close(&self) -> Chore {
        self.phase.set(Phase::Closing);
        self.called_off.wake_all();
        let upkeep = self.clone();
        Box::pin(async move {
            let closed = close(&*upkeep.file_system).await;
            upkeep.outcome.set(Some(closed));
            upkeep.phase.set(Phase::Closed);
        })
    }

    /// What closing came to, once, when it has ended and no task is left.
    pub(crate) fn take_outcome(&self) -> Option<Result<()>> {
        let is_alone = Rc::strong_count(&self.phase) == 1;
        if is_alone { self.outcome.take() } else { None }
    }

    async fn sync(&self) {
        let Some(writable) = self.file_system.writable() else { return };
        let saved = writable.sync().await;
        let was_failing = self.is_failing.replace(saved.is_err());
        match saved {
            Err(errno) if !was_failing => {
                self.say(Level::Error, format_args!("changes cannot be saved: {errno}"));
            }
            Ok(()) if was_failing => {
                self.say(Level::Information, format_args!("changes can be saved again"));
            }
            _ => {}
        }
    }

    fn say(&self, level: Level, line: fmt::Arguments<'_>) {
        self.log.log(level, "service", format_args!("{}: {line}", self.name));
    }
}

/// Ends with whichever ends first.
async fn first(mut one: impl Future + Unpin, mut other: impl Future + Unpin) {
    poll_fn(|context| {
        let has_ended = Pin::new(&mut one).poll(context).is_ready()
            || Pin::new(&mut other).poll(context).is_ready();
        if has_ended { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Leaves a file system in order, if it can be changed at all.
pub(crate) async fn close(file_system: &dyn FileSystem) -> Result<()> {
    match file_system.writable() {
        Some(writable) => writable.close().await,
        None => Ok(()),
    }
}
