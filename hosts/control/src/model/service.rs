//! One service.

use super::{Counters, Load, Memory};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How far a service is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It will be started, after others or when what it needs is free.
    Waiting,
    /// It is being started.
    Starting,
    /// Clients are let in, and its image is closed until one of them asks for something.
    Resting,
    /// It answers.
    Serving,
    /// Clients wait.
    Paused,
    /// It is being stopped.
    Stopping,
    /// It was stopped, or never started.
    Stopped,
    /// It ended by itself, for a reason.
    Failed,
}

impl State {
    /// All of them, from those that come to those that went.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Starting,
        Self::Resting,
        Self::Serving,
        Self::Paused,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
    ];

    /// As JSON says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Resting => "resting",
            Self::Serving => "serving",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// What it is called.
    pub name: String,
    /// What it is called where names may change.
    pub uuid: String,
    /// How far it is.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// How often it failed in a row.
    pub attempts: u32,
    /// Where its files come from.
    pub source: Source,
    /// What its image is in, as far as it is known: it was opened once.
    pub format: Option<String>,
    /// Its space, as far as it is known.
    pub space: Option<Space>,
    /// What clients may mount, in the words of exports(5).
    pub exports: Vec<String>,
    /// Where clients reach it: with ports on this machine's sockets, without on its own link.
    pub addresses: Vec<String>,
    /// The link of its own, if it has one.
    pub link: Option<String>,
    /// The worker that turns it, if one does.
    pub worker: Option<u32>,
    /// What is around it: `thread` or `process`.
    pub isolation: String,
    /// Words for people and programs.
    pub labels: BTreeMap<String, String>,
    /// What it may take.
    pub limits: Limits,
    /// Its share of a full machine.
    pub weight: u32,
    /// The pcap file that its frames are written to, if they are.
    pub trace: Option<String>,
    /// What it did since it was started.
    pub counters: Counters,
    /// What it does at present.
    pub load: Load,
    /// What it holds.
    pub memory: Memory,
}

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An image.
    Image {
        /// The file or device.
        path: String,
        /// Whether nothing may be changed.
        read_only: bool,
    },
    /// Memory: gone when the service stops.
    Memory {
        /// The most it may hold.
        size_bytes: u64,
    },
}

/// The space of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Space {
    /// All of it.
    pub total_bytes: u64,
    /// What nobody uses.
    pub free_bytes: u64,
    /// Files there can be.
    pub files_total: u64,
    /// Files that can still be made.
    pub files_free: u64,
}

/// What a service may take. What is absent is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Blocks of the image in memory.
    pub cache_bytes: u64,
    /// Changes that the disk does not have yet.
    pub dirty_bytes: u64,
    /// All memory together.
    pub memory_bytes: Option<u64>,
    /// Connections at a time.
    pub connections_max: u64,
    /// Calls at work at a time.
    pub calls_max: u64,
    /// Calls in a second.
    pub operations_per_second: Option<u64>,
    /// Bytes in a second, of both ways together.
    pub bytes_per_second: Option<u64>,
    /// How long a change may stay in memory alone.
    pub save_age_seconds: u64,
    /// Without calls for so long, the image is closed.
    pub rest_after_seconds: Option<u64>,
}

/// Some services of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Services {
    /// These.
    pub items: Vec<Service>,
    /// How many the question is about, in all pages together.
    pub total: u64,
    /// What to ask for `after`, if there are more.
    pub next: Option<String>,
}
