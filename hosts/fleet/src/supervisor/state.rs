//! What there is to tell of services, and what the pool is told.

use crate::plan::ServicePlan;
use abi::Instant;
use posix::ServiceId;
use std::sync::Arc;

/// What the pool says of a run. The last of a run is `Stopped` or `Failed`: what it held is free by
/// then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Clients are let in, and its image is closed.
    Resting,
    /// It answers.
    Serving,
    /// Clients wait.
    Paused,
    /// It was stopped.
    Stopped,
    /// It has ended, for this reason.
    Failed(String),
}

/// What the pool is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin a run, known by this number from now on.
    Start(ServiceId, Arc<ServicePlan>),
    /// End a run in order.
    Stop(ServiceId),
    /// Have clients wait.
    Pause(ServiceId),
    /// Let clients go on.
    Resume(ServiceId),
    /// Clients may mount these from now on.
    SetExports(ServiceId, Vec<nfs::Export>),
    /// The limits and the weight of this plan hold from now on.
    SetLimits(ServiceId, Arc<ServicePlan>),
}

impl Command {
    /// The run that it is about.
    pub fn id(&self) -> ServiceId {
        match self {
            Self::Start(id, _)
            | Self::Stop(id)
            | Self::Pause(id)
            | Self::Resume(id)
            | Self::SetExports(id, _)
            | Self::SetLimits(id, _) => *id,
        }
    }
}

/// How far a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It will be started, after others or when what it needs is free.
    Waiting,
    /// It is being started.
    Starting,
    /// Clients are let in, and its image is closed.
    Resting,
    /// It answers.
    Serving,
    /// Clients wait.
    Paused,
    /// It is being stopped.
    Stopping,
    /// It was stopped, or never started.
    Stopped,
    /// It ended, and will be tried again.
    Failed {
        /// Why.
        reason: String,
        /// When it is tried again; not at all if nobody wants it to run.
        retry_at: Option<Instant>,
        /// How often it failed in a row.
        attempts: u32,
    },
}

/// A service, and how far it is.
#[derive(Clone, Debug)]
pub struct Status<'s> {
    /// As it is planned.
    pub plan: &'s Arc<ServicePlan>,
    /// By which the pool knows it, if it runs.
    pub run: Option<ServiceId>,
    /// How far it is.
    pub state: State,
    /// How often it failed in a row.
    pub attempts: u32,
}

/// How many services are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// [`State::Waiting`].
    pub waiting: usize,
    /// [`State::Starting`].
    pub starting: usize,
    /// [`State::Resting`].
    pub resting: usize,
    /// [`State::Serving`].
    pub serving: usize,
    /// [`State::Paused`].
    pub paused: usize,
    /// [`State::Stopping`].
    pub stopping: usize,
    /// [`State::Stopped`].
    pub stopped: usize,
    /// [`State::Failed`].
    pub failed: usize,
}

impl Overview {
    pub(super) fn count(&mut self, state: &State) {
        let counter = match state {
            State::Waiting => &mut self.waiting,
            State::Starting => &mut self.starting,
            State::Resting => &mut self.resting,
            State::Serving => &mut self.serving,
            State::Paused => &mut self.paused,
            State::Stopping => &mut self.stopping,
            State::Stopped => &mut self.stopped,
            State::Failed { .. } => &mut self.failed,
        };
        *counter += 1;
    }

    /// Services whose run has not ended.
    pub fn running(&self) -> usize {
        self.starting + self.resting + self.serving + self.paused + self.stopping
    }
}
