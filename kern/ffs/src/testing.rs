//! What the tests of several rooms share: a disk in memory, a new file system on it, luck.

use crate::layout::{SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS, Superblock};
use crate::{Ffs, MountError, Options};
use abi::{Errno, FileSystemId, Result, Timestamp};
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use block::Device;
use bytes::BytesMut;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ops::Range;
use ffscheck::Image;
use ffscheck::newfs::{self, Memory};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 5 };

/// A write: where, in bytes, and what.
pub(crate) type Written = (u64, Vec<u8>);

/// A disk that does what it is asked when it is asked, and tells when its completions are taken.
#[derive(Default)]
pub(crate) struct MemoryDisk {
    pub(crate) image: RefCell<Memory>,
    /// Requests to read so far.
    pub(crate) reads: Cell<u64>,
    /// Bytes written so far.
    pub(crate) written_bytes: Cell<u64>,
    /// What was written since somebody began to keep it here.
    pub(crate) history: RefCell<Option<Vec<Written>>>,
    /// Discards that were not carried out, while somebody keeps them here.
    pub(crate) held: RefCell<Option<Vec<DiskRequest>>>,
    /// Where writes fail, in bytes.
    pub(crate) bad: RefCell<Range<u64>>,
    /// Where reads fail, in bytes.
    pub(crate) bad_reads: RefCell<Range<u64>>,
    completions: RefCell<VecDeque<DiskCompletion>>,
}

impl MemoryDisk {
    fn carry_out(&self, operation: DiskOperation) -> Result<Vec<BytesMut>> {
        match operation {
            DiskOperation::Read { offset_bytes, buffers } => self.read(offset_bytes, buffers),
            DiskOperation::Write { offset_bytes, data } => {
                let bytes = data.concat();
                let end = offset_bytes + bytes.len() as u64;
                if self.bad.borrow().start < end && offset_bytes < self.bad.borrow().end {
                    return Err(Errno::Io);
                }
                self.written_bytes.set(self.written_bytes.get() + bytes.len() as u64);
                let mut image = self.image.borrow_mut();
                image.write_at(offset_bytes, &bytes).map_err(|_| Errno::Io)?;
                if let Some(history) = self.history.borrow_mut().as_mut() {
                    history.push((offset_bytes, bytes));
                }
                Ok(Vec::new())
            }
            DiskOperation::Discard { offset_bytes, length_bytes } => {
                let zeros = alloc::vec![0; length_bytes as usize];
                let written = self.image.borrow_mut().write_at(offset_bytes, &zeros);
                written.map(|()| Vec::new()).map_err(|_| Errno::Io)
            }
            DiskOperation::Flush => Ok(Vec::new()),
        }
    }

    fn read(&self, offset_bytes: u64, mut buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        self.reads.set(self.reads.get() + 1);
        let mut at = offset_bytes;
        for buffer in &mut buffers {
            let end = at + buffer.len() as u64;
            if self.bad_reads.borrow().start < end && at < self.bad_reads.borrow().end {
                return Err(Errno::Io);
            }
            Image::read_at(&*self.image.borrow(), at, buffer).map_err(|_| Errno::Io)?;
            at += buffer.len() as u64;
        }
        Ok(buffers)
    }
}

impl Disk for MemoryDisk {
    fn geometry(&self) -> Geometry {
        let size_bytes = self.image.borrow().size_bytes();
        Geometry { size_bytes, sector_bytes: 512, read_only: false }
    }

    fn submit(&self, request: DiskRequest) {
        if let Some(held) = self.held.borrow_mut().as_mut()
            && let DiskOperation::Discard { .. } = request.operation
        {
            held.push(request);
            return;
        }
        let result = self.carry_out(request.operation);
        let completion = DiskCompletion { token: request.token, result };
        self.completions.borrow_mut().push_back(completion);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}

/// A mounted file system, and the damage it has told of.
pub(crate) struct Mounted {
    pub(crate) ffs: Rc<Ffs>,
    pub(crate) disk: Rc<MemoryDisk>,
    pub(crate) damage: Rc<RefCell<Vec<String>>>,
    device: Rc<Device>,
}

impl Mounted {
    /// A new file system, mounted for writing.
    pub(crate) fn new(layout: &newfs::Options) -> Self {
        Self::of(new_image(layout), Options::default()).expect("a mount")
    }

    /// What is on an image, mounted for writing with the log that it has, if any.
    pub(crate) fn of(image: Memory, options: Options) -> Result<Self, MountError> {
        let log = options.log && names_log(&image);
        Self::first(image, Options { log, ..options })
    }

    /// The same, by the mount that makes a log where there is none.
    pub(crate) fn first(image: Memory, options: Options) -> Result<Self, MountError> {
        Self::failing(image, options, 0..0)
    }

    /// The same on a disk that fails to write some of its bytes.
    pub(crate) fn failing(
        image: Memory,
        options: Options,
        bad: Range<u64>,
    ) -> Result<Self, MountError> {
        let (image, bad) = (RefCell::new(image), RefCell::new(bad));
        let disk = Rc::new(MemoryDisk { image, bad, ..MemoryDisk::default() });
        let device = Device::new(disk.clone());
        let damage: Rc<RefCell<Vec<String>>> = Rc::default();
        let lines = damage.clone();
        let sink = move |line: fmt::Arguments<'_>| lines.borrow_mut().push(line.to_string());
        let options = Options { writable: true, ..options };
        let mounting = crate::mount(device.clone(), options, Rc::new(sink));
        let ffs = task::drive(mounting, || device.collect())?;
        Ok(Self { ffs, disk, damage, device })
    }

    /// The same image in another mount, after everything was written.
    pub(crate) fn again(&self) -> Self {
        self.wait(self.ffs.leave_clean()).expect("everything written");
        let image = self.disk.image.borrow().clone();
        Self::of(image, self.ffs.options.clone()).expect("a mount")
    }

    /// Runs a future while the disk works.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        task::drive(future, || self.device.collect())
    }
}

/// The image of a new file system.
pub(crate) fn new_image(layout: &newfs::Options) -> Memory {
    let mut image = Memory::default();
    newfs::newfs(&mut image, layout, FileSystemId(7), NOW).expect("a file system");
    image
}

fn names_log(image: &Memory) -> bool {
    SUPERBLOCK_OFFSETS.into_iter().any(|offset_bytes| {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        image.read_at(offset_bytes, &mut bytes);
        Superblock::parse(&bytes).is_some_and(|(_, superblock)| superblock.journal_version != 0)
    })
}

/// Numbers that look like chance, from a seed (xorshift64*).
pub(crate) struct Luck(pub(crate) u64);

impl Luck {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
