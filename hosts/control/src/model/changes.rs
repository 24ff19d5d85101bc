//! What somebody wants changed, and what came of it.

use super::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What came of a wish about one service. What is done already is no failure: nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The service.
    pub name: String,
    /// Whether the wish changed anything.
    pub changed: bool,
    /// How far the service is now; `null` if it is gone.
    pub state: Option<State>,
    /// That in a sentence.
    pub message: String,
}

/// What a new description of the fleet changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// One for each service and kind of change, removals first.
    pub items: Vec<Change>,
    /// Services that stay as they were.
    pub unchanged: u64,
}

/// What changes for one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The service.
    pub name: String,
    /// What happens to it.
    pub what: What,
    /// The keys for which it is restarted.
    pub keys: Vec<String>,
}

/// What happens to a service.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It is new.
    Added,
    /// It is stopped, and gone then.
    Removed,
    /// Clients may mount something else.
    Exports,
    /// It may take something else, or has another weight.
    Limits,
    /// Only people see it, or the next start.
    Labels,
    /// It is stopped and started.
    Restarted,
}

impl What {
    /// As JSON says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Exports => "exports",
            Self::Limits => "limits",
            Self::Labels => "labels",
            Self::Restarted => "restarted",
        }
    }
}

/// How much a log line matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing is told.
    Off,
    /// Something failed, and somebody should look.
    Error,
    /// Something is wrong, and the service copes.
    Warn,
    /// What an administrator expects to find in a log.
    Info,
    /// What only a developer wants.
    Debug,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}

/// The log's level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogLevels {
    /// Least important lines that are told.
    pub level: LogLevel,
}

/// Whether a service's frames are written to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// The service.
    pub name: String,
    /// The pcap file, if they are.
    pub file: Option<String>,
    /// Whether the wish changed anything.
    pub changed: bool,
}

/// That a service's frames are to be written to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceWish {
    /// The pcap file: an absolute path, on the machine of the service.
    pub file: String,
}
