//! A file system mounted for writing, and the operations that an input does to it.

use crate::disk::WritableDisk;
use crate::input::Input;
use abi::{Credentials, Errno, FileType, Result, SetAttributes, SetTime, Timestamp};
use block::Device;
use bytes::Bytes;
use ffs::Ffs;
use std::cell::Cell;
use std::fmt;
use std::ops::ControlFlow;
use std::rc::Rc;
use vfs::{
    Caller, FileSystem, Mount, Name, NewFile, NewKind, Stability, Tree, Vnode, WritableFileSystem,
};

/// How often one operation may wait.
const WAITS_MAX: u32 = 100_000;
/// How much of the disk one operation may read: it fits into the cache.
const READS_MAX: u64 = 3;
const OPERATIONS_MAX: u32 = 48;
const VNODES_MAX: usize = 24;
const DATA_BYTES: usize = 64 << 10;

/// What is written: nothing else on the disk looks like that.
pub(super) static DATA: [u8; DATA_BYTES] = [b'W'; DATA_BYTES];

pub(super) fn name(text: &str) -> Name<'_> {
    Name::new(text.as_bytes()).expect("a name")
}

pub(super) fn new_file(kind: NewKind<'_>) -> NewFile<'_> {
    let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
    NewFile { kind, mode: 0o755, uid: 1000, gid: 1000, accessed, modified }
}

pub(super) struct Session {
    ffs: Rc<Ffs>,
    mount: Rc<Mount>,
    tree: Tree,
    device: Rc<Device>,
    disk: Rc<WritableDisk>,
    seconds: Cell<i64>,
}

impl Session {
    /// `None` if it cannot be mounted.
    pub(super) fn new(disk: &Rc<WritableDisk>, device: Rc<Device>, log: bool) -> Option<Self> {
        let options = ffs::Options {
            writable: true,
            log,
            verifier: 1,
            cache_bytes: 8 << 20,
            inode_cache_entries: 16,
            directory_index_bytes: 64 << 10,
            dirty_bytes_max: 256 << 10,
            hash_key: [1, 2],
            ..ffs::Options::default()
        };
        // Said aloud, so that formatting is tried too.
        let damage = Rc::new(|line: fmt::Arguments<'_>| assert!(!line.to_string().is_empty()));
        let mounting = ffs::mount(device.clone(), options, damage);
        let ffs = wait(mounting, &device).ok()?;
        let tree = Tree::default();
        let mount = tree.mount(ffs.clone()).ok()?;
        let (disk, seconds) = (disk.clone(), Cell::new(1_700_000_000));
        Some(Self { ffs, mount, tree, device, disk, seconds })
    }

    pub(super) fn is_writable(&self) -> bool {
        self.ffs.writable().is_some()
    }

    pub(super) fn changes(&self) -> &dyn WritableFileSystem {
        self.ffs.writable().expect("asked before")
    }

    pub(super) fn root(&self) -> Vnode {
        self.tree.root(&self.mount)
    }

    /// The user `uid`, a second after the last one asked.
    pub(super) fn caller(&self, uid: u32) -> Caller {
        self.seconds.set(self.seconds.get() + 1);
        let time = Timestamp { seconds: self.seconds.get(), nanoseconds: 0 };
        Caller { credentials: Credentials::new(uid, uid), time }
    }

    /// Runs one operation, which must end.
    pub(super) fn wait<T>(&self, operation: impl Future<Output = T>) -> T {
        let before = self.disk.read_bytes();
        let value = wait(operation, &self.device);
        let read_bytes = self.disk.read_bytes() - before;
        let disk_bytes = self.device.geometry().size_bytes;
        assert!(read_bytes <= READS_MAX * disk_bytes, "{read_bytes} bytes read for one operation");
        value
    }

    pub(super) fn write(
        &self,
        file: &Vnode,
        offset: u64,
        bytes: usize,
        stability: Stability,
    ) -> Result<()> {
        let caller = self.caller(0);
        let data = Bytes::from_static(&DATA[..bytes.min(DATA_BYTES)]);
        self.wait(file.write(&caller, offset, data, stability)).result.map(drop)
    }

    /// Does what the rest of the input says.
    pub(super) fn work(&self, input: &mut Input<'_>) {
        let mut vnodes = vec![self.root()];
        for _ in 0..OPERATIONS_MAX {
            if input.is_empty() {
                break;
            }
            let found = self.step(&vnodes, input);
            vnodes.extend(found.filter(|_| vnodes.len() < VNODES_MAX));
        }
    }

    /// One operation. Gives the file that it found or made.
    fn step(&self, vnodes: &[Vnode], input: &mut Input<'_>) -> Option<Vnode> {
        let choice = input.u8();
        let caller = self.caller([0, 0, 1000, 5][usize::from(choice >> 6)]);
        let vnode = &vnodes[usize::from(input.u8()) % vnodes.len()];
        let file_type = self.wait(vnode.attributes()).ok()?.file_type;
        match (choice % 16, file_type == FileType::Directory) {
            (0..=2, true) => return self.found(vnode, &caller, input),
            (3..=6, true) => return self.made(vnode, &caller, input),
            (7 | 8, true) => {
                let text = self.entry(vnode, input)?;
                let is_gone = self.wait(vnode.remove(&caller, Name::new(&text).ok()?)).result;
                if is_gone == Err(Errno::IsDirectory) {
                    let _ = self.wait(vnode.remove_directory(&caller, Name::new(&text).ok()?));
                }
            }
            (9, true) => {
                let text = self.entry(vnode, input)?;
                let to = &vnodes[usize::from(input.u8()) % vnodes.len()];
                let to_name = new_name(input);
                let _ =
                    self.wait(vnode.rename(&caller, Name::new(&text).ok()?, to, name(&to_name)));
            }
            (0..=4, false) => {
                let stability = [Stability::Unstable, Stability::Data, Stability::File];
                let (offset, bytes) = (place(input), usize::from(input.u16()));
                let _ = self.write(vnode, offset, bytes, input.choose(&stability));
            }
            (5 | 6, false) => {
                let change =
                    SetAttributes { size_bytes: Some(place(input)), ..SetAttributes::default() };
                let _ = self.wait(vnode.set_attributes(&caller, &change, None));
            }
            (7 | 8, false) => {
                let _ = self.wait(vnode.read(&caller, place(input), 1 << 16));
                let _ = self.wait(vnode.read_link(&caller));
            }
            (9, false) => {
                let to = &vnodes[usize::from(input.u8()) % vnodes.len()];
                let _ = self.wait(vnode.link(&caller, to, name(&new_name(input))));
            }
            (10 | 11, _) => {
                let owner = u32::from(input.u8());
                let (uid, gid) = (Some(owner % 9), Some(owner / 9));
                let change = SetAttributes { uid, gid, ..SetAttributes::default() };
                let _ = self.wait(vnode.set_attributes(&self.caller(0), &change, None));
            }
            (12, _) => {
                let _ = self.wait(vnode.commit(&caller, place(input), 0));
            }
            (13, _) => {
                let _ = self.wait(self.changes().sync());
            }
            _ => {
                let usage = self.wait(self.ffs.usage()).expect("usage is in memory");
                assert!(usage.free_bytes <= usage.total_bytes, "{usage:?}");
            }
        }
        None
    }

    fn found(&self, directory: &Vnode, caller: &Caller, input: &mut Input<'_>) -> Option<Vnode> {
        let text = self.entry(directory, input)?;
        self.wait(directory.lookup(caller, Name::new(&text).ok()?)).result.ok()
    }

    fn made(&self, directory: &Vnode, caller: &Caller, input: &mut Input<'_>) -> Option<Vnode> {
        let text = new_name(input);
        let target = [b't'; 300];
        let kinds = [
            NewKind::Regular,
            NewKind::Regular,
            NewKind::Directory,
            NewKind::SymbolicLink(&target[..usize::from(input.u8()).max(1)]),
            NewKind::Fifo,
        ];
        let new = new_file(input.choose(&kinds));
        self.wait(directory.create(caller, name(&text), &new)).result.ok()
    }

    /// One of the names in a directory.
    fn entry(&self, directory: &Vnode, input: &mut Input<'_>) -> Option<Vec<u8>> {
        let mut left = input.u8() % 64;
        let mut found = None;
        let mut visit = |entry: vfs::Entry<'_>| {
            found = Some(entry.name.to_vec());
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let _ = self.wait(directory.read_directory(&self.caller(0), 0, &mut visit));
        found
    }
}

/// Runs a future, which must end.
fn wait<T>(future: impl Future<Output = T>, device: &Rc<Device>) -> T {
    let mut waits = 0;
    task::drive(future, || {
        device.collect();
        waits += 1;
        assert!(waits < WAITS_MAX, "it does not end");
    })
}

/// A name that may be there, short or long.
fn new_name(input: &mut Input<'_>) -> String {
    let choice = input.u8();
    let width = [1, 60, 250][usize::from(choice >> 6) % 3];
    format!("{:0width$}", choice % 32)
}

/// A place in a file: near its beginning, at the end of what a level of pointers reaches, or
/// anywhere.
fn place(input: &mut Input<'_>) -> u64 {
    let (choice, low) = (input.u8(), u64::from(input.u16()));
    match choice % 4 {
        0 => low,
        1 => low << 8,
        2 => (1_u64 << (choice >> 2)).wrapping_add(low % 5).wrapping_sub(2),
        _ => 12 * 4096 + (low << 12),
    }
}
