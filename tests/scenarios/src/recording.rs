//! One run of a service under a workload, and everything that happened in it.
//!
//! The run is made once. Its disk's tape and its calls, each noted at the tape's length at the time,
//! are what every power cut is judged by afterwards.

use crate::client::{self, Client};
use crate::model::{Model, Outcome};
use crate::operation::{Operation, ROOT};
use crate::rpc;
use abi::FileSystemId;
use hyper::StreamId;
use nfs::v3::Status;
use service::{Config, Limits, Source, State};
use sim::{Image, Luck, Pace, PowerDisk, Tape, VirtualClock, World};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;
use vfs::FileHandle;
use xdr::{Opaque, Reader};

/// How a run is made.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Calls made.
    pub calls: u32,
    /// Most calls under way together.
    pub depth: usize,
    /// How long a request to the disk takes at most.
    pub disk_time: Duration,
    /// The budget of the page cache.
    pub cache_bytes: u64,
    /// Whether the file system keeps a log.
    pub logged: bool,
}

/// What is served.
#[derive(Clone, Debug)]
pub enum Ground {
    /// A file system on a disk.
    Image(Image),
    /// A file system in memory of this size in bytes, which no power cut leaves anything of.
    Memory(u64),
}

/// What happened to a call.
#[derive(Clone, Debug)]
pub enum Happening {
    /// It was made.
    Started(u32, Operation),
    /// It has ended, perhaps for want of space.
    Ended(u32, Outcome, bool),
}

/// A run.
pub struct Recording {
    /// The model before it.
    pub first: Model,
    /// What happened to calls, and at which index of the tape.
    pub calls: Vec<(usize, Happening)>,
    /// What happened to the disk.
    pub tape: Tape,
    /// What the service called the times between which data may have been lost.
    pub verifier: Option<u64>,
    /// Flushes of the disk.
    pub flushes: u64,
}

impl Recording {
    /// The same number for the same run.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.tape.fingerprint().hash(&mut hasher);
        format!("{:?}", self.calls).hash(&mut hasher);
        hasher.finish()
    }
}

/// Turns of a world in which nobody answers, after which nobody will.
const STEPS_MAX: u32 = 200_000;

/// A run under way.
struct Run<'a> {
    world: World,
    disk: Option<Rc<PowerDisk>>,
    stream: StreamId,
    inbox: Vec<u8>,
    file_system: FileSystemId,
    model: Model,
    settings: &'a Settings,
    luck: Luck,
    next_call: u32,
    calls: Vec<(usize, Happening)>,
    verifier: Option<u64>,
}

/// Serves `ground`, which is as `model` says, to clients that do what `next` draws.
///
/// # Errors
/// The rule that was broken, with the last calls and the log.
pub fn record(
    ground: Ground,
    model: &Model,
    settings: &Settings,
    luck: &Luck,
    next: &mut dyn FnMut(&Model) -> Option<Operation>,
) -> Result<Recording, String> {
    let mut run = Run::new(ground, model, settings, luck);
    match run.play(next) {
        Ok(()) => Ok(Recording {
            first: model.clone(),
            calls: run.calls,
            tape: run.disk.as_ref().map(|disk| disk.tape()).unwrap_or_default(),
            verifier: run.verifier,
            flushes: run.disk.map_or(0, |disk| disk.counters().flushes),
        }),
        Err(why) => Err(run.story(&why)),
    }
}

impl<'a> Run<'a> {
    fn new(ground: Ground, model: &Model, settings: &'a Settings, luck: &Luck) -> Self {
        let clock = VirtualClock::default();
        let pace = Pace::Within(settings.disk_time);
        let power_disk = |image| Rc::new(PowerDisk::new(image, clock.clone(), luck.fork(), pace));
        let (source, disk) = match ground {
            Ground::Memory(size_bytes) => (Source::Memory { size_bytes, id: 1 }, None),
            Ground::Image(image) => {
                let disk = power_disk(image);
                (Source::Image { disk: disk.clone(), read_only: false }, Some(disk))
            }
        };
        let config = Config {
            name: "simulated".to_owned(),
            source,
            exports: vec!["/:no_root_squash".parse().expect("an export")],
            limits: Limits { cache_bytes: settings.cache_bytes, ..Limits::default() },
            port: 2049,
        };
        let mut world = World::new(config, clock.clone(), luck.fork(), disk.clone());
        let stream = world.connect();
        Self {
            world,
            disk,
            stream,
            inbox: Vec::new(),
            file_system: FileSystemId(0),
            model: model.clone(),
            settings,
            luck: luck.fork(),
            next_call: 1,
            calls: Vec::new(),
            verifier: None,
        }
    }

    fn play(&mut self, next: &mut dyn FnMut(&Model) -> Option<Operation>) -> Result<(), String> {
        self.mount()?;
        let mut steps_alone = 0;
        while self.next_call <= self.settings.calls || self.model.under_way_count() > 0 {
            if self.may_call() {
                match next(&self.model) {
                    Some(operation) => self.call(&operation),
                    None if self.model.under_way_count() == 0 => return Ok(()),
                    None => {}
                }
            }
            let is_alive = self.world.step();
            steps_alone = if self.take_replies()? { 0 } else { steps_alone + 1 };
            if self.model.under_way_count() > 0 && (!is_alive || steps_alone > STEPS_MAX) {
                return Err("a call is never answered".to_owned());
            }
        }
        Ok(())
    }

    fn may_call(&self) -> bool {
        let has_room = self.model.under_way_count() < self.settings.depth;
        self.next_call <= self.settings.calls && has_room && !self.luck.one_in(4)
    }

    /// MNT of the root, which tells its handle.
    fn mount(&mut self) -> Result<(), String> {
        let path: Opaque<'_, 1024> = Opaque(b"/");
        self.world.send(self.stream, &rpc::call(0, rpc::MOUNT, 1, &path));
        let replies = self.wait_for_replies()?;
        let Some((0, result)) = replies.first() else {
            return Err(format!("MNT is not answered: {:?}", self.world.service().state()));
        };
        let mut reader = Reader::new(result);
        let handle = reader.u32().and_then(|_| reader.opaque(64)).map_err(|_| "MNT was refused")?;
        let handle = FileHandle::from_bytes(handle).map_err(|errno| errno.to_string())?;
        self.file_system = handle.file_system;
        self.model.adopt(ROOT, handle.file, None);
        match self.world.service().state() {
            State::Serving(what) if what.read_only.is_none() => Ok(()),
            state => Err(format!("the service cannot write: {state:?}")),
        }
    }

    fn wait_for_replies(&mut self) -> Result<Vec<(u32, Vec<u8>)>, String> {
        let mut steps = 0;
        loop {
            self.inbox.extend(self.world.take(self.stream));
            let replies = rpc::replies(&mut self.inbox)?;
            let failed = matches!(self.world.service().state(), State::Failed(_));
            if !replies.is_empty() || failed || steps > STEPS_MAX || !self.world.step() {
                return Ok(replies);
            }
            steps += 1;
        }
    }

    fn call(&mut self, operation: &Operation) {
        let number = self.next_call;
        self.next_call += 1;
        let client = Client { file_system: self.file_system, model: &self.model };
        let record = client.call(number, operation);
        self.model.start(number, operation);
        self.note(Happening::Started(number, operation.clone()));
        self.world.send(self.stream, &record);
    }

    fn note(&mut self, happening: Happening) {
        let position = self.disk.as_ref().map_or(0, |disk| disk.position());
        self.calls.push((position, happening));
    }

    /// Whether there were any.
    fn take_replies(&mut self) -> Result<bool, String> {
        self.inbox.extend(self.world.take(self.stream));
        let replies = rpc::replies(&mut self.inbox)?;
        for (number, result) in &replies {
            self.end(*number, result)?;
        }
        Ok(!replies.is_empty())
    }

    fn end(&mut self, number: u32, result: &[u8]) -> Result<(), String> {
        let operation = self.calls.iter().find_map(|(_, happening)| match happening {
            Happening::Started(started, operation) if *started == number => Some(operation),
            _ => None,
        });
        let operation = operation.ok_or("a reply to nothing")?.clone();
        let answer = client::answer(&operation, result)?;
        let is_excused = matches!(answer.status, Status::NoSpace | Status::QuotaExceeded);
        if answer.outcome.is_doubtful {
            return Err(format!("{operation:?} ended with {:?}", answer.status));
        }
        if let Some(verifier) = answer.verifier
            && *self.verifier.get_or_insert(verifier) != verifier
        {
            return Err(format!("the write verifier changed at {operation:?}"));
        }
        self.note(Happening::Ended(number, answer.outcome, is_excused));
        let ended = self.model.end(number, &answer.outcome, is_excused);
        ended.map_err(|why| format!("{why} (status {:?})", answer.status))
    }

    /// What was broken, and the last of what led there.
    fn story(&self, why: &str) -> String {
        let last = self.calls.iter().rev().take(12).rev();
        let last: Vec<_> = last.map(|(at, what)| format!("  {at:6} {what:?}")).collect();
        let log = self.world.log().at_least(hyper::Level::Information);
        format!("{why}\nthe last calls:\n{}\nthe log:\n{log}", last.join("\n"))
    }
}
