//! The peer's clock: which of its timestamps to echo, and which are too old to be of this time round
//! the sequence numbers (RFC 7323 §4.3 and §5.3).

use super::super::sequence::SeqNo;
use abi::Instant;
use core::time::Duration;

/// After so long without a word, any timestamp is new (RFC 7323 §5.5).
const OUTDATED: Duration = Duration::from_secs(24 * 24 * 3600);

/// The most recent timestamp.
#[derive(Clone, Debug, PartialEq)]
pub struct Echo {
    recent: u32,
    at: Instant,
}

impl Echo {
    /// The timestamp of a SYN.
    pub fn new(recent: u32, now: Instant) -> Self {
        Self { recent, at: now }
    }

    /// Whether a segment with this timestamp is a leftover.
    pub fn is_leftover(&self, timestamp: u32, now: Instant) -> bool {
        SeqNo(timestamp).is_before(SeqNo(self.recent)) && now.since(self.at) < OUTDATED
    }

    /// A segment that starts at `seq` was acceptable; it counts if it covers what was acknowledged
    /// last.
    pub fn note(&mut self, timestamp: u32, seq: SeqNo, acknowledged: SeqNo, now: Instant) {
        if seq.is_at_most(acknowledged) && !self.is_leftover(timestamp, now) {
            *self = Self { recent: timestamp, at: now };
        }
    }

    /// What to echo.
    pub fn recent(&self) -> u32 {
        self.recent
    }
}
