//! An image in memory: as a disk, and as one that is opened when it is wanted.

use abi::{Errno, FileSystemId, Timestamp};
use bytes::BytesMut;
use ffscheck::newfs::{Memory, Options, newfs};
use hyper::{Backing, Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A disk in memory that completes everything by the next turn, until it is broken.
pub struct ImageDisk {
    pub bytes: RefCell<Vec<u8>>,
    pub completed: RefCell<VecDeque<DiskCompletion>>,
    pub writes: Cell<usize>,
    pub is_broken: Cell<bool>,
}

impl ImageDisk {
    /// With an empty file system on it.
    pub fn new() -> Rc<Self> {
        let mut image = Memory::default();
        let options = Options { log_bytes: None, ..Options::new(32 << 20) };
        let made = newfs(&mut image, &options, FileSystemId(7), Timestamp::default());
        made.expect("it fits");
        Rc::new(Self {
            bytes: RefCell::new(image.to_vec()),
            completed: RefCell::default(),
            writes: Cell::new(0),
            is_broken: Cell::new(false),
        })
    }

    fn perform(&self, operation: DiskOperation) -> Result<Vec<BytesMut>, Errno> {
        let mut bytes = self.bytes.borrow_mut();
        match operation {
            DiskOperation::Read { offset_bytes, mut buffers } => {
                let mut at = offset_bytes as usize;
                for buffer in &mut buffers {
                    let end = at + buffer.len();
                    buffer.copy_from_slice(&bytes[at..end]);
                    at = end;
                }
                Ok(buffers)
            }
            _ if self.is_broken.get() => Err(Errno::Io),
            DiskOperation::Write { offset_bytes, data } => {
                let (at, data) = (offset_bytes as usize, data.concat());
                bytes[at..at + data.len()].copy_from_slice(&data);
                self.writes.set(self.writes.get() + 1);
                Ok(Vec::new())
            }
            DiskOperation::Discard { offset_bytes, length_bytes } => {
                let at = offset_bytes as usize;
                bytes[at..at + length_bytes as usize].fill(0);
                Ok(Vec::new())
            }
            DiskOperation::Flush => Ok(Vec::new()),
        }
    }
}

impl Disk for ImageDisk {
    fn geometry(&self) -> Geometry {
        let size_bytes = self.bytes.borrow().len() as u64;
        Geometry { size_bytes, sector_bytes: 512, read_only: false }
    }

    fn submit(&self, DiskRequest { token, operation }: DiskRequest) {
        let result = self.perform(operation);
        self.completed.borrow_mut().push_back(DiskCompletion { token, result });
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completed.borrow_mut().pop_front()
    }
}

/// The backing of an image that opens when the test lets it.
pub struct Shelf {
    disk: Rc<ImageDisk>,
    /// Whether it opens by the next turn.
    pub is_ready: Cell<bool>,
    /// Why it does not open at all.
    pub refusal: Cell<Option<&'static str>>,
    /// How often that was begun.
    pub openings: Cell<usize>,
}

impl Shelf {
    pub fn new(disk: Rc<ImageDisk>) -> Rc<Self> {
        let (is_ready, refusal, openings) = (Cell::new(true), Cell::default(), Cell::default());
        Rc::new(Self { disk, is_ready, refusal, openings })
    }

    /// Whether nobody has the disk. The shelf and the test have it themselves.
    pub fn is_closed(&self) -> bool {
        Rc::strong_count(&self.disk) == 2
    }
}

impl Backing for Shelf {
    fn open(&self) {
        self.openings.set(self.openings.get() + 1);
    }

    fn opened(&self) -> Option<Result<Rc<dyn Disk>, String>> {
        if let Some(refusal) = self.refusal.take() {
            return Some(Err(refusal.to_owned()));
        }
        self.is_ready.get().then(|| Ok(self.disk.clone() as Rc<dyn Disk>))
    }
}
