//! Why the fleet is not changed.

use fleet::{Fault, NeedsProcess};
use std::fmt;

/// Nothing has happened, for one of these reasons.
#[derive(Debug)]
pub enum Refusal {
    /// The description is at fault.
    Faults(Vec<Fault>),
    /// It wants what only a restart of the process changes.
    NeedsProcess(Vec<NeedsProcess>),
    /// Something else, in a sentence.
    Other(anyhow::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(faults) => lines(formatter, faults),
            Self::NeedsProcess(keys) => lines(formatter, keys),
            Self::Other(error) => write!(formatter, "{error:#}"),
        }
    }
}

impl std::error::Error for Refusal {}

fn lines(formatter: &mut fmt::Formatter<'_>, lines: &[impl fmt::Display]) -> fmt::Result {
    lines.iter().enumerate().try_for_each(|(index, line)| {
        let separator = if index == 0 { "" } else { "\n" };
        write!(formatter, "{separator}{line}")
    })
}
