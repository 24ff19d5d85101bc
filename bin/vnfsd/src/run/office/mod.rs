//! Who answers at the control socket: asks the steward what is wanted and the workers how it goes.
//!
//! | file | what it does |
//! |---|---|
//! | `census` | how services are, as their workers say, and what they do at present |
//! | `words` | that in the words of the control socket |
//!
//! Methods are called on threads of the control socket; they wait for the steward and for workers, who
//! never wait for them.

mod census;
mod words;

use super::events::{Event, Events};
use super::refusal::Refusal;
use super::runs::Known;
use super::steward::{Deed, Steward};
use crate::cli;
use crate::log::Level;
use abi::Instant;
use census::{Census, Seen};
use control::model::{
    Change, Changes, Clients, Code, Counts, Failure, Fault, Fleet, LogLevel, LogLevels, Memory,
    Outcome, Procedure, Procedures, Service, Services, Slowest, State, Trace, What, Worker,
};
use control::operator::{Answer, Operator, Verb};
use control::selection::{Candidate, Order, Selection};
use hyper::Clock;
use posix::{HostClock, Inquiry, Pool};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The slowest calls that are told.
const SLOWEST_MAX: usize = 100;

/// How long a worker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module's text.
pub struct Office {
    file: PathBuf,
    events: Events,
    pool: Arc<Pool>,
    log: Level,
    began: Instant,
    census: Mutex<Census>,
}

impl Office {
    /// Of the steward that `events` lead to.
    pub fn new(file: PathBuf, events: Events, pool: Arc<Pool>, log: Level) -> Self {
        let (began, census) = (HostClock.now(), Mutex::default());
        Self { file, events, pool, log, began, census }
    }

    /// Asks the steward.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Steward) -> T + Send + 'static,
    ) -> Answer<T> {
        let ended = || Failure::new(Code::Unavailable, "the process is ending");
        self.events.ask(question).ok_or_else(ended)
    }

    fn known(&self, name: &str) -> Answer<Known> {
        let asked = name.to_owned();
        let known = self.ask(move |steward| steward.known(&asked))?;
        known.ok_or_else(|| Failure::no_such_service(name))
    }

    fn all(&self) -> Answer<Vec<Known>> {
        self.ask(|steward| steward.all())
    }

    fn census(&self) -> MutexGuard<'_, Census> {
        let mut census = self.census.lock().unwrap_or_else(PoisonError::into_inner);
        census.refresh(&self.pool);
        census
    }

    /// What `of` tells of one service, or of all that run.
    fn of_each<T>(
        &self,
        name: Option<&str>,
        mut of: impl FnMut(&str, &service::Statistics) -> Vec<T>,
    ) -> Answer<Vec<T>> {
        let known = match name {
            Some(name) => vec![self.known(name)?],
            None => self.all()?,
        };
        let census = self.census();
        let seen = known.iter().filter_map(|known| Some((known, census.get(known.id)?)));
        let told = |(known, seen): (&Known, &Seen)| of(&known.plan.name, &seen.status.statistics);
        Ok(seen.flat_map(told).collect())
    }
}

impl Operator for Office {
    fn fleet(&self) -> Answer<Fleet> {
        let (overview, is_ending) =
            self.ask(|steward| (steward.overview(), steward.is_ending()))?;
        let census = self.census();
        let mut memory = Memory::default();
        let mut load = control::model::Load::default();
        for seen in census.all() {
            memory = sum(memory, words::memory(&seen.status.statistics.memory));
            load = together(load, seen.load);
        }
        Ok(Fleet {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process_id: std::process::id(),
            since: words::time(self.began),
            uptime_seconds: HostClock.now().since(self.began).as_secs(),
            file: Some(self.file.display().to_string()),
            is_ending,
            services: counts(&overview),
            workers: workers(&self.pool),
            counters: census.counters(),
            load,
            memory,
            resident_bytes: resident_bytes(),
            open_images: self.pool.open_images() as u64,
            log_level: level(self.log.get()),
        })
    }

    fn services(&self, selection: &Selection) -> Answer<Services> {
        let all = self.all()?;
        let census = self.census();
        let picked = selection.pick(all.iter().map(|known| Candidate {
            name: &known.plan.name,
            state: words::state(&known.state),
            labels: &known.plan.labels,
            rank: rank(selection.order, census.get(known.id)),
            item: known,
        }));
        let shown = |known: &Known| words::service(known, census.get(known.id));
        let items = picked.items.into_iter().map(shown).collect();
        Ok(Services { items, total: picked.total, next: picked.next })
    }

    fn service(&self, name: &str) -> Answer<Service> {
        let known = self.known(name)?;
        Ok(words::service(&known, self.census().get(known.id)))
    }

    fn clients(&self, name: &str) -> Answer<Clients> {
        let Some(id) = self.known(name)?.id else { return Ok(Clients::default()) };
        let (reply, answers) = channel();
        // Who is gone has no clients.
        let _ = self.pool.inspect(Inquiry::Clients(id), &reply);
        drop(reply);
        let mut items = Vec::new();
        while let Ok(answer) = answers.recv_timeout(PATIENCE) {
            if let posix::Answer::Clients(clients) = answer {
                items.extend(clients.into_iter().map(words::client));
            }
        }
        items.sort_by(|one, other| one.address.cmp(&other.address));
        Ok(Clients { items })
    }

    fn procedures(&self, name: Option<&str>) -> Answer<Procedures> {
        let all = self.of_each(name, |_, of| words::procedures(of).collect())?;
        let mut sums: BTreeMap<(String, u32, String), Procedure> = BTreeMap::new();
        for procedure in all {
            let key = (procedure.program.clone(), procedure.version, procedure.name.clone());
            match sums.get_mut(&key) {
                None => drop(sums.insert(key, procedure)),
                Some(sum) => {
                    sum.calls += procedure.calls;
                    sum.errors += procedure.errors;
                    sum.latency += &procedure.latency;
                }
            }
        }
        Ok(Procedures { items: sums.into_values().collect() })
    }

    fn slowest(&self, name: Option<&str>) -> Answer<Slowest> {
        let mut items = self.of_each(name, |name, of| words::slowest(name, of).collect())?;
        items.sort_by_key(|call| std::cmp::Reverse(call.microseconds));
        items.truncate(SLOWEST_MAX);
        Ok(Slowest { items })
    }

    fn act(&self, name: &str, verb: Verb) -> Answer<Outcome> {
        let asked = name.to_owned();
        let done = self.ask(move |steward| steward.act(&asked, deed(verb)))?;
        let (changed, state) = done.ok_or_else(|| Failure::no_such_service(name))?;
        let state = words::state(&state);
        let message = format!("{name}: {}", told(verb, changed, state));
        Ok(Outcome { name: name.to_owned(), changed, state: Some(state), message })
    }

    fn reload(&self) -> Answer<Changes> {
        self.ask(|steward| steward.reload().map(|changes| (changes, steward.overview())))?
            .map(|(changes, overview)| shown(&changes, &overview))
            .map_err(failure)
    }

    fn add(&self, text: &str) -> Answer<Changes> {
        let text = text.to_owned();
        self.ask(move |steward| steward.add(text).map(|changes| (changes, steward.overview())))?
            .map(|(changes, overview)| shown(&changes, &overview))
            .map_err(failure)
    }

    fn remove(&self, name: &str) -> Answer<Outcome> {
        self.known(name)?;
        let asked = name.to_owned();
        self.ask(move |steward| steward.remove(&asked))?.map_err(failure)?;
        let message = format!("{name}: stopped, and gone then");
        Ok(Outcome { name: name.to_owned(), changed: true, state: None, message })
    }

    fn log_level(&self) -> Answer<LogLevels> {
        Ok(LogLevels { level: level(self.log.get()) })
    }

    fn set_log_level(&self, level: LogLevel) -> Answer<LogLevels> {
        self.log.set(wanted_level(level));
        self.log_level()
    }

    fn trace(&self, name: &str, _: Option<&str>) -> Answer<Trace> {
        self.known(name)?;
        let detail = format!("{name}: set `pcap` in the fleet's file and reload it");
        Err(Failure::new(Code::NotPossible, detail))
    }

    fn end(&self) -> Answer<Fleet> {
        self.events.tell(Event::End);
        self.fleet()
    }
}

fn level(of: cli::LogLevel) -> LogLevel {
    match of {
        cli::LogLevel::Off => LogLevel::Off,
        cli::LogLevel::Error => LogLevel::Error,
        cli::LogLevel::Warn => LogLevel::Warn,
        cli::LogLevel::Info => LogLevel::Info,
        cli::LogLevel::Debug => LogLevel::Debug,
    }
}

fn wanted_level(of: LogLevel) -> cli::LogLevel {
    match of {
        LogLevel::Off => cli::LogLevel::Off,
        LogLevel::Error => cli::LogLevel::Error,
        LogLevel::Warn => cli::LogLevel::Warn,
        LogLevel::Info => cli::LogLevel::Info,
        LogLevel::Debug => cli::LogLevel::Debug,
    }
}

fn counts(of: &fleet::Overview) -> Counts {
    Counts {
        waiting: of.waiting as u64,
        starting: of.starting as u64,
        resting: of.resting as u64,
        serving: of.serving as u64,
        paused: of.paused as u64,
        stopping: of.stopping as u64,
        stopped: of.stopped as u64,
        failed: of.failed as u64,
    }
}

fn workers(pool: &Pool) -> Vec<Worker> {
    let workers = pool.workers().into_iter().zip(0..);
    let shown = workers.map(|(status, number)| Worker {
        number,
        services: status.services as u64,
        busy: status.busy_permille as f64 / 1000.0,
    });
    shown.collect()
}

fn sum(one: Memory, other: Memory) -> Memory {
    Memory {
        cache_bytes: one.cache_bytes + other.cache_bytes,
        dirty_bytes: one.dirty_bytes + other.dirty_bytes,
        received_bytes: one.received_bytes + other.received_bytes,
        calls_bytes: one.calls_bytes + other.calls_bytes,
        replies_bytes: one.replies_bytes + other.replies_bytes,
        kept_replies_bytes: one.kept_replies_bytes + other.kept_replies_bytes,
        other_bytes: one.other_bytes + other.other_bytes,
    }
}

/// What two do together; a call takes what it takes on average.
fn together(one: control::model::Load, other: control::model::Load) -> control::model::Load {
    let calls_per_second = one.calls_per_second + other.calls_per_second;
    let taken = one.calls_per_second * one.call_microseconds
        + other.calls_per_second * other.call_microseconds;
    control::model::Load {
        calls_per_second,
        received_bytes_per_second: one.received_bytes_per_second + other.received_bytes_per_second,
        sent_bytes_per_second: one.sent_bytes_per_second + other.sent_bytes_per_second,
        call_microseconds: if calls_per_second > 0.0 { taken / calls_per_second } else { 0.0 },
        busy: one.busy + other.busy,
    }
}

/// How much of what an order is about somebody has.
fn rank(order: Order, seen: Option<&Seen>) -> f64 {
    let Some(seen) = seen else { return 0.0 };
    match order {
        Order::Name => 0.0,
        Order::Calls => seen.load.calls_per_second,
        Order::Latency => seen.load.call_microseconds,
        Order::Memory => seen.status.statistics.memory.total() as f64,
        Order::Busy => seen.load.busy,
    }
}

/// Memory of the process that is really there; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

fn deed(verb: Verb) -> Deed {
    match verb {
        Verb::Start => Deed::Start,
        Verb::Stop => Deed::Stop,
        Verb::Pause => Deed::Pause,
        Verb::Resume => Deed::Resume,
    }
}

fn told(verb: Verb, changed: bool, state: State) -> String {
    let begun = match verb {
        Verb::Start => "is started",
        Verb::Stop => "is stopped",
        Verb::Pause => "is paused: its clients wait",
        Verb::Resume => "goes on",
    };
    match changed {
        true => begun.to_owned(),
        false => format!("nothing to do: it is {state}"),
    }
}

fn shown(changes: &[fleet::Change], overview: &fleet::Overview) -> Changes {
    let what = |what: &fleet::What| match what {
        fleet::What::Add => (What::Added, Vec::new()),
        fleet::What::Remove => (What::Removed, Vec::new()),
        fleet::What::Exports => (What::Exports, Vec::new()),
        fleet::What::Limits => (What::Limits, Vec::new()),
        fleet::What::Labels => (What::Labels, Vec::new()),
        fleet::What::Restart(keys) => {
            (What::Restarted, keys.iter().map(ToString::to_string).collect())
        }
    };
    let item = |change: &fleet::Change| {
        let (what, keys) = what(&change.what);
        Change { name: change.name.clone(), what, keys }
    };
    let items: Vec<Change> = changes.iter().map(item).collect();
    let mut changed: Vec<&str> = items
        .iter()
        .filter(|change| change.what != What::Removed)
        .map(|change| &*change.name)
        .collect();
    changed.sort_unstable();
    changed.dedup();
    let unchanged = counts(overview).total().saturating_sub(changed.len() as u64);
    Changes { items, unchanged }
}

fn failure(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Faults(faults) => {
            let detail = "nothing was changed: the description is at fault";
            let faults = faults.into_iter().map(fault).collect();
            Failure { faults, ..Failure::new(Code::FaultyFile, detail) }
        }
        Refusal::NeedsProcess(_) => Failure::new(
            Code::NeedsRestart,
            format!("nothing was changed: {}", refusal.to_string().replace('\n', "; ")),
        ),
        Refusal::Other(error) => Failure::new(Code::NotPossible, format!("{error:#}")),
    }
}

fn fault(of: fleet::Fault) -> Fault {
    Fault {
        file: of.file,
        line: of.line as u64,
        column: of.column as u64,
        key: of.key,
        expected: of.expected,
        found: of.found,
    }
}
