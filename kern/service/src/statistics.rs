//! What a service tells of itself: plain data, which may leave its thread.

use crate::State;
use crate::latency::Latency;
use abi::Instant;
use alloc::string::String;
use alloc::vec::Vec;
use block::{Lookups, Traffic};
use core::net::{IpAddr, SocketAddr};
use rpc::{Counters, ProcedureCount};

/// A service at one moment, and what it did until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The moment, on the host's monotonic clock.
    pub now: Instant,
    /// How far it has come.
    pub state: State,
    /// When it came there.
    pub since: Instant,
    /// Whether calls wait until it goes on.
    pub is_paused: bool,
    /// What RPC counted: calls, bytes, errors.
    pub rpc: Counters,
    /// Calls that have begun.
    pub calls_at_work: usize,
    /// Calls that have arrived and have not begun, one of each connection at most.
    pub calls_waiting: usize,
    /// Connections open now.
    pub connections: usize,
    /// What it holds.
    pub memory: Memory,
    /// How often pages were in memory, of all images so far.
    pub cache: Lookups,
    /// What disks were asked for; `None` if it serves memory.
    pub disk: Option<Traffic>,
    /// Compound transactions made durable; `None` if its file system makes none.
    pub commits: Option<u64>,
    /// How often what it serves was opened.
    pub openings: u64,
    /// Procedures that were called.
    pub procedures: Vec<ProcedureStatistics>,
    /// The calls that took longest during the last ten minutes, the slowest first.
    pub slowest: Vec<SlowCall>,
}

/// Memory of a service by what it is for, in bytes. A file system in memory is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Pages that the disk has, too.
    pub cache: u64,
    /// Pages that have changed.
    pub dirty: u64,
    /// What a stack of its own received and nobody has taken yet.
    pub received: u64,
    /// Records that are not complete, and arguments of calls.
    pub requests: u64,
    /// Replies that clients have not taken, and room for those of calls at work.
    pub replies: u64,
    /// Replies remembered.
    pub remembered: u64,
}

impl Memory {
    /// All of it, in bytes.
    pub fn total(&self) -> u64 {
        let Self { cache, dirty, received, requests, replies, remembered } = self;
        cache + dirty + received + requests + replies + remembered
    }
}

/// One procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcedureStatistics {
    /// Its name, and how often it was called.
    pub count: ProcedureCount,
    /// How long that took.
    pub latency: Latency,
}

/// One call that took long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowCall {
    /// The program's name.
    pub program: &'static str,
    /// Its version.
    pub version: u32,
    /// The procedure's name.
    pub procedure: &'static str,
    /// Who asked.
    pub client: SocketAddr,
    /// From the turn that began it to the end of the one that answered.
    pub microseconds: u64,
    /// When it ended.
    pub ended_at: Instant,
}

/// One client, by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Its connections. Those that mounted something over UDP may have none.
    pub connections: usize,
    /// What it mounted, as far as MOUNT knows.
    pub mounted: Vec<String>,
    /// Calls on those connections.
    pub calls: u64,
    /// Bytes of those calls and of replies to them.
    pub bytes: u64,
    /// When the last of them ended.
    pub last_call: Option<Instant>,
}
