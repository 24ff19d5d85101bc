//! What everything together may take.

use abi::{Errno, Result};

/// Bytes of capacity for which one file is allowed.
const BYTES_PER_FILE: u64 = 1024;

/// A budget of bytes.
pub(crate) struct Space {
    total_bytes: u64,
    used_bytes: u64,
}

impl Space {
    pub(crate) const fn new(total_bytes: u64) -> Self {
        Self { total_bytes, used_bytes: 0 }
    }

    pub(crate) const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    pub(crate) const fn free_bytes(&self) -> u64 {
        self.total_bytes.saturating_sub(self.used_bytes)
    }

    /// Most files at a time, the root included.
    pub(crate) fn files_max(&self) -> u64 {
        (self.total_bytes / BYTES_PER_FILE).clamp(1, u64::from(u32::MAX))
    }

    pub(crate) fn take(&mut self, count_bytes: u64) -> Result<()> {
        if count_bytes > self.free_bytes() {
            return Err(Errno::NoSpace);
        }
        self.force(count_bytes);
        Ok(())
    }

    /// Takes what cannot be refused: the root directory.
    pub(crate) const fn force(&mut self, count_bytes: u64) {
        self.used_bytes += count_bytes;
    }

    pub(crate) const fn give(&mut self, count_bytes: u64) {
        self.used_bytes -= count_bytes;
    }
}
