//! Time.

use abi::{Instant, Timestamp};

/// The host's clocks.
pub trait Clock {
    /// Monotonic time. Never goes back.
    fn now(&self) -> Instant;

    /// Wall-clock time, UTC. May jump.
    fn wall(&self) -> Timestamp;
}
