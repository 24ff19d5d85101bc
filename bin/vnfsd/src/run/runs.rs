//! What is known of services that the supervisor need not know.

use abi::Instant;
use fleet::{ServicePlan, State, Status};
use posix::{Progress, ServiceId};
use service::Description;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// A run as it was reported last.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What it serves; unknown until it was opened once.
    pub description: Option<Description>,
    /// Where it listens on this machine.
    pub addresses: Vec<SocketAddr>,
}

/// All there is to tell of a service without asking its worker.
#[derive(Clone, Debug)]
pub struct Known {
    /// As it is planned.
    pub plan: Arc<ServicePlan>,
    /// By which the pool knows it, if it runs.
    pub id: Option<ServiceId>,
    /// How far it is.
    pub state: State,
    /// How often it failed in a row.
    pub attempts: u32,
    /// When something was heard of it last.
    pub since: Instant,
    /// What was heard.
    pub run: Run,
}

/// All runs, and since when services are what they are.
#[derive(Default)]
pub struct Runs {
    runs: HashMap<ServiceId, Run>,
    since: HashMap<String, Instant>,
}

impl Runs {
    /// A run begins.
    pub fn begin(&mut self, id: ServiceId, name: &str, now: Instant) {
        self.runs.insert(id, Run::default());
        self.since.insert(name.to_owned(), now);
    }

    /// Takes what is reported of one.
    pub fn take(&mut self, id: ServiceId, name: &str, progress: &Progress, now: Instant) {
        self.since.insert(name.to_owned(), now);
        let run = self.runs.entry(id).or_default();
        match progress {
            Progress::Serving { description, addresses } => {
                run.description = Some(description.clone());
                run.addresses.clone_from(addresses);
            }
            Progress::Resting { addresses } => run.addresses.clone_from(addresses),
            Progress::Paused | Progress::ExportsSet(_) => {}
            Progress::Failed(_) | Progress::Stopped => drop(self.runs.remove(&id)),
        }
    }

    /// Forgets services that are none any more.
    pub fn keep_only(&mut self, is_there: impl Fn(&str) -> bool) {
        self.since.retain(|name, _| is_there(name));
    }

    /// Adds what is known to what the supervisor says. Of whom nothing was heard it is `began`.
    pub fn known(&self, status: Status<'_>, began: Instant) -> Known {
        let run = status.run.and_then(|id| self.runs.get(&id)).cloned();
        Known {
            plan: status.plan.clone(),
            id: status.run,
            state: status.state,
            attempts: status.attempts,
            since: self.since.get(&status.plan.name).copied().unwrap_or(began),
            run: run.unwrap_or_default(),
        }
    }
}
