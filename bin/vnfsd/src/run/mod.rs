//! `vnfsd run`: the services that a file describes, in one process.
//!
//! ```text
//!  signals ──── events ──► steward ─┬── commands ──► pool of workers
//!                 ▲    (main thread) └── preparation ──────┤
//!                 └──────────────────── reports ◄──────────┘
//! ```
//! | file | what it does |
//! |---|---|
//! | `events` | what the steward is told |
//! | `steward` | carries out what the supervisor wants, until the end |
//! | `preparation` | what may take long before a service can be added: images made, taps opened |
//! | `switches` | the switches of the file, and what leads from them to the world |
//!
//! Who is started, stopped and tried again, and when, is decided by `fleet::Supervisor`.

mod events;
mod preparation;
mod steward;
mod switches;

use crate::cli;
use crate::fleet_file;
use crate::process::{descriptors, signals};
use anyhow::{Context, Error, Result, anyhow};
use events::{Event, Events};
use fleet::{Fault, Plan};
use posix::{Budgets, Pool, PoolOptions};
use std::sync::mpsc::{Sender, channel};
use steward::Steward;

/// Serves until a signal ends it.
pub fn run(options: &cli::Run) -> Result<()> {
    signals::bear_limits()?;
    let plan = fleet_file::read(&options.file)?.map_err(faults)?;
    descriptors::raise_limit();
    let (events, inbox) = Events::new();
    let options_of_pool = pool_options(&plan, reports(&events)?);
    let pool = Pool::spawn(options_of_pool).context("the workers cannot be started")?;
    tracing::debug!("sockets and disks through {}", pool.backend());
    listen_to_signals(&events)?;
    let mut steward = Steward::new(options.file.clone(), pool, &events)?;
    steward.begin(plan)?;
    steward.serve(&inbox)
}

/// All that is wrong with a file, a line each.
fn faults(faults: Vec<Fault>) -> Error {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    anyhow!("{}", lines.join("\n"))
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
