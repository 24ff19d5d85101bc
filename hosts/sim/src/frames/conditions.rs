//! What a way is like.

use crate::Luck;
use std::time::Duration;

/// A chance: so many in a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerMillion(pub u64);

impl PerMillion {
    /// Whether it happens this time. What never happens draws nothing.
    pub(super) fn happens(self, luck: &Luck) -> bool {
        self.0 > 0 && luck.below(1_000_000) < self.0
    }
}

/// What becomes of frames that are sent faster than they leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// They are lost, somewhere on the way: the card knows nothing of it.
    #[default]
    Drops,
    /// The card has no room for them.
    Refuses,
}

/// What happens to frames in one direction. The default is a good wire: at once, and all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// How long each is on its way.
    pub delay: Duration,
    /// Those that others overtake,
    pub overtaken: PerMillion,
    /// by at most so much more time.
    pub overtaken_by: Duration,
    /// Those that are lost, each by itself.
    pub lost: PerMillion,
    /// Those with which a burst of losses begins,
    pub bursts: PerMillion,
    /// that takes at most so long.
    pub burst: Duration,
    /// Those that arrive twice.
    pub duplicated: PerMillion,
    /// Those of whose packet some bits in a row are turned, fewer than a checksum is wide.
    pub corrupted: PerMillion,
    /// Those whose end is missing.
    pub truncated: PerMillion,
    /// How fast they leave, if that is limited.
    pub bytes_per_second: Option<u64>,
    /// How many bytes may wait for that,
    pub queue_bytes: u64,
    /// and what becomes of more.
    pub queue: Queue,
    /// Whether packets that can bear a mark get one when half of that waits (RFC 3168), early enough
    /// that nothing is lost.
    pub marks: bool,
    /// Frames arrive together: all of so much time at the end of it.
    pub gathered: Duration,
}
