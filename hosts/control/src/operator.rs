//! Whoever answers for the services: what the server asks, and what it passes on.

use crate::model::{
    Changes, Clients, Failure, Fleet, LogLevel, LogLevels, Outcome, Procedures, Service, Services,
    Slowest, Trace,
};
use crate::selection::Selection;

/// What comes of asking.
pub type Answer<T> = Result<T, Failure>;

/// What somebody wants of one service. To want what is already so is no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is to run; one that failed is tried again at once.
    Start,
    /// It is to end in order, and stay so.
    Stop,
    /// Its clients are to wait.
    Pause,
    /// Its clients are to go on.
    Resume,
}

/// Whoever answers for the services of a process.
///
/// Methods may wait, and are called on threads of their own, several at a time; what they are asked
/// is already checked to be of this interface. They answer with [`Failure`] of the codes
/// `NoSuchService` for names that nobody has, `NotPossible`, `FaultyFile`, `NeedsRestart`,
/// `Unavailable` while the process ends, and `Internal`.
pub trait Operator: Send + Sync {
    /// The whole at a glance, at a cost that does not grow with the services.
    fn fleet(&self) -> Answer<Fleet>;
    /// Those services that are asked for: see [`Selection::pick`].
    fn services(&self, selection: &Selection) -> Answer<Services>;
    /// One service.
    fn service(&self, name: &str) -> Answer<Service>;
    /// Who uses a service.
    fn clients(&self, name: &str) -> Answer<Clients>;
    /// What was called, of one service or of all together.
    fn procedures(&self, name: Option<&str>) -> Answer<Procedures>;
    /// The slowest calls, of one service or of all together.
    fn slowest(&self, name: Option<&str>) -> Answer<Slowest>;
    /// Does something to a service; returns when it has begun.
    fn act(&self, name: &str, verb: Verb) -> Answer<Outcome>;
    /// Reads the fleet's file again, and makes it hold. Nothing is changed if any of it is at fault.
    fn reload(&self) -> Answer<Changes>;
    /// Adds the services that a text describes: `[[services]]` as the fleet's file has them.
    fn add(&self, text: &str) -> Answer<Changes>;
    /// Stops a service and forgets it.
    fn remove(&self, name: &str) -> Answer<Outcome>;
    /// How much is told in the log.
    fn log_level(&self) -> Answer<LogLevels>;
    /// Changes that.
    fn set_log_level(&self, level: LogLevel) -> Answer<LogLevels>;
    /// Writes the frames of a service with a link of its own to a file from now on; `None` ends that.
    fn trace(&self, name: &str, file: Option<&str>) -> Answer<Trace>;
    /// Stops all services and then the process; returns when that has begun.
    fn end(&self) -> Answer<Fleet>;
}
