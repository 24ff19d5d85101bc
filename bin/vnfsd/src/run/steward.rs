//! Carries out what the supervisor wants, and tells it what came of it, until the end.

use super::events::{Event, Events};
use super::preparation::{Preparation, Prepared};
use super::switches::{Switches, UPLINKS_MAX};
use crate::fleet_file;
use crate::process::manager;
use anyhow::{Result, anyhow, bail};
use fleet::{Change, Command, News, Overview, Plan, Supervisor, What};
use hyper::Clock;
use posix::{HostClock, HostRandom, Pool, Progress, Report, ServiceId};
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Events taken before commands are carried out.
const EVENTS_AT_ONCE: usize = 1024;

/// How often it is told how far the end has come.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// See the module's text.
pub struct Steward {
    file: PathBuf,
    supervisor: Supervisor,
    pool: Arc<Pool>,
    switches: Switches,
    preparation: Preparation,
    /// Whether it was told that all services have been tried.
    has_begun: bool,
    ending: Option<Ending>,
}

/// The end, which has begun.
struct Ending {
    services: usize,
    tell_at: abi::Instant,
}

impl Steward {
    /// Without services yet.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(file: PathBuf, pool: Pool, events: &Events) -> Result<Self> {
        let seed = hyper::Random::next_u64(&HostRandom);
        Ok(Self {
            file,
            supervisor: Supervisor::new(seed, UPLINKS_MAX),
            pool: Arc::new(pool),
            switches: Switches::default(),
            preparation: Preparation::new(events)?,
            has_begun: false,
            ending: None,
        })
    }

    /// Makes the first plan hold.
    ///
    /// # Errors
    /// If a switch has no way to the world.
    pub fn begin(&mut self, plan: Plan) -> Result<()> {
        self.apply(plan).map(drop)
    }

    /// Reads the file again, and makes it hold.
    ///
    /// # Errors
    /// If it is at fault, or wants what only a restart of the process changes. Nothing has happened
    /// then.
    pub fn reload(&mut self) -> Result<Vec<Change>> {
        let plan = fleet_file::read(&self.file)?.map_err(super::faults)?;
        self.apply(plan)
    }

    fn apply(&mut self, plan: Plan) -> Result<Vec<Change>> {
        self.switches.make(&plan, &self.pool)?;
        self.supervisor.apply(plan).map_err(|refusals| {
            let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            anyhow!("nothing was changed: {}", lines.join("; "))
        })
    }

    /// Goes on until everything has ended.
    ///
    /// # Errors
    /// If the workers are gone.
    pub fn serve(mut self, inbox: &Receiver<Event>) -> Result<()> {
        while !self.is_over() {
            self.supervisor.advance(HostClock.now());
            self.obey()?;
            self.tell_progress();
            match inbox.recv_timeout(self.patience()) {
                Ok(event) => self.take(event)?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => bail!("nobody is left to say anything"),
            }
            inbox.try_iter().take(EVENTS_AT_ONCE).try_for_each(|event| self.take(event))?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.supervisor.is_over() && self.switches.uplinks().next().is_none()
    }

    /// How long nothing has to be done unless something happens.
    fn patience(&self) -> Duration {
        let told = self.ending.as_ref().map(|ending| ending.tell_at);
        let next = self.supervisor.deadline().into_iter().chain(told).min();
        next.map_or(Duration::MAX, |next| next.since(HostClock.now()))
    }

    fn take(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Report(report) => self.report(report),
            Event::Prepared(id, prepared) => self.prepared(id, prepared)?,
            Event::Reload => self.reload_unasked(),
            Event::End => self.end(),
        }
        Ok(())
    }

    fn reload_unasked(&mut self) {
        match self.reload() {
            Ok(changes) => {
                tracing::info!("{}: read again: {}", self.file.display(), told(&changes));
            }
            Err(error) => tracing::error!("the fleet is as it was: {error:#}"),
        }
    }

    fn end(&mut self) {
        if self.ending.is_none() {
            self.supervisor.end();
            let services = self.supervisor.overview().running();
            self.ending = Some(Ending { services, tell_at: HostClock.now() + PROGRESS_EVERY });
        }
    }

    /// Does what the supervisor wants done.
    fn obey(&mut self) -> Result<()> {
        while let Some(command) = self.supervisor.next_command() {
            self.carry_out(command)?;
        }
        if self.supervisor.is_over() {
            // Uplinks carry the last frames of services, so they end last.
            self.switches.uplinks().try_for_each(|uplink| self.pool.stop(uplink))?;
        }
        Ok(())
    }

    fn carry_out(&mut self, command: Command) -> Result<()> {
        let Some(command) = self.preparation.keep(command) else { return Ok(()) };
        match command {
            Command::Start(id, plan) => self.preparation.begin(id, plan, &self.switches),
            Command::Stop(id) => self.pool.stop(id)?,
            Command::Pause(id) => self.pool.pause(id)?,
            Command::Resume(id) => self.pool.resume(id)?,
            Command::SetExports(id, exports) => self.pool.set_exports(id, exports)?,
            Command::SetLimits(id, plan) => {
                self.pool.set_limits(id, plan.limits.of_service(), plan.weight)?;
            }
        }
        Ok(())
    }

    /// A service can be added, or not.
    fn prepared(&mut self, id: ServiceId, prepared: Prepared) -> Result<()> {
        let later = self.preparation.end(id);
        match prepared {
            Err(reason) => {
                if let Some(service) = self.supervisor.service_of(id) {
                    tracing::error!(service = service.plan.name, "cannot be started: {reason}");
                }
                self.hear(id, Progress::Failed(reason));
            }
            Ok(_) if later.contains(&Command::Stop(id)) => self.hear(id, Progress::Stopped),
            Ok(spec) => {
                self.pool.add(id, spec)?;
                later.into_iter().try_for_each(|command| self.carry_out(command))?;
            }
        }
        Ok(())
    }

    fn report(&mut self, report: Report) {
        let Report { service, progress } = report;
        match self.switches.uplink(service).map(str::to_owned) {
            Some(name) => self.hear_of_uplink(service, &name, progress),
            None => self.hear(service, progress),
        }
    }

    fn hear_of_uplink(&mut self, id: ServiceId, name: &str, progress: Progress) {
        if let Progress::Failed(reason) = &progress {
            tracing::error!("{name}: {reason}");
        }
        if matches!(progress, Progress::Failed(_) | Progress::Stopped) {
            self.switches.forget(id);
        }
    }

    fn hear(&mut self, id: ServiceId, progress: Progress) {
        let news = match progress {
            Progress::ExportsSet(outcome) => return self.exports_set(id, outcome),
            Progress::Serving { .. } => News::Serving,
            Progress::Resting { .. } => News::Resting,
            Progress::Paused => News::Paused,
            Progress::Stopped => News::Stopped,
            Progress::Failed(reason) => News::Failed(reason),
        };
        self.supervisor.report(id, news, HostClock.now());
    }

    fn exports_set(&self, id: ServiceId, outcome: Result<(), String>) {
        let Some(service) = self.supervisor.service_of(id) else { return };
        let name = &service.plan.name;
        match outcome {
            Ok(()) => tracing::info!(service = name, "its exports are those of the file"),
            Err(reason) => {
                tracing::error!(service = name, "its exports are as they were: {reason}");
            }
        }
    }

    /// Says once that everybody has been tried, and at the end who is left.
    fn tell_progress(&mut self) {
        if !self.has_begun && self.supervisor.is_settled() {
            self.has_begun = true;
            tell_ready(&self.supervisor.overview());
        }
        let Some(ending) = &mut self.ending else { return };
        let now = HostClock.now();
        if ending.tell_at <= now {
            ending.tell_at = now + PROGRESS_EVERY;
            let left = self.supervisor.overview().running();
            tracing::info!("stopping: {left} of {} services left", ending.services);
        }
    }
}

/// Says that everybody has been tried.
fn tell_ready(overview: &Overview) {
    let Overview { resting, serving, paused, failed, stopped, .. } = *overview;
    let line = format!(
        "vnfsd: {} services: {serving} serving, {resting} resting, {paused} paused, {stopped} stopped, \
         {failed} failed",
        serving + resting + paused + stopped + failed
    );
    let mut output = stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        tracing::warn!("the ready line reached nobody: {error}: {line}");
    }
    manager::tell_ready();
}

/// What a reload came to, in words.
fn told(changes: &[Change]) -> String {
    let count = |is: fn(&What) -> bool| changes.iter().filter(|change| is(&change.what)).count();
    format!(
        "{} added, {} removed, {} restarted, {} changed while they go on",
        count(|what| *what == What::Add),
        count(|what| *what == What::Remove),
        count(|what| matches!(what, What::Restart(_))),
        count(|what| matches!(what, What::Exports | What::Limits | What::Labels)),
    )
}
