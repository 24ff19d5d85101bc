//! Who is started, stopped and tried again: a machine that is told the time.
//!
//! ```text
//!             ┌────────── retry_at, or somebody asks ───────────┐
//!             ▼                                                 │
//!  apply ─► Waiting ─► Starting ─► Resting, Serving, Paused ─► Failed
//!             ▲           │              │                      │
//!             │           └──────┬───────┘                      │
//!             │                  ▼                              ▼
//!             └─ restart ─── Stopping ──────► Stopped, or no service any more
//! ```
//! Each start is a *run* with a number of its own, by which the pool knows it: what is reported of a
//! run that has ended is about nobody. A run holds what it claims (its image, its addresses) until
//! the pool says that it has ended, and whoever claims the same waits for that. A service never has
//! two runs.
//!
//! Every step costs the same however many services there are, but for `apply` and `end`, which look
//! at each service once. Never: a clock, a thread, or a decision that depends on the order of a hash
//! table.
//!
//! | file | what it does |
//! |---|---|
//! | `state` | what there is to tell of a service |
//! | `patience` | how long to wait before the next attempt |
//! | `entry` | a service as it is wanted and as it is |
//! | `desk` | entries by name and by run |

mod desk;
mod entry;
mod patience;
mod state;
#[cfg(test)]
mod tests;

pub use state::{Command, News, Overview, State, Status};

use crate::changes::{Change, NeedsProcess, What, changes};
use crate::claims;
use crate::plan::{Plan, ServicePlan};
use abi::Instant;
use desk::Desk;
use entry::{Entry, Wanted};
use patience::Patience;
use posix::ServiceId;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long a service has answered before its failures are forgotten.
pub const STABLE_AFTER: Duration = Duration::from_secs(60);

/// See the module's text.
pub struct Supervisor {
    plan: Option<Plan>,
    desk: Desk,
    claims: claims::Claims,
    /// Who may start, first come, first served.
    ready: VecDeque<usize>,
    /// Whose run somebody waits for, and who.
    blocked: BTreeSet<(usize, usize)>,
    /// When who is tried again.
    retries: BTreeSet<(Instant, usize)>,
    starting: usize,
    runs: u64,
    commands: VecDeque<Command>,
    patience: Patience,
    is_ending: bool,
}

impl Supervisor {
    /// Without services. `seed` decides how far apart attempts are, and `first_run` is the number
    /// of the first run.
    pub fn new(seed: u64, first_run: u64) -> Self {
        Self {
            plan: None,
            desk: Desk::default(),
            claims: claims::Claims::default(),
            ready: VecDeque::new(),
            blocked: BTreeSet::new(),
            retries: BTreeSet::new(),
            starting: 0,
            runs: first_run,
            commands: VecDeque::new(),
            patience: Patience::new(seed),
            is_ending: false,
        }
    }

    /// The plan that holds.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Makes a plan hold, and says what that changes. Whoever it adds or restarts is started.
    ///
    /// # Errors
    /// What only a restart of the process changes; nothing has happened then.
    pub fn apply(&mut self, plan: Plan) -> Result<Vec<Change>, Vec<NeedsProcess>> {
        let changes = match &self.plan {
            None => first(&plan),
            Some(old) => changes(old, &plan)?,
        };
        let by_name: HashMap<&str, &Arc<ServicePlan>> =
            plan.services.iter().map(|service| (&*service.name, service)).collect();
        for change in &changes {
            match by_name.get(&*change.name) {
                None => self.remove(&change.name),
                Some(service) => self.put(service, &change.what),
            }
        }
        self.plan = Some(plan);
        Ok(changes)
    }

    fn put(&mut self, plan: &Arc<ServicePlan>, what: &What) {
        let wanted = if plan.start && !self.is_ending { Wanted::Running } else { Wanted::Stopped };
        let index = self.desk.index_or_new(plan, wanted);
        let entry = &mut self.desk[index];
        entry.plan = plan.clone();
        let run = entry.run.as_ref().filter(|run| !run.is_stopping).map(|run| run.id);
        match (what, run) {
            (What::Add, _) => {
                entry.wanted = wanted;
                self.settle(index);
            }
            (What::Exports, Some(id)) => {
                self.commands.push_back(Command::SetExports(id, plan.nfs_exports()));
            }
            (What::Limits, Some(id)) => {
                self.commands.push_back(Command::SetLimits(id, plan.clone()));
            }
            (What::Restart(_), _) => self.restart_at(index),
            (What::Remove | What::Exports | What::Limits | What::Labels, _) => {}
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(index) = self.desk.index(name) {
            self.desk[index].wanted = Wanted::Gone;
            self.settle(index);
        }
    }

    /// Ends the run there is, and begins another if the service is wanted.
    fn restart_at(&mut self, index: usize) {
        let entry = &mut self.desk[index];
        entry.attempts = 0;
        entry.failure = None;
        if let Some(holder) = entry.blocked_on.take() {
            self.blocked.remove(&(holder, index));
            self.ready.push_back(index);
        }
        self.stop_run(index);
        self.settle(index);
    }

    /// Starts a service that is stopped, or tries one that failed at once.
    pub fn start(&mut self, name: &str) -> bool {
        self.want(name, Wanted::Running)
    }

    /// Stops a service until somebody starts it, or the process is started anew.
    pub fn stop(&mut self, name: &str) -> bool {
        self.want(name, Wanted::Stopped)
    }

    /// Has a service's clients wait.
    pub fn pause(&mut self, name: &str) -> bool {
        self.want(name, Wanted::Paused)
    }

    /// Lets a service's clients go on.
    pub fn resume(&mut self, name: &str) -> bool {
        let index = self.desk.index(name);
        let is_paused = index.is_some_and(|index| self.desk[index].wanted == Wanted::Paused);
        is_paused && self.want(name, Wanted::Running)
    }

    /// Ends a service's run and begins another.
    pub fn restart(&mut self, name: &str) -> bool {
        let Some(index) = self.desk.index(name) else { return false };
        let is_wanted = self.desk[index].wanted != Wanted::Gone && !self.is_ending;
        if is_wanted {
            self.restart_at(index);
        }
        is_wanted
    }

    /// Says whether there is such a service, and that could be done.
    fn want(&mut self, name: &str, wanted: Wanted) -> bool {
        let Some(index) = self.desk.index(name) else { return false };
        let entry = &mut self.desk[index];
        if entry.wanted == Wanted::Gone || self.is_ending && wanted != Wanted::Stopped {
            return false;
        }
        entry.wanted = wanted;
        entry.attempts = 0;
        entry.failure = None;
        self.settle(index);
        true
    }

    /// Ends everything in order. From now on nothing is started.
    pub fn end(&mut self) {
        self.is_ending = true;
        for index in self.desk.indexes() {
            if self.desk[index].wanted != Wanted::Gone {
                self.desk[index].wanted = Wanted::Stopped;
            }
            self.settle(index);
        }
    }

    /// Whether everything has ended.
    pub fn is_over(&self) -> bool {
        self.is_ending && self.desk.running() == 0
    }

    /// What the pool says of a run.
    pub fn report(&mut self, id: ServiceId, news: News, now: Instant) {
        let Some(index) = self.desk.of_run(id) else { return };
        match news {
            News::Resting | News::Serving | News::Paused => self.came_up(index, news, now),
            News::Stopped => self.ended(index, None, now),
            News::Failed(reason) => self.ended(index, Some(reason), now),
        }
    }

    fn came_up(&mut self, index: usize, news: News, now: Instant) {
        let Some(run) = &mut self.desk[index].run else { return };
        self.starting -= usize::from(run.is_starting());
        run.came_up(news, now);
    }

    /// The last that is heard of a run: what it claimed is free.
    fn ended(&mut self, index: usize, failure: Option<String>, now: Instant) {
        let Some(run) = self.desk.end_run(index) else { return };
        self.starting -= usize::from(run.is_starting());
        claims::of_service(&run.plan).iter().for_each(|wish| self.claims.release(wish, index));
        self.unblock_for(index);
        // Of a run that only makes room for the next, not even a failure matters.
        let was_meant = run.is_stopping && (failure.is_none() || self.desk[index].is_wanted());
        if !was_meant {
            self.fail(index, failure, run.has_been_up_for(now) >= STABLE_AFTER, now);
        }
        self.settle(index);
    }

    /// Lets those try who waited for the end of this one.
    fn unblock_for(&mut self, holder: usize) {
        while let Some(&pair) = self.blocked.range((holder, 0)..=(holder, usize::MAX)).next() {
            self.blocked.remove(&pair);
            self.desk[pair.1].blocked_on = None;
            self.ready.push_back(pair.1);
        }
    }

    /// Keeps why a run ended, and says when there will be another.
    fn fail(&mut self, index: usize, reason: Option<String>, was_stable: bool, now: Instant) {
        let entry = &mut self.desk[index];
        entry.attempts = if was_stable { 1 } else { entry.attempts.saturating_add(1) };
        let retry_at = now + self.patience.after(entry.attempts);
        let reason = reason.unwrap_or_else(|| "it ended by itself".to_owned());
        entry.failure = Some(entry::Failure { reason, retry_at });
    }

    /// Does what has to be done for a service to become what is wanted.
    fn settle(&mut self, index: usize) {
        let entry = &mut self.desk[index];
        if let Some(at) = entry.retry.take() {
            self.retries.remove(&(at, index));
        }
        match (&entry.run, entry.is_wanted()) {
            (Some(run), true) if !run.is_stopping => self.settle_pause(index),
            (Some(_), true) => {}
            (Some(_), false) => self.stop_run(index),
            (None, true) => self.settle_start(index),
            (None, false) => self.forget_if_gone(index),
        }
    }

    fn settle_pause(&mut self, index: usize) {
        let entry = &mut self.desk[index];
        let Some(run) = &mut entry.run else { return };
        let wants_pause = entry.wanted == Wanted::Paused;
        if run.is_told_to_pause != wants_pause {
            run.is_told_to_pause = wants_pause;
            let command = if wants_pause { Command::Pause } else { Command::Resume };
            self.commands.push_back(command(run.id));
        }
    }

    fn settle_start(&mut self, index: usize) {
        let entry = &mut self.desk[index];
        match &entry.failure {
            Some(failure) => {
                entry.retry = Some(failure.retry_at);
                self.retries.insert((failure.retry_at, index));
            }
            None if !entry.is_queued => {
                entry.is_queued = true;
                self.ready.push_back(index);
            }
            None => {}
        }
    }

    fn stop_run(&mut self, index: usize) {
        let Some(run) = &mut self.desk[index].run else { return };
        if !run.is_stopping {
            self.starting -= usize::from(run.is_starting());
            run.is_stopping = true;
            self.commands.push_back(Command::Stop(run.id));
        }
    }

    fn forget_if_gone(&mut self, index: usize) {
        if self.desk[index].wanted == Wanted::Gone && !self.desk[index].is_queued {
            self.desk.forget(index);
        }
    }

    /// Tells the time: who has waited long enough is tried again.
    pub fn advance(&mut self, now: Instant) {
        while let Some(&(at, index)) = self.retries.first().filter(|(at, _)| *at <= now) {
            self.retries.remove(&(at, index));
            let entry = &mut self.desk[index];
            entry.retry = None;
            entry.failure = None;
            self.settle(index);
        }
    }

    /// When [`Supervisor::advance`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.retries.first().map(|(at, _)| *at)
    }

    /// What the pool is to do next. `None` until something happens.
    pub fn next_command(&mut self) -> Option<Command> {
        let starts_max = self.plan.as_ref().map_or(0, |plan| plan.process.starts_max);
        while self.commands.is_empty() && self.starting < starts_max {
            let Some(index) = self.ready.pop_front() else { break };
            self.try_start(index);
        }
        self.commands.pop_front()
    }

    fn try_start(&mut self, index: usize) {
        let entry = &mut self.desk[index];
        if entry.run.is_some() || !entry.is_wanted() || entry.failure.is_some() {
            entry.is_queued = false;
            self.forget_if_gone(index);
            return;
        }
        let wishes = claims::of_service(&entry.plan);
        if let Some(holder) = wishes.iter().find_map(|wish| self.claims.conflict(wish)) {
            entry.blocked_on = Some(holder);
            self.blocked.insert((holder, index));
            return;
        }
        entry.is_queued = false;
        wishes.into_iter().for_each(|wish| self.claims.take(wish, index));
        let id = ServiceId(self.runs);
        self.runs += 1;
        self.starting += 1;
        let plan = self.desk.begin_run(index, id);
        self.commands.push_back(Command::Start(id, plan));
        self.settle_pause(index);
    }

    /// Whether nobody is being started, and nobody could be: all that are wanted have come up, have
    /// failed and wait for their time, or wait for somebody's end. Commands have to be taken before.
    pub fn is_settled(&self) -> bool {
        self.starting == 0 && self.ready.is_empty() && self.commands.is_empty()
    }

    /// What there is to tell of a service.
    pub fn status(&self, name: &str) -> Option<Status<'_>> {
        self.desk.index(name).map(|index| self.desk[index].status())
    }

    /// What there is to tell of all, in the order in which they came.
    pub fn statuses(&self) -> impl Iterator<Item = Status<'_>> {
        self.desk.entries().map(Entry::status)
    }

    /// The service that a run is of.
    pub fn service_of(&self, id: ServiceId) -> Option<Status<'_>> {
        self.desk.of_run(id).map(|index| self.desk[index].status())
    }

    /// How many are how far.
    pub fn overview(&self) -> Overview {
        let mut overview = Overview::default();
        self.desk.entries().for_each(|entry| overview.count(&entry.state()));
        overview
    }
}

/// Everything is new.
fn first(plan: &Plan) -> Vec<Change> {
    let names = plan.services.iter().map(|service| service.name.clone());
    names.map(|name| Change { name, what: What::Add }).collect()
}
