//! `vnfsd run`: the services that a file describes, in one process.
//!
//! ```text
//!  signals ──┐                       ┌── commands ──► pool of workers
//!  office  ──┼── events ──► steward ─┤                     │
//!            │  (main thread)        └── preparation ──────┤
//!            └──────────────────── reports ◄───────────────┘
//! ```
//! | file | what it does |
//! |---|---|
//! | `events` | what the steward is told, and the way to ask it something |
//! | `steward` | carries out what the supervisor wants, until the end |
//! | `preparation` | what may take long before a service can be added: images made, taps opened |
//! | `runs` | what is known of services that run |
//! | `additions` | services that were added to those of the file |
//! | `refusal` | why nothing is changed |
//! | `office` | who answers at the control socket |
//! | `switches` | the switches of the file, and what leads from them to the world |
//!
//! Who is started, stopped and tried again, and when, is decided by `fleet::Supervisor`.

mod additions;
mod events;
mod office;
mod preparation;
mod refusal;
mod runs;
mod steward;
mod switches;

use crate::cli;
use crate::cli::LogLevel;
use crate::fleet_file;
use crate::log::Level;
use crate::process::{descriptors, signals};
use anyhow::{Context, Result, bail};
use control::{Doors, Patience, Server, Socket};
use events::{Event, Events};
use fleet::Plan;
use office::Office;
use posix::{Budgets, Pool, PoolOptions};
use refusal::Refusal;
use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use steward::Steward;

/// Serves until a signal ends it.
pub fn run(options: &cli::Run, log: Level) -> Result<()> {
    signals::bear_limits()?;
    let plan = fleet_file::read(&options.file)?.map_err(Refusal::Faults)?;
    if let Some(user) = &plan.process.user {
        bail!("process.user: nobody becomes {user} yet: start the process as that user");
    }
    if let Some(level) = plan.process.log_level {
        log.set(shown(level));
    }
    descriptors::raise_limit();
    let (events, inbox) = Events::new();
    let options_of_pool = pool_options(&plan, reports(&events)?);
    let pool = Pool::spawn(options_of_pool).context("the workers cannot be started")?;
    tracing::debug!("sockets and disks through {}", pool.backend());
    let pool = Arc::new(pool);
    let office = Office::new(options.file.clone(), events.clone(), pool.clone(), log);
    let _server = open_office(options, &plan, office)?;
    listen_to_signals(&events)?;
    let mut steward = Steward::new(options.file.clone(), pool, &events)?;
    steward.begin(plan)?;
    steward.serve(&inbox)
}

/// Lets in who asks: at the control socket, and where figures are served, if they are.
fn open_office(options: &cli::Run, plan: &Plan, office: Office) -> Result<Server> {
    let path = options.control.clone().or_else(|| plan.process.control.clone()).or_else(usual);
    if path.is_none() {
        tracing::info!("no control socket is open: --control PATH, or `control` in the file");
    }
    let control = path.map(|path| Socket::bind(&path).with_context(|| path.display().to_string()));
    let reading = plan.process.metrics.map(|address| {
        TcpListener::bind(address).with_context(|| format!("figures cannot be served at {address}"))
    });
    let doors = Doors { control: control.transpose()?, reading: reading.transpose()? };
    Server::spawn(doors, Arc::new(office), Patience::default())
        .context("the control socket cannot be served")
}

/// Where the control socket is if nobody says so: where the environment has the commands look for it,
/// or in the folder that systemd made for it (systemd.exec(5)).
fn usual() -> Option<PathBuf> {
    let said = env::var_os("VNFSD_CONTROL").map(PathBuf::from);
    said.or_else(|| Some(PathBuf::from(env::var_os("RUNTIME_DIRECTORY")?).join("control.sock")))
}

/// As the log has it.
fn shown(level: fleet::LogLevel) -> LogLevel {
    match level {
        fleet::LogLevel::Off => LogLevel::Off,
        fleet::LogLevel::Error => LogLevel::Error,
        fleet::LogLevel::Warn => LogLevel::Warn,
        fleet::LogLevel::Info => LogLevel::Info,
        fleet::LogLevel::Debug => LogLevel::Debug,
    }
}

fn listen_to_signals(events: &Events) -> Result<()> {
    let (ending, reloading) = (events.clone(), events.clone());
    signals::end_by(move || ending.tell(Event::End))?;
    signals::reload_by(move || reloading.tell(Event::Reload))
}

fn pool_options(plan: &Plan, reports: Sender<posix::Report>) -> PoolOptions {
    let process = &plan.process;
    PoolOptions {
        workers: process.workers.unwrap_or(0),
        backend: process.backend,
        budgets: Budgets::new(&process.limits()),
        open_images_max: process.open_images_max,
        ..PoolOptions::new(reports)
    }
}

/// What workers report is an event.
fn reports(events: &Events) -> Result<Sender<posix::Report>> {
    let (reporter, reports) = channel();
    let events = events.clone();
    let pass_on = move || reports.into_iter().for_each(|report| events.tell(Event::Report(report)));
    let thread = std::thread::Builder::new().name("reports".to_owned());
    thread.spawn(pass_on).context("a thread cannot be started")?;
    Ok(reporter)
}
