//! What a worker tells the control thread of its services.

use service::Description;
use std::net::SocketAddr;

/// The control thread's name for a service: unique among the services of one worker.
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
    /// It has ended; the sentence tells the administrator why.
    Failed(String),
    /// It was stopped.
    Stopped,
}
