//! The smallest file system: everything in memory, gone with the process.
//!
//! It is the first tenant of VFS, the model that other file systems are compared with, and what
//! `--memory` serves. It never waits, never does I/O, and knows no caller: permissions and locks
//! are VFS's.
//!
//! ```text
//! State ── Space        what everything together may take, counted to the byte
//!       └─ InodeTable   number + generation ──► Inode ── Contents    pages by index, holes absent
//!                                                     ├─ Directory   name ──► cookie ──► entry
//!                                                     └─ target, device number
//! ```
//! Every write is as safe as it will ever be when it returns, so none is called unstable: when
//! the memory is lost, so are the files, and their handles are stale, because generations begin
//! somewhere else in every instance. Reads leave no access times behind.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod changes;
mod contents;
mod directory;
mod inode;
mod inode_table;
mod looks;
mod names;
mod space;

use abi::{FileId, FileSystemId, Result, SetTime, Timestamp};
use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::RefCell;
use inode::Inode;
use inode_table::InodeTable;
use space::Space;
use vfs::{NewFile, NewKind, Wait};

/// Longest name in bytes.
const NAME_BYTES_MAX: u32 = 255;
/// Longest target of a symbolic link in bytes, one less than the PATH_MAX of most systems.
const TARGET_BYTES_MAX: u32 = 4095;
/// Most names of one file.
const LINKS_MAX: u32 = i32::MAX as u32;
/// Largest file in bytes: clients count with signed offsets.
const FILE_BYTES_MAX: u64 = i64::MAX as u64;

/// The owner and mode that the root directory begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootDirectory {
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Default for RootDirectory {
    fn default() -> Self {
        Self { mode: 0o755, uid: 0, gid: 0 }
    }
}

/// One file system in memory.
pub struct Memfs {
    id: FileSystemId,
    root: FileId,
    verifier: u64,
    state: RefCell<State>,
}

struct State {
    space: Space,
    inodes: InodeTable,
}

impl Memfs {
    /// An empty file system that never takes more than `size_bytes`, its root being the
    /// superuser's. `verifier` must differ each time the service starts; `time` is now.
    pub fn new(id: FileSystemId, size_bytes: u64, verifier: u64, time: Timestamp) -> Rc<Self> {
        Self::with_root(id, size_bytes, verifier, time, RootDirectory::default())
    }

    /// The same, with a root directory of somebody else.
    pub fn with_root(
        id: FileSystemId,
        size_bytes: u64,
        verifier: u64,
        time: Timestamp,
        root: RootDirectory,
    ) -> Rc<Self> {
        let mut inodes = InodeTable::new(verifier);
        let mut space = Space::new(size_bytes);
        let file = inodes.next();
        let inode = Inode::directory(file, &new_directory(root), time);
        space.force(inode.cost_bytes());
        let root = inodes.insert(inode);
        Rc::new(Self { id, root, verifier, state: RefCell::new(State { space, inodes }) })
    }

    fn look<'a, T: 'a>(&'a self, work: impl FnOnce(&State) -> Result<T> + 'a) -> Wait<'a, T> {
        Box::pin(async move { work(&self.state.borrow()) })
    }

    fn change<'a, T: 'a>(&'a self, work: impl FnOnce(&mut State) -> Result<T> + 'a) -> Wait<'a, T> {
        Box::pin(async move { work(&mut self.state.borrow_mut()) })
    }
}

fn new_directory(root: RootDirectory) -> NewFile<'static> {
    let RootDirectory { mode, uid, gid } = root;
    let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
    NewFile { kind: NewKind::Directory, mode, uid, gid, accessed, modified }
}
