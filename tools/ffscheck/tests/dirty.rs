//! New file systems on places that are full of something else: what was there before is never
//! taken for a part of them.

use abi::{FileSystemId, SetTime, Timestamp};
use block::Device;
use bytes::BytesMut;
use ffs::layout::{ByteOrder, Format};
use ffscheck::Image;
use ffscheck::fsck::{self, Outcome};
use ffscheck::newfs::{Destination, Ground, Memory, Options, Quotas, newfs};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::rc::Rc;
use vfs::{FileSystem, Name, NewFile, NewKind, WritableFileSystem};

const ID: FileSystemId = FileSystemId(0x0123_4567_89ab_cdef);
const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 5 };
const SIZE_BYTES: u64 = 24 << 20;

/// A device that cannot be cleared.
struct Used(Memory);

impl Used {
    /// Full of ones: pointers, counts and inodes of no sense.
    fn new() -> Self {
        let mut memory = Memory::default();
        memory.clear(SIZE_BYTES).expect("memory");
        let piece = vec![0xff; 1 << 20];
        for at in (0..SIZE_BYTES).step_by(piece.len()) {
            memory.write_at(at, &piece).expect("memory");
        }
        Self(memory)
    }

    fn make(&mut self, options: &Options) {
        let made = newfs(self, options, ID, TIME).expect("a file system");
        assert_eq!(made.ground, Ground::Unknown);
    }

    #[track_caller]
    fn expect_clean(&self, options: &Options) {
        let mut image = self.0.clone();
        let options_of_check = fsck::Options { repair: false };
        let report = fsck::check(&mut image, &options_of_check, &mut |_| {}).expect("a check");
        let found: Vec<_> = report.findings.iter().map(|finding| &finding.what).collect();
        assert_eq!((report.outcome, report.format), (Outcome::Clean, options.format), "{found:#?}");
    }
}

impl Image for Used {
    fn size_bytes(&self) -> io::Result<u64> {
        Image::size_bytes(&self.0)
    }

    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()> {
        Image::read_at(&self.0, offset_bytes, bytes)
    }

    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset_bytes, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Destination for Used {
    fn clear(&mut self, _: u64) -> io::Result<Ground> {
        Ok(Ground::Unknown)
    }
}

/// A disk with that on it.
struct UsedDisk {
    image: RefCell<Memory>,
    completions: RefCell<VecDeque<DiskCompletion>>,
}

impl UsedDisk {
    fn carry_out(&self, operation: DiskOperation) -> abi::Result<Vec<BytesMut>> {
        let (mut image, failed) = (self.image.borrow_mut(), |_| abi::Errno::Io);
        match operation {
            DiskOperation::Read { mut offset_bytes, mut buffers } => {
                for buffer in &mut buffers {
                    image.read_at(offset_bytes, buffer);
                    offset_bytes += buffer.len() as u64;
                }
                Ok(buffers)
            }
            DiskOperation::Write { mut offset_bytes, data } => {
                for piece in data {
                    image.write_at(offset_bytes, &piece).map_err(failed)?;
                    offset_bytes += piece.len() as u64;
                }
                Ok(Vec::new())
            }
            DiskOperation::Flush => Ok(Vec::new()),
            DiskOperation::Discard { .. } => Err(abi::Errno::NotSupported),
        }
    }
}

impl Disk for UsedDisk {
    fn geometry(&self) -> Geometry {
        Geometry { size_bytes: SIZE_BYTES, sector_bytes: 512, read_only: false }
    }

    fn submit(&self, request: DiskRequest) {
        let result = self.carry_out(request.operation);
        let completion = DiskCompletion { token: request.token, result };
        self.completions.borrow_mut().push_back(completion);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.borrow_mut().pop_front()
    }
}

fn layouts() -> Vec<Options> {
    let mut layouts = Vec::new();
    for format in [Format::Ufs1, Format::Ufs2] {
        for (byte_order, log_bytes) in [(ByteOrder::Little, None), (ByteOrder::Big, Some(0))] {
            let quotas = Quotas { user: true, group: log_bytes.is_none() };
            let options = Options::new(SIZE_BYTES);
            layouts.push(Options { format, byte_order, log_bytes, quotas, ..options });
        }
    }
    layouts
}

/// As many files as need inodes that newfs did not write, in directories of their own.
fn fill(used: Used) -> Used {
    let completions = RefCell::default();
    let disk = Rc::new(UsedDisk { image: RefCell::new(used.0), completions });
    let device = Device::new(disk.clone());
    let damage = Rc::new(|line: fmt::Arguments<'_>| panic!("damage: {line}"));
    let options = ffs::Options { writable: true, ..ffs::Options::default() };
    let mounting = ffs::mount(device.clone(), options, damage);
    let ffs = task::drive(mounting, || device.collect()).expect("a mount");
    for number in 0..400 {
        let kind = if number % 9 == 0 { NewKind::Directory } else { NewKind::Regular };
        let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
        let new = NewFile { kind, mode: 0o755, uid: number, gid: 7, accessed, modified };
        let name = format!("{number}");
        let name = Name::new(name.as_bytes()).expect("a name");
        let creating = WritableFileSystem::create(&*ffs, ffs.root(), name, &new, TIME);
        task::drive(creating, || device.collect()).expect("a file");
    }
    task::drive(WritableFileSystem::close(&*ffs), || device.collect()).expect("closed");
    drop((ffs, device));
    let disk = Rc::into_inner(disk).expect("nobody else has it");
    Used(disk.image.into_inner())
}

#[test]
fn ones_everywhere() {
    for options in layouts() {
        let mut used = Used::new();
        used.make(&options);
        used.expect_clean(&options);
        fill(used).expect_clean(&options);
    }
}

/// Each over all others, with their files: no old superblock is found, no old inode is used.
#[test]
fn one_over_the_other() {
    let mut used = Used::new();
    for options in layouts().into_iter().chain(layouts().into_iter().rev()) {
        used.make(&options);
        used.expect_clean(&options);
        used = fill(used);
        used.expect_clean(&options);
    }
}
