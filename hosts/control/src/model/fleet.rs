//! The whole fleet at a glance.

use super::{Counters, LogLevel, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The process and all its services together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// The program's version.
    pub version: String,
    /// The process, as its system calls it.
    pub process_id: u32,
    /// When it began.
    pub since: Timestamp,
    /// How long ago that was.
    pub uptime_seconds: u64,
    /// The file that describes the fleet, if there is one.
    pub file: Option<String>,
    /// Whether everything is being stopped.
    pub is_ending: bool,
    /// How many services are in which state.
    pub services: Counts,
    /// The threads that turn services.
    pub workers: Vec<Worker>,
    /// What all services did together since the process began.
    pub counters: Counters,
    /// What all services do at present.
    pub load: Load,
    /// Memory of all services and what they share.
    pub memory: Memory,
    /// Memory of the whole process that is really there.
    pub resident_bytes: u64,
    /// Images that are open.
    pub open_images: u64,
    /// Least important lines of the log.
    pub log_level: LogLevel,
}

/// How many services are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Will be started.
    pub waiting: u64,
    /// Are being started.
    pub starting: u64,
    /// Clients are let in, and the image is closed.
    pub resting: u64,
    /// Answer.
    pub serving: u64,
    /// Clients wait.
    pub paused: u64,
    /// Are being stopped.
    pub stopping: u64,
    /// Were stopped, or never started.
    pub stopped: u64,
    /// Have ended by themselves.
    pub failed: u64,
}

impl Counts {
    /// Each state with its count, from those that come to those that went.
    pub fn each(&self) -> [(State, u64); 8] {
        let Self { waiting, starting, resting, serving, paused, stopping, stopped, failed } = *self;
        let counts = [waiting, starting, resting, serving, paused, stopping, stopped, failed];
        std::array::from_fn(|index| (State::ALL[index], counts[index]))
    }

    /// All services.
    pub fn total(&self) -> u64 {
        self.each().iter().map(|(_, count)| count).sum()
    }

    /// One more in this state.
    pub fn count(&mut self, state: State) {
        let counter = match state {
            State::Waiting => &mut self.waiting,
            State::Starting => &mut self.starting,
            State::Resting => &mut self.resting,
            State::Serving => &mut self.serving,
            State::Paused => &mut self.paused,
            State::Stopping => &mut self.stopping,
            State::Stopped => &mut self.stopped,
            State::Failed => &mut self.failed,
        };
        *counter += 1;
    }
}

/// A thread that turns services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worker {
    /// Its number, from 0.
    pub number: u32,
    /// Services that it turns.
    pub services: u64,
    /// Its share of a processor, from 0 to 1, at present.
    pub busy: f64,
}

/// What is done at present, in each second: of the last few seconds, as the server measured it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// Calls answered.
    pub calls_per_second: f64,
    /// Bytes of calls.
    pub received_bytes_per_second: f64,
    /// Bytes of replies.
    pub sent_bytes_per_second: f64,
    /// How long a call takes, on average.
    pub call_microseconds: f64,
    /// Share of a processor, from 0.
    pub busy: f64,
}

/// Memory, by what it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// Blocks of images that are as the disk has them.
    pub cache_bytes: u64,
    /// Changes that disks do not have yet.
    pub dirty_bytes: u64,
    /// What arrived and was not taken yet.
    pub received_bytes: u64,
    /// Calls that are not complete, or at work.
    pub calls_bytes: u64,
    /// Replies that have not left.
    pub replies_bytes: u64,
    /// Replies that are kept, for clients that ask again.
    pub kept_replies_bytes: u64,
    /// All other that is known of.
    pub other_bytes: u64,
}

impl Memory {
    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        let Self { cache_bytes, dirty_bytes, received_bytes, .. } = self;
        let Self { calls_bytes, replies_bytes, kept_replies_bytes, other_bytes, .. } = self;
        let arrived = received_bytes + calls_bytes;
        cache_bytes + dirty_bytes + arrived + replies_bytes + kept_replies_bytes + other_bytes
    }
}
