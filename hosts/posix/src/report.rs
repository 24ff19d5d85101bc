//! What a worker tells the control thread of its services.

use crate::pool::Roster;
use service::Description;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// The control thread's name for a service: unique among the services of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u64);

/// News of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which service.
    pub service: ServiceId,
    /// What happened.
    pub progress: Progress,
}

/// How far a service has come. The last one a service sends is `Failed` or `Stopped`: by then its
/// sockets are closed and its images unlocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It answers.
    Serving {
        /// What is served.
        description: Description,
        /// Its own addresses, with their real ports.
        addresses: Vec<SocketAddr>,
    },
    /// It lets clients in, and opens what it serves when one of them wants something; or it did, and
    /// nobody has wanted anything for a while.
    Resting {
        /// Its own addresses, with their real ports.
        addresses: Vec<SocketAddr>,
    },
    /// It was paused. What it is comes anew when it goes on.
    Paused,
    /// What its clients may mount is what was asked for; or why it is what it was.
    ExportsSet(Result<(), String>),
    /// It has ended; the sentence tells the administrator why.
    Failed(String),
    /// It was stopped.
    Stopped,
}

/// A worker's way to the control thread.
pub(crate) struct Reporter {
    reports: Sender<Report>,
    roster: Arc<Roster>,
}

impl Reporter {
    pub(crate) fn new(reports: Sender<Report>, roster: Arc<Roster>) -> Self {
        Self { reports, roster }
    }

    /// Tells how far a service has come. With its last report its number is free again.
    pub(crate) fn tell(&self, service: ServiceId, progress: Progress) {
        if matches!(progress, Progress::Failed(_) | Progress::Stopped) {
            self.roster.forget(service);
        }
        // Nobody listens any more: then nobody needs to know.
        let _ = self.reports.send(Report { service, progress });
    }
}
