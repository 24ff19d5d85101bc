//! Carries out what the supervisor wants, and tells it what came of it, until the end.

use super::additions::Additions;
use super::events::{Event, Events};
use super::preparation::{Preparation, Prepared};
use super::refusal::Refusal;
use super::runs::{Known, Runs};
use super::switches::{Switches, UPLINKS_MAX};
use crate::process::manager;
use abi::Instant;
use anyhow::{Result, anyhow, bail};
use fleet::{Change, Command, News, Overview, Plan, State, Supervisor, What};
use hyper::Clock;
use posix::{HostClock, HostRandom, Pool, Progress, Report, ServiceId};
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// What somebody wants of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is to run, at once if it failed.
    Start,
    /// It is to end, and stay so.
    Stop,
    /// Its clients are to wait.
    Pause,
    /// They are to go on.
    Resume,
}

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
    runs: Runs,
    /// Services that the file does not describe.
    additions: Additions,
    began: Instant,
    preparation: Preparation,
    /// Whether it was told that all services have been tried.
    has_begun: bool,
    ending: Option<Ending>,
}

/// The end, which has begun.
struct Ending {
    services: usize,
    tell_at: Instant,
}

impl Steward {
    /// Without services yet.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(file: PathBuf, pool: Arc<Pool>, events: &Events) -> Result<Self> {
        let seed = hyper::Random::next_u64(&HostRandom);
        Ok(Self {
            file,
            supervisor: Supervisor::new(seed, UPLINKS_MAX),
            pool,
            switches: Switches::default(),
            runs: Runs::default(),
            additions: Additions::default(),
            began: HostClock.now(),
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
        self.apply(plan)?;
        Ok(())
    }

    /// Reads the file again, and makes it hold, with what was added beside it.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn reload(&mut self) -> Result<Vec<Change>, Refusal> {
        let plan = self.additions.plan(&self.file)?;
        self.apply(plan)
    }

    /// Adds services that a text describes, as the file does.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn add(&mut self, text: String) -> Result<Vec<Change>, Refusal> {
        let additions = self.additions.with(text);
        let changes = additions.plan(&self.file).and_then(|plan| self.apply(plan))?;
        self.additions = additions;
        Ok(changes)
    }

    /// Stops a service that was added, and forgets it.
    ///
    /// # Errors
    /// If it was not added, but is described by the file.
    pub fn remove(&mut self, name: &str) -> Result<Vec<Change>, Refusal> {
        let additions = self.additions.without(name);
        let plan = additions.plan(&self.file)?;
        if plan.services.iter().any(|service| service.name == name) {
            let file = self.file.display();
            let why = anyhow!("{name}: it is described by {file}: take it out there, and reload");
            return Err(Refusal::Other(why));
        }
        let changes = self.apply(plan)?;
        self.additions = additions;
        Ok(changes)
    }

    fn apply(&mut self, plan: Plan) -> Result<Vec<Change>, Refusal> {
        self.switches.make(&plan, &self.pool).map_err(Refusal::Other)?;
        let changes = self.supervisor.apply(plan).map_err(Refusal::NeedsProcess)?;
        self.runs.keep_only(|name| self.supervisor.status(name).is_some());
        Ok(changes)
    }

    /// Does something to a service. Says whether that changes anything, and how far it is then;
    /// `None` if there is no such service.
    pub fn act(&mut self, name: &str, deed: Deed) -> Option<(bool, State)> {
        let before = self.supervisor.status(name)?.state;
        let is_done = match deed {
            Deed::Start => {
                !matches!(before, State::Stopped | State::Stopping | State::Failed { .. })
            }
            Deed::Stop => matches!(before, State::Stopped | State::Stopping),
            Deed::Pause => before == State::Paused,
            Deed::Resume => before != State::Paused,
        };
        if is_done {
            return Some((false, before));
        }
        match deed {
            Deed::Start => self.supervisor.start(name),
            Deed::Stop => self.supervisor.stop(name),
            Deed::Pause => self.supervisor.pause(name),
            Deed::Resume => self.supervisor.resume(name),
        };
        Some((true, self.supervisor.status(name)?.state))
    }

    /// What is known of a service.
    pub fn known(&self, name: &str) -> Option<Known> {
        Some(self.runs.known(self.supervisor.status(name)?, self.began))
    }

    /// What is known of all.
    pub fn all(&self) -> Vec<Known> {
        let known = |status| self.runs.known(status, self.began);
        self.supervisor.statuses().map(known).collect()
    }

    /// How many are how far.
    pub fn overview(&self) -> Overview {
        self.supervisor.overview()
    }

    /// Whether the end has begun.
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
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
            Event::Ask(question) => question(self),
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
            Err(refusal) => tracing::error!("the fleet is as it was: {refusal}"),
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
            Command::Start(id, plan) => {
                self.runs.begin(id, &plan.name, HostClock.now());
                self.preparation.begin(id, plan, &self.switches);
            }
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
        let now = HostClock.now();
        if let Some(service) = self.supervisor.service_of(id) {
            self.runs.take(id, &service.plan.name, &progress, now);
        }
        let news = match progress {
            Progress::ExportsSet(outcome) => return self.exports_set(id, outcome),
            Progress::Serving { .. } => News::Serving,
            Progress::Resting { .. } => News::Resting,
            Progress::Paused => News::Paused,
            Progress::Stopped => News::Stopped,
            Progress::Failed(reason) => News::Failed(reason),
        };
        self.supervisor.report(id, news, now);
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
