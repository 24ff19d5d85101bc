//! What can be asked of a pool about its services, and what is answered.

use crate::report::ServiceId;
use service::{Client, Statistics};

/// What somebody wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// How every service is.
    Everybody,
    /// How one is.
    Service(ServiceId),
    /// Who uses one.
    Clients(ServiceId),
}

/// A part of the answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Some services, in the order of their numbers on each worker.
    Services(Vec<ServiceStatus>),
    /// The clients of the one that was asked about.
    Clients(Vec<Client>),
}

/// How a service is.
#[derive(Clone, Debug)]
pub struct ServiceStatus {
    /// Which.
    pub service: ServiceId,
    /// Which worker has it.
    pub worker: usize,
    /// Time that it used so far, in nanoseconds: what was measured, and what the kernel is reckoned to
    /// have done for it.
    pub used_ns: u64,
    /// What it says of itself.
    pub statistics: Statistics,
}
