//! A disk whose contents are an image in memory: for tests and fuzzing.

use crate::newfs::Memory;
use abi::{Errno, Result};
use bytes::BytesMut;
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// A read-only disk that answers at once and counts what is read.
#[derive(Default)]
pub struct MemoryDisk {
    image: Memory,
    completions: RefCell<VecDeque<DiskCompletion>>,
    read_bytes: Cell<u64>,
}

impl MemoryDisk {
    /// A disk with this image on it.
    pub fn new(image: Memory) -> Self {
        Self { image, ..Self::default() }
    }

    /// Bytes read so far.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }

    fn read(&self, offset_bytes: u64, mut buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        let mut at = offset_bytes;
        for buffer in &mut buffers {
            let end = at.checked_add(buffer.len() as u64);
            let end = end.filter(|&end| end <= self.image.size_bytes()).ok_or(Errno::Io)?;
            self.image.read_at(at, buffer);
            at = end;
        }
        self.read_bytes.set(self.read_bytes.get() + at - offset_bytes);
        Ok(buffers)
    }
}

impl Disk for MemoryDisk {
    fn geometry(&self) -> Geometry {
        Geometry { size_bytes: self.image.size_bytes(), sector_bytes: 512, read_only: true }
    }

    fn submit(&self, request: DiskRequest) {
        let result = match request.operation {
            DiskOperation::Read { offset_bytes, buffers } => self.read(offset_bytes, buffers),
            DiskOperation::Write { .. } | DiskOperation::Discard { .. } | DiskOperation::Flush => {
                Err(Errno::ReadOnly)
            }
        };
        let completion = DiskCompletion { token: request.token, result };
        self.completions.borrow_mut().push_back(completion);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}
