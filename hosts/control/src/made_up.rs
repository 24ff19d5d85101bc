//! A fleet that does not exist: for tests of whatever shows or orders one, and to look at that.
//!
//! Services are the same for the same count. Nothing happens by itself: no time passes, and no
//! figure moves but by being asked for.

use crate::model::{
    Change, Changes, Client, Clients, Code, Counters, Counts, Disk, Failure, Fault, Fleet,
    Histogram, Limits, Load, LogLevel, LogLevels, Memory, Outcome, Procedure, Procedures, Service,
    Services, SlowCall, Slowest, Source, Space, State, Trace, What, Worker,
};
use crate::operator::{Answer, Operator, Verb};
use crate::selection::{Candidate, Order, Selection};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// When it all began: 2026-01-01.
const BEGAN_SECONDS: i64 = 1_767_225_600;
/// Threads that turn services.
const WORKERS: u64 = 2;
/// What clients of services call.
const PROCEDURES: [(&str, u32, &str); 5] = [
    ("MOUNT", 3, "MNT"),
    ("NFS", 3, "GETATTR"),
    ("NFS", 3, "LOOKUP"),
    ("NFS", 3, "READ"),
    ("NFS", 3, "WRITE"),
];

/// A fleet that does not exist.
pub struct MadeUp(Mutex<Inside>);

struct Inside {
    services: BTreeMap<String, Service>,
    log_level: LogLevel,
    is_ending: bool,
    asked: u64,
}

impl MadeUp {
    /// With as many services, of which every seventh failed and every third rests.
    pub fn new(count: u64) -> Self {
        let services = (0..count).map(service).map(|service| (service.name.clone(), service));
        let services = services.collect();
        let log_level = LogLevel::Info;
        Self(Mutex::new(Inside { services, log_level, is_ending: false, asked: 0 }))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn get(&self, name: &str) -> Answer<&Service> {
        self.services.get(name).ok_or_else(|| Failure::no_such_service(name))
    }

    fn get_mut(&mut self, name: &str) -> Answer<&mut Service> {
        self.services.get_mut(name).ok_or_else(|| Failure::no_such_service(name))
    }

    fn fleet(&mut self) -> Fleet {
        self.asked += 1;
        let mut fleet = empty_fleet(self.log_level, self.is_ending);
        for service in self.services.values() {
            fleet.services.count(service.state);
            fleet.counters += service.counters;
            fleet.load.calls_per_second += service.load.calls_per_second;
            fleet.memory.cache_bytes += service.memory.cache_bytes;
        }
        fleet.counters.calls += self.asked * 1000;
        fleet
    }
}

impl Operator for MadeUp {
    fn fleet(&self) -> Answer<Fleet> {
        Ok(self.inside().fleet())
    }

    fn services(&self, selection: &Selection) -> Answer<Services> {
        let inside = self.inside();
        let candidates = inside.services.values().map(|service| Candidate {
            name: &service.name,
            state: service.state,
            labels: &service.labels,
            rank: rank(service, selection.order),
            item: service,
        });
        let picked = selection.pick(candidates);
        let items = picked.items.into_iter().cloned().collect();
        Ok(Services { items, total: picked.total, next: picked.next })
    }

    fn service(&self, name: &str) -> Answer<Service> {
        self.inside().get(name).cloned()
    }

    fn clients(&self, name: &str) -> Answer<Clients> {
        let inside = self.inside();
        let connections = inside.get(name)?.counters.connections;
        Ok(Clients { items: (1..=connections).map(client).collect() })
    }

    fn procedures(&self, name: Option<&str>) -> Answer<Procedures> {
        name.map_or(Ok(()), |name| self.inside().get(name).map(drop))?;
        Ok(Procedures { items: PROCEDURES.iter().zip(1..).map(procedure).collect() })
    }

    fn slowest(&self, name: Option<&str>) -> Answer<Slowest> {
        name.map_or(Ok(()), |name| self.inside().get(name).map(drop))?;
        let calls = (1..=16).map(|place| slow_call(name.unwrap_or("s00000"), place));
        Ok(Slowest { items: calls.collect() })
    }

    fn act(&self, name: &str, verb: Verb) -> Answer<Outcome> {
        let mut inside = self.inside();
        let service = inside.get_mut(name)?;
        let state = after(service.state, verb).ok_or_else(|| {
            let detail = format!("{name}: it is {}, and only who runs can do this", service.state);
            Failure::new(Code::NotPossible, detail)
        })?;
        let changed = state != service.state;
        service.state = state;
        service.reason = None;
        service.retry_at = None;
        let already = if changed { "" } else { "already " };
        let message = format!("{name}: {already}{state}");
        Ok(Outcome { name: name.to_owned(), changed, state: Some(state), message })
    }

    fn reload(&self) -> Answer<Changes> {
        let items = vec![
            change("s00001", What::Exports, &[]),
            change("s00002", What::Restarted, &["image"]),
        ];
        let unchanged = (self.inside().services.len() as u64).saturating_sub(items.len() as u64);
        Ok(Changes { items, unchanged })
    }

    fn add(&self, text: &str) -> Answer<Changes> {
        let name = text.lines().find_map(|line| line.strip_prefix("name = "));
        let Some(name) = name.map(|name| name.trim_matches('"').to_owned()) else {
            return Err(faulty());
        };
        let mut inside = self.inside();
        let number = inside.services.len() as u64;
        let unchanged = number;
        let added = Service { name: name.clone(), state: State::Waiting, ..service(number) };
        inside.services.insert(name.clone(), added);
        Ok(Changes { items: vec![change(&name, What::Added, &[])], unchanged })
    }

    fn remove(&self, name: &str) -> Answer<Outcome> {
        let removed = self.inside().services.remove(name);
        removed.ok_or_else(|| Failure::no_such_service(name))?;
        let message = format!("{name}: stopped, and gone");
        Ok(Outcome { name: name.to_owned(), changed: true, state: None, message })
    }

    fn log_level(&self) -> Answer<LogLevels> {
        Ok(LogLevels { level: self.inside().log_level })
    }

    fn set_log_level(&self, level: LogLevel) -> Answer<LogLevels> {
        self.inside().log_level = level;
        Ok(LogLevels { level })
    }

    fn trace(&self, name: &str, file: Option<&str>) -> Answer<Trace> {
        let mut inside = self.inside();
        let service = inside.get_mut(name)?;
        let file = file.map(str::to_owned);
        let changed = service.trace != file;
        service.trace.clone_from(&file);
        Ok(Trace { name: name.to_owned(), file, changed })
    }

    fn end(&self) -> Answer<Fleet> {
        let mut inside = self.inside();
        inside.is_ending = true;
        Ok(inside.fleet())
    }
}

fn rank(service: &Service, order: Order) -> f64 {
    match order {
        Order::Name => 0.0,
        Order::Calls => service.load.calls_per_second,
        Order::Latency => service.load.call_microseconds,
        Order::Memory => service.memory.total_bytes() as f64,
        Order::Busy => service.load.busy,
    }
}

/// How far a service is after that, at once; `None` if that cannot be.
fn after(state: State, verb: Verb) -> Option<State> {
    let runs = matches!(state, State::Serving | State::Resting | State::Paused);
    match verb {
        Verb::Start => Some(if runs { state } else { State::Serving }),
        Verb::Stop => Some(State::Stopped),
        Verb::Pause => runs.then_some(State::Paused),
        Verb::Resume => runs.then_some(State::Serving),
    }
}

fn change(name: &str, what: What, keys: &[&str]) -> Change {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Change { name: name.to_owned(), what, keys }
}

fn faulty() -> Failure {
    let fault = Fault {
        file: "the request".to_owned(),
        line: 1,
        column: 1,
        key: "services".to_owned(),
        expected: "`name`".to_owned(),
        found: "a service without it".to_owned(),
    };
    let detail = "nothing was changed".to_owned();
    Failure { code: Code::FaultyFile, detail, faults: vec![fault] }
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_second(BEGAN_SECONDS.saturating_add_unsigned(seconds))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

fn empty_fleet(log_level: LogLevel, is_ending: bool) -> Fleet {
    Fleet {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process_id: 1,
        since: time(0),
        uptime_seconds: 86_400,
        file: Some("/etc/vnfsd/fleet.toml".to_owned()),
        is_ending,
        services: Counts::default(),
        workers: (0..WORKERS as u32)
            .map(|number| Worker { number, services: 0, busy: 0.25 })
            .collect(),
        counters: Counters::default(),
        load: Load { call_microseconds: 40.0, busy: 0.5, ..Load::default() },
        memory: Memory::default(),
        resident_bytes: 64 << 20,
        open_images: 3,
        log_level,
    }
}

/// The one of this number.
fn service(number: u64) -> Service {
    let state = match number {
        number if number % 7 == 6 => State::Failed,
        number if number % 3 == 2 => State::Resting,
        _ => State::Serving,
    };
    let name = format!("s{number:05}");
    let is_failed = state == State::Failed;
    Service {
        uuid: format!("00000000-0000-5000-8000-{number:012}"),
        state,
        since: time(number),
        reason: is_failed.then(|| format!("/srv/{name}.img: no such file")),
        retry_at: is_failed.then(|| time(86_400 + 60)),
        attempts: u32::from(is_failed) * 3,
        source: Source::Image { path: format!("/srv/{name}.img"), read_only: false },
        format: Some("FFSv2, little-endian, journaled".to_owned()),
        space: Some(space()),
        exports: vec!["/:network=10.0.0.0/8".to_owned()],
        addresses: vec![format!("10.0.{}.{}", number / 250, number % 250 + 1)],
        link: Some("switch:lan".to_owned()),
        worker: (!is_failed).then_some((number % WORKERS) as u32),
        isolation: "thread".to_owned(),
        labels: [("tenant".to_owned(), format!("t{}", number % 10))].into(),
        limits: limits(),
        weight: 1,
        trace: None,
        counters: counters(number),
        load: load(number),
        memory: Memory { cache_bytes: number % 100 * 4096, ..Memory::default() },
        name,
    }
}

fn space() -> Space {
    Space { total_bytes: 1 << 30, free_bytes: 3 << 28, files_total: 65_536, files_free: 65_000 }
}

fn limits() -> Limits {
    Limits {
        cache_bytes: 256 << 20,
        dirty_bytes: 32 << 20,
        memory_bytes: None,
        connections_max: 1024,
        calls_max: 256,
        operations_per_second: Some(5000),
        bytes_per_second: None,
        save_age_seconds: 5,
        rest_after_seconds: Some(60),
    }
}

fn counters(number: u64) -> Counters {
    Counters {
        calls: number * 10,
        errors: number / 10,
        received_bytes: number * 2000,
        sent_bytes: number * 8000,
        connections: number % 4,
        cache_hits: number * 9,
        cache_misses: number,
        disk: Disk { reads: number, read_bytes: number * 65_536, ..Disk::default() },
        commits: number / 3,
        ..Counters::default()
    }
}

fn load(number: u64) -> Load {
    let step = number % 100;
    Load {
        calls_per_second: step as f64 * 10.0,
        received_bytes_per_second: step as f64 * 2000.0,
        sent_bytes_per_second: step as f64 * 8000.0,
        call_microseconds: 30.0 + step as f64,
        busy: step as f64 / 1000.0,
    }
}

fn client(number: u64) -> Client {
    Client {
        address: format!("10.1.0.{number}"),
        connections: 1,
        mounts: vec!["/".to_owned()],
        calls: number * 100,
        bytes: number * 100_000,
        last_call: Some(time(86_400 - number)),
    }
}

fn procedure((row, number): (&(&str, u32, &str), u64)) -> Procedure {
    let (program, version, name) = *row;
    let mut latency = Histogram::default();
    (0..number * 100).for_each(|call| latency.count(call * call % (number * 1000)));
    let (program, name) = (program.to_owned(), name.to_owned());
    Procedure { program, version, name, calls: number * 100, errors: number, latency }
}

fn slow_call(service: &str, place: u64) -> SlowCall {
    SlowCall {
        service: service.to_owned(),
        procedure: "NFSv3 COMMIT".to_owned(),
        client: format!("10.1.0.{place}"),
        microseconds: 100_000 / place,
        at: time(86_400 - place),
    }
}
