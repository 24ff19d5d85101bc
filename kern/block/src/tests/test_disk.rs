//! A disk of memory: sparse, slow, out of order and broken on demand.

use abi::{Errno, Result};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::cell::{Cell, RefCell};
use core::ops::Range;
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};

const SECTOR: u64 = 512;

/// Every byte of page N is N modulo 251 until it is written. Requests wait until they are
/// collected. A read brings what stood there when it was submitted: the oldest that is allowed.
pub(super) struct TestDisk {
    size_bytes: u64,
    page_bytes: u64,
    written: RefCell<BTreeMap<u64, [u8; SECTOR as usize]>>,
    requests: RefCell<Vec<Waiting>>,
    pub(super) reads: Cell<usize>,
    pub(super) writes: Cell<usize>,
    pub(super) broken: Cell<bool>,
    /// How many requests may complete yet.
    pub(super) completions_left: Cell<usize>,
    /// How many requests stay on their way.
    pub(super) held: Cell<usize>,
    /// Which of the waiting requests completes next (modulo their number).
    pub(super) pick: Cell<usize>,
}

struct Waiting {
    token: u64,
    work: Work,
}

enum Work {
    Read(Result<Vec<BytesMut>>),
    Write(u64, Vec<Bytes>),
    Flush,
}

impl TestDisk {
    pub(super) fn new(size_bytes: u64, page_bytes: u64) -> Self {
        Self {
            size_bytes,
            page_bytes,
            written: RefCell::default(),
            requests: RefCell::default(),
            reads: Cell::new(0),
            writes: Cell::new(0),
            broken: Cell::new(false),
            completions_left: Cell::new(usize::MAX),
            held: Cell::new(0),
            pick: Cell::new(0),
        }
    }

    /// What stands in a sector.
    pub(super) fn sector(&self, number: u64) -> [u8; SECTOR as usize] {
        let never_written = (number * SECTOR / self.page_bytes % 251) as u8;
        let written = self.written.borrow();
        written.get(&number).copied().unwrap_or([never_written; SECTOR as usize])
    }

    /// What stands at `offset_bytes`.
    pub(super) fn byte(&self, offset_bytes: u64) -> u8 {
        self.sector(offset_bytes / SECTOR)[(offset_bytes % SECTOR) as usize]
    }

    /// Requests on their way.
    pub(super) fn waiting(&self) -> usize {
        self.requests.borrow().len()
    }

    fn end_of(&self, offset_bytes: u64, length_bytes: usize) -> Result<u64> {
        let end = offset_bytes.checked_add(length_bytes as u64).ok_or(Errno::Io)?;
        if self.broken.get() || end > self.size_bytes { Err(Errno::Io) } else { Ok(end) }
    }

    fn read(&self, offset_bytes: u64, mut buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        self.end_of(offset_bytes, buffers.iter().map(BytesMut::len).sum())?;
        let mut at = offset_bytes;
        for buffer in &mut buffers {
            let mut rest = &mut buffer[..];
            while !rest.is_empty() {
                let start = (at % SECTOR) as usize;
                let (part, later) = rest.split_at_mut(rest.len().min(SECTOR as usize - start));
                part.copy_from_slice(&self.sector(at / SECTOR)[start..start + part.len()]);
                at += part.len() as u64;
                rest = later;
            }
        }
        Ok(buffers)
    }

    fn write(&self, offset_bytes: u64, data: &[Bytes]) -> Result<()> {
        self.end_of(offset_bytes, data.iter().map(Bytes::len).sum())?;
        for (&byte, at) in data.iter().flatten().zip(offset_bytes..) {
            let mut sector = self.sector(at / SECTOR);
            sector[(at % SECTOR) as usize] = byte;
            self.written.borrow_mut().insert(at / SECTOR, sector);
        }
        Ok(())
    }

    /// Nothing says which of two writes of the same bytes would win.
    fn check_overlap(&self, range: &Range<u64>) {
        for waiting in self.requests.borrow().iter() {
            if let Work::Write(start, data) = &waiting.work {
                let end = start + data.iter().map(Bytes::len).sum::<usize>() as u64;
                let is_apart = end <= range.start || range.end <= *start;
                assert!(is_apart, "{range:?} and {start}..{end} are under way at once");
            }
        }
    }
}

impl Disk for TestDisk {
    fn geometry(&self) -> Geometry {
        let sector_bytes = SECTOR as u32;
        Geometry { size_bytes: self.size_bytes, sector_bytes, read_only: false }
    }

    fn submit(&self, request: DiskRequest) {
        let work = match request.operation {
            DiskOperation::Read { offset_bytes, buffers } => {
                self.reads.set(self.reads.get() + 1);
                Work::Read(self.read(offset_bytes, buffers))
            }
            DiskOperation::Write { offset_bytes, data } => {
                self.writes.set(self.writes.get() + 1);
                let length_bytes = data.iter().map(Bytes::len).sum::<usize>() as u64;
                self.check_overlap(&(offset_bytes..offset_bytes.saturating_add(length_bytes)));
                Work::Write(offset_bytes, data)
            }
            DiskOperation::Discard { .. } => Work::Read(Err(Errno::NotSupported)),
            DiskOperation::Flush => Work::Flush,
        };
        self.requests.borrow_mut().push(Waiting { token: request.token, work });
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        let waiting = self.waiting();
        let left = self.completions_left.get();
        if waiting <= self.held.get() || left == 0 {
            return None;
        }
        self.completions_left.set(left - 1);
        let Waiting { token, work } = self.requests.borrow_mut().remove(self.pick.get() % waiting);
        let result = match work {
            Work::Read(result) => result,
            Work::Write(offset_bytes, data) => self.write(offset_bytes, &data).map(|()| Vec::new()),
            Work::Flush if self.broken.get() => Err(Errno::Io),
            Work::Flush => Ok(Vec::new()),
        };
        Some(DiskCompletion { token, result })
    }
}

#[test]
fn the_disk_of_the_tests_keeps_the_promises_of_a_disk() {
    let disk = TestDisk::new(hyper::testkit::DISK_BYTES_MIN + 1000, 4096);
    hyper::testkit::check_disk(&disk, &mut || disk.pick.set(disk.pick.get() * 5 + 3));
}
