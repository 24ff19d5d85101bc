//! One run of a service under a workload, and everything that happened in it.
//!
//! The run is made once. Its disk's tape and its calls, each noted at the tape's length at the time,
//! are what every power cut is judged by afterwards.

mod probes;

use crate::client::{self, Client};
use crate::model::{Model, Outcome};
use crate::operation::{How, New, Operation, ROOT};
use crate::rpc;
use abi::FileSystemId;
use hyper::StreamId;
use nfs::v3::Status;
use service::{Config, ImageOptions, Limits, Network, Opening, Source, State};
use sim::{Drawer, Fault, Image, Kind, Luck, Pace, PowerDisk, Tape, VirtualClock, When, World};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;
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
    /// How it ends.
    pub end: End,
    /// What goes wrong on the disk, once the file system is mounted; the number of an operation
    /// counts from there.
    pub fault: Option<Fault>,
    /// The number of a call before which nobody asks for anything for some time; zero for none.
    pub rest_before: u32,
    /// What the disk makes of space that files gave back, if it is told of it.
    pub discards: Option<Discarded>,
    /// How long the service may be unused before it closes the image, if it ever does; and then its
    /// host asks it to do so now and then, too.
    pub rest_after: Option<Duration>,
}

/// What reads see of space that was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// Zeros, as of a file with a hole.
    Zeros,
    /// Anything, as of a drive that promises nothing.
    Garbage,
}

/// How a run ends, once all calls have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At once.
    Abrupt,
    /// After some time in which nobody asks for anything.
    Idle,
    /// The service is stopped, as for an orderly shutdown.
    Stop,
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
    /// How often the image was opened, if it ever rested.
    pub openings: u64,
    /// How often the service was moved meanwhile.
    pub moves: u64,
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

/// How long nobody asks for anything: longer than any change stays in memory.
const IDLE: Duration = Duration::from_secs(20);

/// A run under way.
struct Run<'a> {
    world: World,
    disk: Option<Rc<PowerDisk>>,
    drawer: Option<Rc<Drawer>>,
    moves: u64,
    stream: StreamId,
    inbox: Vec<u8>,
    file_system: FileSystemId,
    /// The model before the first call.
    first: Model,
    model: Model,
    settings: &'a Settings,
    luck: Luck,
    next_call: u32,
    calls: Vec<(usize, Happening)>,
    /// Calls that ended with an error of the disk, so that nobody knows what became of them.
    doubtful: usize,
    verifier: Option<u64>,
    /// Whether unstable data may have been lost: a real client would write it again.
    has_lost: bool,
    has_rested: bool,
    /// How the last call ended.
    last_status: Option<Status>,
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
            first: run.first,
            calls: run.calls,
            tape: run.disk.as_ref().map(|disk| disk.tape()).unwrap_or_default(),
            verifier: run.verifier,
            flushes: run.disk.map_or(0, |disk| disk.counters().flushes),
            moves: run.moves,
            openings: run.drawer.map_or(0, |drawer| drawer.openings()),
        }),
        Err(why) => Err(run.story(&why)),
    }
}

impl<'a> Run<'a> {
    fn new(ground: Ground, model: &Model, settings: &'a Settings, luck: &Luck) -> Self {
        let clock = VirtualClock::default();
        let pace = Pace::Within(settings.disk_time);
        let power_disk = |image| Rc::new(PowerDisk::new(image, clock.clone(), luck.fork(), pace));
        let (source, disk, drawer) = match ground {
            Ground::Memory(size_bytes) => (Source::Memory { size_bytes, id: 1 }, None, None),
            Ground::Image(image) => {
                let disk = power_disk(image);
                if settings.discards == Some(Discarded::Garbage) {
                    disk.garble_discarded();
                }
                let drawer = settings.rest_after.map(|_| Rc::new(Drawer::new(disk.clone())));
                let of_disk = || Source::disk(disk.clone(), options(settings));
                let source = drawer.as_ref().map(|drawer| of_drawer(drawer, settings));
                (source.unwrap_or_else(of_disk), Some(disk), drawer)
            }
        };
        let opening = if drawer.is_some() { Opening::WhenUsed } else { Opening::AtOnce };
        let config = config(source, opening, settings);
        let mut world = World::new(config, clock.clone(), luck.fork(), disk.clone());
        let stream = world.connect();
        Self {
            world,
            disk,
            drawer,
            moves: 0,
            stream,
            inbox: Vec::new(),
            file_system: FileSystemId(0),
            first: model.clone(),
            model: model.clone(),
            settings,
            luck: luck.fork(),
            next_call: 1,
            calls: Vec::new(),
            doubtful: 0,
            verifier: None,
            has_lost: false,
            has_rested: false,
            last_status: None,
        }
    }

    fn play(&mut self, next: &mut dyn FnMut(&Model) -> Option<Operation>) -> Result<(), String> {
        self.mount()?;
        self.plant_fault();
        let mut steps_alone = 0;
        while self.has_calls_left() || self.waiting() > 0 {
            self.rest();
            self.pause()?;
            if self.may_call() {
                match next(&self.model) {
                    Some(operation) => self.call(&operation),
                    None if self.waiting() == 0 => break,
                    None => {}
                }
            }
            let is_alive = self.world.step();
            steps_alone = if self.take_replies()? { 0 } else { steps_alone + 1 };
            if self.waiting() > 0 && (!is_alive || steps_alone > STEPS_MAX) {
                return Err("a call is never answered".to_owned());
            }
        }
        self.probe()?;
        self.end_run()
    }

    /// Calls that have not been answered.
    fn waiting(&self) -> usize {
        self.model.under_way_count() - self.doubtful
    }

    fn has_calls_left(&self) -> bool {
        self.next_call <= self.settings.calls && !self.has_lost
    }

    fn may_call(&self) -> bool {
        self.has_calls_left() && self.waiting() < self.settings.depth && !self.luck.one_in(4)
    }

    /// Whether the disk has failed so that a client could tell.
    fn has_failed(&self) -> bool {
        self.settings.fault.is_some() && self.doubtful > 0
    }

    fn plant_fault(&self) {
        let (Some(fault), Some(disk)) = (self.settings.fault, &self.disk) else { return };
        let so_far = match fault.kind {
            Kind::Read => disk.counters().reads,
            Kind::Write => disk.counters().writes,
            Kind::Flush => disk.counters().flushes,
        };
        let when = match fault.when {
            When::Nth(number) => When::Nth(so_far + number),
            When::From(number) => When::From(so_far + number),
            when @ When::OneIn(_) => when,
        };
        disk.fail(Fault { when, ..fault });
    }

    /// Lets everything reach its place, if that is to be done before the next call.
    fn rest(&mut self) {
        if self.next_call == self.settings.rest_before && self.waiting() == 0 && !self.has_rested {
            self.has_rested = true;
            self.idle();
        }
    }

    /// Now and then, leaves the service alone for about as long as it may be unused, or asks it to
    /// rest, whatever it is doing.
    fn pause(&mut self) -> Result<(), String> {
        let Some(rest_after) = self.settings.rest_after else { return Ok(()) };
        if self.luck.one_in(20) {
            self.world.service_mut().rest();
        }
        if self.luck.one_in(10) {
            let longest = u64::try_from(2 * rest_after.as_nanos()).unwrap_or(u64::MAX);
            let end = self.world.age() + Duration::from_nanos(self.luck.below(longest));
            self.world.run_until(|world| world.age() >= end);
            self.take_replies()?;
            self.move_service();
        }
        Ok(())
    }

    /// The service goes elsewhere, if it rests.
    fn move_service(&mut self) {
        let Some(drawer) = &self.drawer else { return };
        let source = of_drawer(drawer, self.settings);
        let config = config(source, Opening::WhenUsed, self.settings);
        if let Some(stream) = self.world.move_service(config, self.stream) {
            self.stream = stream;
            self.moves += 1;
        }
    }

    fn idle(&mut self) {
        let end = self.world.age() + IDLE;
        self.world.run_until(|world| world.age() >= end);
    }

    fn end_run(&mut self) -> Result<(), String> {
        match self.settings.end {
            End::Abrupt => Ok(()),
            End::Idle => {
                self.idle();
                Ok(())
            }
            End::Stop => {
                self.world.service_mut().stop();
                let stopped = self.world.run_until(|world| world.service().is_stopped());
                let is_excused = self.settings.fault.is_some();
                (stopped || is_excused)
                    .then_some(())
                    .ok_or_else(|| "the service does not stop".to_owned())
            }
        }
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
        let handle = nfs::Handle::from_bytes(handle).map_err(|errno| errno.to_string())?.file;
        self.file_system = handle.file_system;
        self.model.adopt(ROOT, handle.file, None);
        self.first = self.model.clone();
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
        let mut answer = client::answer(&operation, result)?;
        let is_excused = matches!(answer.status, Status::NoSpace | Status::QuotaExceeded);
        if answer.outcome.is_doubtful && self.settings.fault.is_none() {
            return Err(format!("{operation:?} ended with {:?}", answer.status));
        }
        answer.outcome.is_doubtful |= is_excused && has_two_steps(&operation);
        let is_refused = !answer.outcome.succeeded && !answer.outcome.is_doubtful && !is_excused;
        if is_refused && self.has_failed() && self.model.foresees_success(number) {
            return Err(format!(
                "the disk has failed, and {operation:?} ended with {:?}",
                answer.status
            ));
        }
        self.last_status = Some(answer.status);
        self.doubtful += usize::from(answer.outcome.is_doubtful);
        self.check_verifier(&operation, answer.verifier)?;
        self.note(Happening::Ended(number, answer.outcome, is_excused));
        let ended = self.model.end(number, &answer.outcome, is_excused);
        ended.map_err(|why| format!("{why} (status {:?})", answer.status))
    }

    /// The verifier stays unless the disk fails.
    fn check_verifier(
        &mut self,
        operation: &Operation,
        verifier: Option<u64>,
    ) -> Result<(), String> {
        let Some(verifier) = verifier else { return Ok(()) };
        if *self.verifier.get_or_insert(verifier) == verifier {
            return Ok(());
        }
        self.has_lost = true;
        let is_excused = self.settings.fault.is_some();
        is_excused.then_some(()).ok_or_else(|| format!("the verifier changed at {operation:?}"))
    }

    /// What was broken, and the last of what led there.
    fn story(&self, why: &str) -> String {
        let last = self.calls.iter().rev().take(12).rev();
        let last: Vec<_> = last.map(|(at, what)| format!("  {at:6} {what:?}")).collect();
        let log = self.world.log().at_least(hyper::Level::Information);
        format!("{why}\nthe last calls:\n{}\nthe log:\n{log}", last.join("\n"))
    }
}

/// What is served, and to whom.
fn config(source: Source, opening: Opening, settings: &Settings) -> Config {
    Config {
        name: "simulated".to_owned(),
        source,
        opening,
        exports: vec!["/:no_root_squash".parse().expect("an export")],
        limits: limits(settings),
        network: Network::Host { port: 2049 },
    }
}

fn of_drawer(drawer: &Rc<Drawer>, settings: &Settings) -> Source {
    Source::Image { backing: drawer.clone(), options: options(settings) }
}

fn options(settings: &Settings) -> ImageOptions {
    ImageOptions { discard: settings.discards.is_some(), ..ImageOptions::default() }
}

/// What the service may take. One that may rest saves soon, lest it never can.
fn limits(settings: &Settings) -> Limits {
    let &Settings { cache_bytes, rest_after, .. } = settings;
    let limits = Limits { cache_bytes, rest_after, ..Limits::default() };
    match rest_after {
        Some(rest_after) => Limits { save_age: rest_after / 2, ..limits },
        None => limits,
    }
}

/// CREATE with a size makes the file, and then gives it the size: refused for want of space, it may
/// have made the file.
fn has_two_steps(operation: &Operation) -> bool {
    matches!(operation, Operation::Make { new: New::Regular(How::Unchecked(Some(_))), .. })
}
