//! A new file system on a disk of memory, mounted for writing, and a way to run transactions.

use crate::layout::CylGroup;
use crate::transaction::{Step, Transaction};
use crate::{Ffs, Options, mount};
use abi::{Errno, FileSystemId, Result, Timestamp};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use block::{Device, PageNo};
use bytes::{Bytes, BytesMut};
use core::cell::{Cell, RefCell};
use core::fmt;
use ffscheck::newfs::{ByteOrder, Format, Memory, newfs};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};

pub use ffscheck::newfs::Options as Made;

/// What the disk was made with.
pub fn layouts() -> impl Iterator<Item = Made> {
    let formats = [Format::Ufs1, Format::Ufs2].into_iter();
    formats.flat_map(|format| {
        [ByteOrder::Little, ByteOrder::Big].map(|byte_order| Made {
            format,
            byte_order,
            reserved_percent: 0,
            ..Made::new(3 << 20)
        })
    })
}

struct MemoryDisk {
    image: RefCell<Vec<u8>>,
    completions: RefCell<VecDeque<DiskCompletion>>,
}

impl MemoryDisk {
    fn carry_out(&self, operation: DiskOperation) -> Result<Vec<BytesMut>> {
        let mut image = self.image.borrow_mut();
        match operation {
            DiskOperation::Read { offset_bytes, mut buffers } => {
                let mut at = offset_bytes as usize;
                for buffer in &mut buffers {
                    let source = image.get(at..at + buffer.len()).ok_or(Errno::Io)?;
                    buffer.copy_from_slice(source);
                    at += buffer.len();
                }
                Ok(buffers)
            }
            DiskOperation::Write { offset_bytes, data } => {
                let (at, bytes) = (offset_bytes as usize, data.concat());
                let target = image.get_mut(at..at + bytes.len()).ok_or(Errno::Io)?;
                target.copy_from_slice(&bytes);
                Ok(Vec::new())
            }
            DiskOperation::Flush => Ok(Vec::new()),
        }
    }
}

impl Disk for MemoryDisk {
    fn geometry(&self) -> Geometry {
        let size_bytes = self.image.borrow().len() as u64;
        Geometry { size_bytes, sector_bytes: 512, read_only: false }
    }

    fn submit(&self, request: DiskRequest) {
        let result = self.carry_out(request.operation);
        self.completions.borrow_mut().push_back(DiskCompletion { token: request.token, result });
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}

/// A mounted file system.
pub struct World {
    pub ffs: Rc<Ffs>,
    pub damage: Rc<RefCell<Vec<String>>>,
    device: Rc<Device>,
    now: Cell<i64>,
}

impl World {
    pub fn new(made: &Made) -> Self {
        Self::changed(made, |_| {})
    }

    /// The same, of an image that somebody has changed.
    pub fn changed(made: &Made, change: impl FnOnce(&mut [u8])) -> Self {
        let mut memory = Memory::default();
        let time = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
        newfs(&mut memory, made, FileSystemId(7), time).expect("a file system");
        let mut image = memory.to_vec();
        change(&mut image);
        Self::of(image)
    }

    fn of(image: Vec<u8>) -> Self {
        let disk = MemoryDisk { image: RefCell::new(image), completions: RefCell::default() };
        let device = Device::new(Rc::new(disk));
        let damage = Rc::new(RefCell::new(Vec::new()));
        let lines = damage.clone();
        let sink = move |line: fmt::Arguments<'_>| lines.borrow_mut().push(line.to_string());
        let options = Options { writable: true, hash_key: [3, 5], ..Options::default() };
        let mounting = mount(device.clone(), options, Rc::new(sink));
        let ffs = task::drive(mounting, || device.collect()).expect("a mount");
        Self { ffs, damage, device, now: Cell::new(1_700_000_000) }
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        task::drive(Box::pin(future), || self.device.collect())
    }

    /// Runs a transaction to its end.
    pub fn transact<T>(&self, work: impl FnMut(&mut Transaction<'_>) -> Step<T>) -> Result<T> {
        self.now.set(self.now.get() + 1);
        let time = Timestamp { seconds: self.now.get(), nanoseconds: 0 };
        self.wait(self.ffs.transact(time, work))
    }

    pub fn commit(&self) {
        self.wait(self.ffs.make_durable()).expect("a commit");
    }

    pub fn page(&self, page: PageNo) -> Bytes {
        self.wait(self.ffs.cache.read(page)).expect("a page")
    }

    pub fn groups(&self) -> impl Iterator<Item = CylGroup> {
        (0..self.ffs.geometry.groups).map(CylGroup)
    }

    pub fn free_frags(&self) -> i64 {
        let total = self.ffs.writer.as_ref().expect("writable").total();
        (total.free_blocks << self.ffs.geometry.frags_per_block_shift()) + total.free_frags
    }
}

/// Numbers that look like chance (SplitMix64).
pub struct Luck(pub u64);

impl Luck {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit.max(1) as u64) as usize
    }
}
