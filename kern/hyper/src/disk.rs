//! Sectors.

use abi::Result;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};

/// What a disk is like. It does not change while the disk is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Size in bytes.
    pub size_bytes: u64,
    /// Smallest unit of transfer, a power of two; offsets and lengths of reads may ignore it,
    /// offsets and lengths of writes should not.
    pub sector_bytes: u32,
    /// Whether writes are refused.
    pub read_only: bool,
}

/// What to do.
#[derive(Debug)]
pub enum DiskOperation {
    /// Fills `buffers`, one after another, with what stands at `offset_bytes` and on.
    Read {
        /// Where on the disk.
        offset_bytes: u64,
        /// Where to: as much is read as they are long together.
        buffers: Vec<BytesMut>,
    },
    /// Writes `data`, one piece after another, at `offset_bytes` and on.
    Write {
        /// Where on the disk.
        offset_bytes: u64,
        /// What: shared with whoever else holds these bytes, copied by nobody.
        data: Vec<Bytes>,
    },
    /// Completes once every write that completed before this request was submitted is durable.
    Flush,
    /// Whole sectors that nobody needs any more: they read as zeros from now on, as if they were
    /// written, and their space goes back to whoever keeps the disk. `NotSupported`, with nothing
    /// changed, where that cannot be.
    Discard {
        /// Where on the disk.
        offset_bytes: u64,
        /// How much.
        length_bytes: u64,
    },
}

/// One request.
#[derive(Debug)]
pub struct DiskRequest {
    /// The submitter's name for it, returned with the completion.
    pub token: u64,
    /// What to do.
    pub operation: DiskOperation,
}

/// The end of one request.
#[derive(Debug)]
pub struct DiskCompletion {
    /// The request's token.
    pub token: u64,
    /// The buffers of a read, filled; nothing for the others. An access beyond the end of the
    /// disk is an error, never a short transfer.
    pub result: Result<Vec<BytesMut>>,
}

/// One disk: an image, a device, or a piece of a simulation.
///
/// Requests complete in any order, each exactly once. A write that has completed may still be
/// lost in a power cut until a later [`DiskOperation::Flush`] completes.
pub trait Disk {
    /// Size, sector, protection.
    fn geometry(&self) -> Geometry;

    /// Starts a request. Never blocks for long and never fails: errors arrive as completions.
    fn submit(&self, request: DiskRequest);

    /// The next completion, if one has arrived. The host turns the service when there are some.
    fn next_completion(&self) -> Option<DiskCompletion>;
}
