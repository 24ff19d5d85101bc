//! Images that are opened when they are wanted, off the workers' threads, and no more of them at a
//! time than the process has descriptors for.
//!
//! ```text
//!  service ── Backing::open ──► line ──► a thread: room? open, lock, size ──► answer
//!     ▲                                     │ no room                            │
//!     │ Command::Rest, to whoever used ◄────┘                                    │
//!     │ its image least lately                             Command::Turn ◄───────┘
//! ```
//! | file | what it is |
//! |---|---|
//! | `line` | who is next: not all threads are for one folder, whose file system may hang |
//! | `room` | how many images are open, whose, and who used his least lately |
//! | `backing` | the hypercall |
//!
//! Never: a worker that waits, or a failure for want of descriptors, which others give back.

mod backing;
mod line;
mod room;

use crate::clock::HostClock;
use crate::command::Command;
use crate::descriptors::most_of_all;
use crate::image::{Access, Image, ImageError};
use crate::pool::{Roster, locked};
use crate::report::ServiceId;
use hyper::Clock;
use line::Line;
use room::{Key, Room};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

pub(crate) use backing::{Customer, LazyImage};

/// Threads, and so images that are being opened at a time.
const THREADS_MAX: usize = 16;

/// How much of a thread's stack opening needs, in bytes.
const STACK_BYTES: usize = 128 << 10;

/// How long somebody may take to make room before the next is asked, too.
const PATIENCE: Duration = Duration::from_millis(100);

/// See the module's text. Cheap to clone: all clones are the same.
#[derive(Clone)]
pub(crate) struct Opener(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is a request, room, or nothing any more.
    changed: Condvar,
    roster: Arc<Roster>,
}

struct State {
    line: Line<Request>,
    room: Room,
    threads: usize,
    /// Threads with nothing to do.
    idle: usize,
    /// The present lack of descriptors has been logged.
    has_complained: bool,
    is_over: bool,
}

/// An image that somebody wants.
struct Request {
    service: ServiceId,
    path: PathBuf,
    access: Access,
    used_at: Arc<AtomicU64>,
    answer: Arc<Answer>,
}

/// Where an answer is left for the service's thread.
type Answer = Mutex<Option<Result<OpenImage, String>>>;

type Locked<'a> = MutexGuard<'a, State>;

/// An image, with the room that it takes up until it is dropped.
pub(crate) struct OpenImage {
    pub(crate) image: Image,
    pub(crate) permit: Permit,
}

/// The room of one open image.
pub(crate) struct Permit {
    shared: Arc<Shared>,
    key: Key,
}

impl Opener {
    /// Has at most so many images open at a time; three quarters of the process's descriptors if
    /// nothing is said.
    pub(crate) fn new(images_max: Option<usize>, roster: Arc<Roster>) -> Self {
        let state = State {
            line: Line::default(),
            room: Room::new(images_max.unwrap_or_else(most_of_all)),
            threads: 0,
            idle: 0,
            has_complained: false,
            is_over: false,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), roster }))
    }

    /// Images open at present, those that are being opened included.
    pub(crate) fn open_count(&self) -> usize {
        locked(&self.0.state).room.count()
    }

    /// Lets the threads end, which may be held up for as long as they like.
    pub(crate) fn end(&self) {
        locked(&self.0.state).is_over = true;
        self.0.changed.notify_all();
    }

    /// Opens an image, some time.
    fn ask(&self, request: Request) {
        let mut state = locked(&self.0.state);
        state.line.join(request.path.parent().map(PathBuf::from).unwrap_or_default(), request);
        if state.idle == 0 && state.threads < THREADS_MAX {
            state.threads += 1;
            drop(state);
            self.start_thread();
        }
        self.0.changed.notify_all();
    }

    fn start_thread(&self) {
        let shared = self.0.clone();
        let thread = Builder::new().name("vnfsd-opener".into()).stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(move || shared.work()) {
            let mut state = locked(&self.0.state);
            state.threads -= 1;
            if state.threads == 0 {
                let all = state.line.all();
                drop(state);
                let reason = format!("no thread to open images can be started: {error}");
                all.into_iter().for_each(|request| self.0.answer(request, Err(reason.clone())));
            }
        }
    }
}

impl Shared {
    /// One thread's life.
    fn work(self: Arc<Self>) {
        let mut state = locked(&self.state);
        while !state.is_over {
            let Some((folder, request)) = state.line.next() else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            drop(state);
            let opened = self.open(&request);
            self.answer(request, opened);
            state = locked(&self.state);
            state.line.done(folder);
            self.changed.notify_all();
        }
        state.threads -= 1;
    }

    fn answer(&self, request: Request, opened: Result<OpenImage, String>) {
        *locked(&request.answer) = Some(opened);
        // A service that has ended needs no image, and one on a worker that has is no more.
        let _ = self.roster.command(request.service, Command::Turn(request.service));
    }

    fn open(self: &Arc<Self>, request: &Request) -> Result<OpenImage, String> {
        let key = self.await_room(request)?;
        let permit = Permit { shared: self.clone(), key };
        loop {
            match Image::open(&request.path, request.access) {
                Ok(image) => {
                    locked(&self.state).has_complained = false;
                    return Ok(OpenImage { image, permit });
                }
                Err(error) if error.is_of_descriptors() => self.await_descriptors(&error)?,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Takes up room for one more image, as soon as there is some.
    fn await_room(&self, request: &Request) -> Result<Key, String> {
        let mut state = locked(&self.state);
        loop {
            if let Some(key) = state.room.take(request.service, request.used_at.clone()) {
                return Ok(key);
            }
            state = self.ask_for_room(state)?;
        }
    }

    /// Waits for somebody to give descriptors back: images, sockets or others.
    fn await_descriptors(&self, error: &ImageError) -> Result<(), String> {
        let mut state = locked(&self.state);
        if !std::mem::replace(&mut state.has_complained, true) {
            tracing::warn!("opening images waits: {error}; raise the limit of open files");
        }
        self.ask_for_room(state).map(drop)
    }

    /// Asks whoever used his image least lately to close it, and waits for a while.
    fn ask_for_room<'a>(&'a self, mut state: Locked<'a>) -> Result<Locked<'a>, String> {
        if let Some(service) = state.room.ask_next(HostClock.now()) {
            drop(state);
            // One that has ended gives its image back anyway.
            let _ = self.roster.command(service, Command::Rest(service));
            state = locked(&self.state);
        }
        let waited = self.changed.wait_timeout(state, PATIENCE);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.is_over { Err("the process ends".to_owned()) } else { Ok(state) }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        locked(&self.shared.state).room.give_back(self.key);
        self.shared.changed.notify_all();
    }
}
