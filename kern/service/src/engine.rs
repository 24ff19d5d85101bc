//! What a service asks of a file system on an image, beside having it served.

use crate::Limits;
use block::CacheUse;

/// See the top of the file.
pub(crate) trait Engine {
    /// Compound transactions made durable.
    fn commits(&self) -> u64;

    /// What its cache holds, and how often it had what was asked for.
    fn cache_use(&self) -> CacheUse;

    /// Takes no more memory than this from now on, and gives back what it has more of as soon as it
    /// can.
    fn set_limits(&self, limits: &Limits);
}

impl Engine for ffs::Ffs {
    fn commits(&self) -> u64 {
        self.counters().commits
    }

    fn cache_use(&self) -> CacheUse {
        Self::cache_use(self)
    }

    fn set_limits(&self, limits: &Limits) {
        self.set_memory(limits.cache_bytes, limits.dirty_bytes);
    }
}
