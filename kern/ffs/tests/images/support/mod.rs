//! What the tests of this room share: disks of memory, a way to run a future, and images.

pub mod craft;
pub mod makefs;

use abi::{Errno, FileId, Result};
use bytes::BytesMut;
use ffs::{Ffs, MountError, Options};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::rc::Rc;
use vfs::{FileSystem, Name};

const PAGE_BYTES: usize = 4096;

/// A disk of memory, empty where nothing was written. A request completes when it is submitted
/// and is collected on the next turn.
pub struct MemoryDisk {
    size_bytes: u64,
    pages: RefCell<BTreeMap<u64, Box<[u8; PAGE_BYTES]>>>,
    completions: RefCell<VecDeque<DiskCompletion>>,
    /// Requests so far, and the bytes they read.
    pub reads: Cell<u64>,
    pub bytes_read: Cell<u64>,
}

impl MemoryDisk {
    pub fn new(size_bytes: u64) -> Rc<Self> {
        Rc::new(Self {
            size_bytes,
            pages: RefCell::default(),
            completions: RefCell::default(),
            reads: Cell::new(0),
            bytes_read: Cell::new(0),
        })
    }

    pub fn of(image: &[u8]) -> Rc<Self> {
        let disk = Self::new(image.len() as u64);
        for (index, page) in image.chunks(PAGE_BYTES).enumerate() {
            if page.iter().any(|&byte| byte != 0) {
                disk.write((index * PAGE_BYTES) as u64, page);
            }
        }
        disk
    }

    pub fn write(&self, offset_bytes: u64, bytes: &[u8]) {
        let mut pages = self.pages.borrow_mut();
        let mut done = 0;
        while done < bytes.len() {
            let at = offset_bytes + done as u64;
            let start = at as usize % PAGE_BYTES;
            let count = (PAGE_BYTES - start).min(bytes.len() - done);
            let page = pages.entry(at / PAGE_BYTES as u64);
            let page = page.or_insert_with(|| Box::new([0; PAGE_BYTES]));
            page[start..start + count].copy_from_slice(&bytes[done..done + count]);
            done += count;
        }
    }

    pub fn read(&self, offset_bytes: u64, bytes: &mut [u8]) {
        let pages = self.pages.borrow();
        let mut done = 0;
        while done < bytes.len() {
            let at = offset_bytes + done as u64;
            let start = at as usize % PAGE_BYTES;
            let count = (PAGE_BYTES - start).min(bytes.len() - done);
            let target = &mut bytes[done..done + count];
            match pages.get(&(at / PAGE_BYTES as u64)) {
                Some(page) => target.copy_from_slice(&page[start..start + count]),
                None => target.fill(0),
            }
            done += count;
        }
    }

    fn fill(&self, offset_bytes: u64, mut buffers: Vec<BytesMut>) -> Result<Vec<BytesMut>> {
        let mut at = offset_bytes;
        for buffer in &mut buffers {
            if at + buffer.len() as u64 > self.size_bytes {
                return Err(Errno::Io);
            }
            self.read(at, buffer);
            at += buffer.len() as u64;
        }
        self.bytes_read.set(self.bytes_read.get() + at - offset_bytes);
        Ok(buffers)
    }
}

impl Disk for MemoryDisk {
    fn geometry(&self) -> Geometry {
        Geometry { size_bytes: self.size_bytes, sector_bytes: 512, read_only: true }
    }

    fn submit(&self, request: DiskRequest) {
        self.reads.set(self.reads.get() + 1);
        let result = match request.operation {
            DiskOperation::Read { offset_bytes, buffers } => self.fill(offset_bytes, buffers),
            DiskOperation::Write { .. } | DiskOperation::Discard { .. } | DiskOperation::Flush => {
                Err(Errno::ReadOnly)
            }
        };
        self.completions.borrow_mut().push_back(DiskCompletion { token: request.token, result });
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}

/// A mounted image, and the damage it has told of.
pub struct Mounted {
    pub ffs: Rc<Ffs>,
    pub disk: Rc<MemoryDisk>,
    pub damage: Rc<RefCell<Vec<String>>>,
    device: Rc<block::Device>,
}

pub fn mount(disk: &Rc<MemoryDisk>) -> Result<Mounted, MountError> {
    mount_with(disk, Options::default())
}

pub fn mount_with(disk: &Rc<MemoryDisk>, options: Options) -> Result<Mounted, MountError> {
    let device = block::Device::new(disk.clone());
    let damage: Rc<RefCell<Vec<String>>> = Rc::default();
    let lines = damage.clone();
    let sink =
        Rc::new(move |line: std::fmt::Arguments<'_>| lines.borrow_mut().push(line.to_string()));
    let mounting = ffs::mount(device.clone(), options, sink);
    let ffs = task::drive(mounting, || device.collect())?;
    Ok(Mounted { ffs, disk: disk.clone(), damage, device })
}

/// One entry of a directory, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: Vec<u8>,
    pub inode: u64,
    pub file_type: Option<abi::FileType>,
    pub cookie: u64,
}

impl Mounted {
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        task::drive(future, || self.device.collect())
    }

    pub fn lookup(&self, directory: FileId, name: &[u8]) -> Result<FileId> {
        self.wait(self.ffs.lookup(directory, Name::new(name)?))
    }

    /// The file that a path of names leads to.
    pub fn path(&self, path: &str) -> Result<FileId> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(self.ffs.root(), |file, name| self.lookup(file, name.as_bytes()))
    }

    pub fn attributes(&self, file: FileId) -> Result<abi::Attributes> {
        self.wait(self.ffs.attributes(file))
    }

    pub fn read(&self, file: FileId, offset: u64, length: u32) -> Result<Vec<u8>> {
        let pieces = self.wait(self.ffs.read(file, offset, length))?;
        Ok(pieces.concat())
    }

    /// Entries from cookie `after` on, at most `count_max`, and whether that was all.
    pub fn list(&self, file: FileId, after: u64, count_max: usize) -> Result<(Vec<Listed>, bool)> {
        let mut seen = Vec::new();
        let mut visit = |entry: vfs::Entry<'_>| {
            if seen.len() == count_max {
                return ControlFlow::Break(());
            }
            seen.push(Listed {
                name: entry.name.to_vec(),
                inode: entry.inode.0,
                file_type: entry.file_type,
                cookie: entry.cookie,
            });
            ControlFlow::Continue(())
        };
        let end = self.wait(self.ffs.read_directory(file, after, &mut visit))?;
        Ok((seen, end))
    }
}

/// A small generator of luck from a seed (xorshift64*): the same in every run.
pub struct Luck(pub u64);

impl Luck {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
