//! Large writes go on to the disk at once (Linux's `sync_file_range(2)`), so that the disk is at
//! work while more arrives, and a flush finds little left to do. Nothing waits for it, and nothing
//! is promised by it: only a flush is. Small writes stay with the host, which joins them to others.

use crate::transfer::Extent;

/// The least that is worth a request of its own to the disk.
const LARGE_BYTES: u64 = 256 << 10;

impl Extent {
    /// Whether it is a write that the disk should not wait for.
    pub(crate) fn is_hastened(&self) -> bool {
        cfg!(target_os = "linux") && self.operation == "write" && self.length_bytes >= LARGE_BYTES
    }
}

/// Sets off what was written there.
#[cfg(target_os = "linux")]
pub(crate) fn hasten(file: &std::fs::File, extent: &Extent) {
    use std::os::fd::AsRawFd;
    let (offset, length) = (extent.offset_bytes as i64, extent.length_bytes as i64);
    // SAFETY: no memory is involved, and the descriptor is open. What goes wrong is found out by
    // the flush that matters.
    let _ = unsafe {
        libc::sync_file_range(file.as_raw_fd(), offset, length, libc::SYNC_FILE_RANGE_WRITE)
    };
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn hasten(_: &std::fs::File, _: &Extent) {}
