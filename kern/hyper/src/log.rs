//! Lines for the administrator.

use core::fmt;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something failed, and somebody should look.
    Error,
    /// Something is wrong, and the service copes.
    Warning,
    /// Something an administrator expects to find in the log.
    Information,
    /// Something only a developer wants.
    Debug,
}

/// The host's log.
pub trait Log {
    /// Records one line said by `room`, or drops it: what is not kept is never put together.
    fn log(&self, level: Level, room: &'static str, line: fmt::Arguments<'_>);
}
