//! What services did: counts, and how long calls took.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Counts since a service was started, and what it is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Calls answered.
    pub calls: u64,
    /// Of those, answered with an error.
    pub errors: u64,
    /// Bytes of calls.
    pub received_bytes: u64,
    /// Bytes of replies.
    pub sent_bytes: u64,
    /// Calls at work now.
    pub calls_in_flight: u64,
    /// Calls that wait for others now.
    pub calls_waiting: u64,
    /// Connections now.
    pub connections: u64,
    /// Blocks that were asked for and in memory.
    pub cache_hits: u64,
    /// Blocks that had to be read.
    pub cache_misses: u64,
    /// What the disk was asked for.
    pub disk: Disk,
    /// Times that changes were made durable.
    pub commits: u64,
}

impl Counters {
    /// The part of blocks that were in memory, from 0 to 1; `None` before the first.
    pub fn hit_ratio(&self) -> Option<f64> {
        let asked = self.cache_hits + self.cache_misses;
        (asked > 0).then(|| self.cache_hits as f64 / asked as f64)
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.received_bytes += other.received_bytes;
        self.sent_bytes += other.sent_bytes;
        self.calls_in_flight += other.calls_in_flight;
        self.calls_waiting += other.calls_waiting;
        self.connections += other.connections;
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
        self.disk += other.disk;
        self.commits += other.commits;
    }
}

/// What a disk was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Disk {
    /// Reads.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Times that it had to make durable what it had.
    pub flushes: u64,
}

impl AddAssign for Disk {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.read_bytes += other.read_bytes;
        self.writes += other.writes;
        self.written_bytes += other.written_bytes;
        self.flushes += other.flushes;
    }
}

/// Buckets of a [`Histogram`] at most: the last but one ends at 2^24 us, more than 16 s.
pub const BUCKETS: usize = 26;

/// How long calls took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// How many took how long: the first less than a microsecond, each other less than twice as long
    /// as the one before, and the 26th all that took longer. Empty buckets at the end are left out.
    pub buckets: Vec<u64>,
    /// All of them together.
    pub total_microseconds: u64,
}

impl Histogram {
    /// Counts a call.
    pub fn count(&mut self, microseconds: u64) {
        let bucket = (u64::BITS - microseconds.leading_zeros()) as usize;
        let bucket = bucket.min(BUCKETS - 1);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.total_microseconds += microseconds;
    }

    /// Calls in all buckets.
    pub fn calls(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// How long a call took on average; 0 before the first.
    pub fn mean_microseconds(&self) -> u64 {
        self.total_microseconds.checked_div(self.calls()).unwrap_or(0)
    }

    /// What this part of all calls did not exceed, as a power of two; 0 before the first. What took
    /// longer than buckets tell apart counts as the least that did.
    pub fn quantile_microseconds(&self, part: f64) -> u64 {
        let wanted = (self.calls() as f64 * part.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        let reached = self.buckets.iter().position(|calls| {
            seen += calls;
            seen >= wanted
        });
        reached.map_or(0, |bucket| 1 << bucket.min(BUCKETS - 2))
    }
}

impl AddAssign<&Self> for Histogram {
    fn add_assign(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, calls)| *sum += calls);
        self.total_microseconds += other.total_microseconds;
    }
}

/// A procedure that clients called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Procedure {
    /// Its program, such as `NFS`.
    pub program: String,
    /// The program's version.
    pub version: u32,
    /// What the protocol calls it.
    pub name: String,
    /// How often it was answered.
    pub calls: u64,
    /// Of those, with an error.
    pub errors: u64,
    /// How long that took.
    pub latency: Histogram,
}

/// Procedures that were called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Procedures {
    /// Each that was called at least once, by program, version and number.
    pub items: Vec<Procedure>,
}

/// A call that took long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlowCall {
    /// The service that answered it.
    pub service: String,
    /// What was called, such as `NFSv3 COMMIT`.
    pub procedure: String,
    /// Who called.
    pub client: String,
    /// How long it took.
    pub microseconds: u64,
    /// When it was answered.
    pub at: Timestamp,
}

/// Calls that took long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slowest {
    /// The slowest of those that are remembered, the slowest first.
    pub items: Vec<SlowCall>,
}
