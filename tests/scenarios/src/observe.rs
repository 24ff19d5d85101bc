//! Everything that an image holds, found by walking through the mounted file system.

use crate::layouts::Limits;
use abi::{Attributes, Errno, FileId, FileType, InodeNo, Timestamp};
use block::Device;
use ffs::{Ffs, LimitChange, Options, QuotaKind};
use sim::{Image, Luck, Pace, PowerDisk, VirtualClock};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::rc::Rc;
use vfs::FileSystem;

/// Turns in which nothing can come from the disk, after which nothing will.
const IDLE_TURNS_MAX: u32 = 100_000;

/// Bytes read at a time.
const READ_BYTES: u32 = 1 << 20;

/// One file, as found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its attributes.
    pub attributes: Attributes,
    /// The names in it, without the dots.
    pub entries: BTreeMap<String, FileId>,
    /// What a regular file holds, or where a symbolic link points.
    pub bytes: Vec<u8>,
}

/// A whole tree, as found.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The root directory.
    pub root: FileId,
    /// Every file that a name leads to.
    pub files: BTreeMap<FileId, Found>,
}

/// A mounted file system, driven by hand.
pub struct Mounted {
    /// The disk below.
    pub disk: Rc<PowerDisk>,
    device: Rc<Device>,
    clock: VirtualClock,
    ffs: Rc<Ffs>,
}

impl Mounted {
    /// Mounts an image for writing, which replays its log.
    ///
    /// # Errors
    /// Why it cannot be mounted.
    pub fn new(image: Image) -> Result<Self, String> {
        let (disk, clock) = spin_up(image);
        Self::on(disk, clock)
    }

    /// Mounts what is on a disk that tells time by `clock`, as [`Mounted::new`] does.
    ///
    /// # Errors
    /// Why it cannot be mounted.
    pub fn on(disk: Rc<PowerDisk>, clock: VirtualClock) -> Result<Self, String> {
        let device = Device::new(disk.clone());
        let options = Options { cache_bytes: 4 << 20, writable: true, ..Options::default() };
        let damage = Rc::new(|_: fmt::Arguments<'_>| {});
        let mounting = ffs::mount(device.clone(), options, damage);
        let idle = Cell::default();
        let mounted = task::drive(mounting, || turn(&device, &clock, &disk, &idle));
        let ffs = mounted.map_err(|why| format!("cannot mount: {why}"))?;
        match ffs.writable() {
            Some(_) => Ok(Self { disk, device, clock, ffs }),
            None => Err(format!("mounted, and cannot write: {:?}", ffs.description().condition)),
        }
    }

    /// The file system.
    pub fn file_system(&self) -> Rc<dyn FileSystem> {
        self.ffs.clone()
    }

    /// What lets the disk do its part while something waits for it.
    pub fn waiting(&self) -> impl Fn() + use<> {
        let (device, clock, disk) = (self.device.clone(), self.clock.clone(), self.disk.clone());
        let idle = Cell::default();
        move || turn(&device, &clock, &disk, &idle)
    }

    /// Unmounts, and hands over what is on the disk then.
    ///
    /// # Errors
    /// What could not be written.
    pub fn unmount(self) -> Result<Image, String> {
        if let Some(changeable) = self.ffs.writable() {
            let closed = self.run(changeable.close());
            closed.map_err(|errno| format!("cannot unmount: {errno}"))?;
        }
        Ok(self.disk.present())
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        task::drive(work, self.waiting())
    }

    /// Limits what each user and each group may have who owns nothing yet.
    ///
    /// # Errors
    /// If it keeps no quotas.
    pub fn limit(&self, limits: Limits) -> Result<(), Errno> {
        let hard = |hard| LimitChange { hard: Some(hard), ..LimitChange::default() };
        let limits = [hard(limits.sectors), hard(limits.files)];
        [QuotaKind::User, QuotaKind::Group].into_iter().try_for_each(|kind| {
            self.run(self.ffs.set_limits(kind, None, limits, Timestamp::default()))
        })
    }

    /// The space and the inodes that nobody uses.
    ///
    /// # Errors
    /// If that cannot be told.
    pub fn free(&self) -> Result<[u64; 2], Errno> {
        let usage = self.run(self.ffs.usage())?;
        Ok([usage.free_bytes, usage.free_files])
    }

    /// Walks through all of it.
    ///
    /// # Errors
    /// What could not be read.
    pub fn walk(&self) -> Result<Tree, String> {
        let root = self.ffs.root();
        let mut tree = Tree { root, files: BTreeMap::new() };
        let mut open = vec![root];
        while let Some(file) = open.pop() {
            if tree.files.contains_key(&file) {
                continue;
            }
            let found =
                self.look(file).map_err(|errno| format!("inode {}: {errno}", file.inode.0))?;
            open.extend(found.entries.values());
            tree.files.insert(file, found);
        }
        Ok(tree)
    }

    fn look(&self, file: FileId) -> Result<Found, Errno> {
        let attributes = self.run(self.ffs.attributes(file))?;
        let mut found = Found { attributes, entries: BTreeMap::new(), bytes: Vec::new() };
        match attributes.file_type {
            FileType::Directory => found.entries = self.list(file)?,
            FileType::Regular => found.bytes = self.read(file, attributes.size_bytes)?,
            FileType::SymbolicLink => found.bytes = self.run(self.ffs.read_link(file))?.to_vec(),
            _ => {}
        }
        Ok(found)
    }

    fn list(&self, directory: FileId) -> Result<BTreeMap<String, FileId>, Errno> {
        let mut names: Vec<(String, InodeNo)> = Vec::new();
        let mut visit = |entry: vfs::Entry<'_>| {
            let name = String::from_utf8_lossy(entry.name).into_owned();
            names.push((name, entry.inode));
            ControlFlow::Continue(())
        };
        let complete = self.run(self.ffs.read_directory(directory, 0, &mut visit))?;
        if !complete {
            return Err(Errno::Io);
        }
        names.retain(|(name, _)| name != "." && name != "..");
        let identify = |(name, inode)| Ok((name, self.run(self.ffs.identify(inode))?));
        names.into_iter().map(identify).collect()
    }

    fn read(&self, file: FileId, size_bytes: u64) -> Result<Vec<u8>, Errno> {
        let mut bytes = Vec::with_capacity(size_bytes as usize);
        while (bytes.len() as u64) < size_bytes {
            let pieces = self.run(self.ffs.read(file, bytes.len() as u64, READ_BYTES))?;
            let before = bytes.len();
            pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
            if bytes.len() == before {
                return Err(Errno::Io);
            }
        }
        Ok(bytes)
    }
}

/// A disk that takes no time, with this image on it, and its clock.
pub fn spin_up(image: Image) -> (Rc<PowerDisk>, VirtualClock) {
    let clock = VirtualClock::default();
    let disk = PowerDisk::new(image, clock.clone(), Luck::new(0), Pace::Immediate);
    (Rc::new(disk), clock)
}

/// The disk's part, while something waits for it. What only gives way to others has nothing to
/// wait for, and goes on by itself; `idle` counts how often in a row.
fn turn(device: &Device, clock: &VirtualClock, disk: &PowerDisk, idle: &Cell<u32>) {
    match disk.next_due() {
        Some(due) => {
            idle.set(0);
            clock.reach(due);
        }
        None => idle.set(idle.get() + 1),
    }
    assert!(idle.get() < IDLE_TURNS_MAX, "what waits for nothing waits for ever");
    device.collect();
}
