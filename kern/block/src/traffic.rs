//! What a disk was asked for, counted.

use core::cell::Cell;
use core::ops::AddAssign;
use hyper::DiskOperation;

/// Requests to a disk so far, whether or not they succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests to read.
    pub reads: u64,
    /// Bytes that they asked for.
    pub read_bytes: u64,
    /// Requests to write.
    pub writes: u64,
    /// Bytes that they brought.
    pub written_bytes: u64,
    /// Requests to make durable what was written.
    pub flushes: u64,
}

impl Traffic {
    fn with(mut self, operation: &DiskOperation) -> Self {
        match operation {
            DiskOperation::Read { buffers, .. } => {
                self.reads += 1;
                self.read_bytes += buffers.iter().map(|buffer| buffer.len() as u64).sum::<u64>();
            }
            DiskOperation::Write { data, .. } => {
                self.writes += 1;
                self.written_bytes += data.iter().map(|piece| piece.len() as u64).sum::<u64>();
            }
            DiskOperation::Flush => self.flushes += 1,
            DiskOperation::Discard { .. } => {}
        }
        self
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.read_bytes += other.read_bytes;
        self.writes += other.writes;
        self.written_bytes += other.written_bytes;
        self.flushes += other.flushes;
    }
}

/// Counts one more.
pub(crate) fn count(traffic: &Cell<Traffic>, operation: &DiskOperation) {
    traffic.set(traffic.get().with(operation));
}
