//! A service as it is wanted and as it is.

use super::state::{News, State, Status};
use crate::plan::ServicePlan;
use abi::Instant;
use posix::ServiceId;
use std::sync::Arc;
use std::time::Duration;

/// What a service is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Running,
    Paused,
    Stopped,
    /// No service any more, once its run has ended.
    Gone,
}

/// Why the last run ended, and when the next begins.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) retry_at: Instant,
}

/// A run that has not ended.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: ServiceId,
    /// With which it was started: it holds what this claims.
    pub(super) plan: Arc<ServicePlan>,
    pub(super) is_told_to_pause: bool,
    pub(super) is_stopping: bool,
    /// What it said last, and when it said something first.
    up: Option<(State, Instant)>,
}

impl Run {
    pub(super) fn new(id: ServiceId, plan: Arc<ServicePlan>) -> Self {
        Self { id, plan, is_told_to_pause: false, is_stopping: false, up: None }
    }

    /// Whether it counts as a start that goes on.
    pub(super) fn is_starting(&self) -> bool {
        self.up.is_none() && !self.is_stopping
    }

    pub(super) fn came_up(&mut self, news: News, now: Instant) {
        let state = match news {
            News::Resting => State::Resting,
            News::Paused => State::Paused,
            News::Serving | News::Stopped | News::Failed(_) => State::Serving,
        };
        let since = self.up.as_ref().map_or(now, |(_, since)| *since);
        self.up = Some((state, since));
    }

    pub(super) fn has_been_up_for(&self, now: Instant) -> Duration {
        self.up.as_ref().map_or(Duration::ZERO, |(_, since)| now.since(*since))
    }

    fn state(&self) -> State {
        match &self.up {
            _ if self.is_stopping => State::Stopping,
            Some((state, _)) => state.clone(),
            None => State::Starting,
        }
    }
}

/// A service.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) plan: Arc<ServicePlan>,
    pub(super) wanted: Wanted,
    pub(super) run: Option<Run>,
    pub(super) failure: Option<Failure>,
    pub(super) attempts: u32,
    /// Where it is among the retries.
    pub(super) retry: Option<Instant>,
    /// Whether it is among those that are ready, or waits for somebody's end.
    pub(super) is_queued: bool,
    /// Whose end it waits for.
    pub(super) blocked_on: Option<usize>,
}

impl Entry {
    pub(super) fn new(plan: Arc<ServicePlan>, wanted: Wanted) -> Self {
        let (run, failure, attempts, retry, is_queued, blocked_on) = <_>::default();
        Self { plan, wanted, run, failure, attempts, retry, is_queued, blocked_on }
    }

    /// Whether there is to be a run.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.wanted, Wanted::Running | Wanted::Paused)
    }

    pub(super) fn state(&self) -> State {
        match (&self.run, &self.failure) {
            (Some(run), _) => run.state(),
            (None, Some(failure)) => {
                let retry_at = self.is_wanted().then_some(failure.retry_at);
                State::Failed { reason: failure.reason.clone(), retry_at, attempts: self.attempts }
            }
            (None, None) if self.is_wanted() => State::Waiting,
            (None, None) => State::Stopped,
        }
    }

    pub(super) fn status(&self) -> Status<'_> {
        let run = self.run.as_ref().map(|run| run.id);
        Status { plan: &self.plan, run, state: self.state(), attempts: self.attempts }
    }
}
