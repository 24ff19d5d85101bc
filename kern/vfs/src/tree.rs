//! The mounts of one service.

use crate::{FileHandle, FileSystem, Vnode, WritableFileSystem, vnode::VnodeTable};
use abi::{Errno, FileId, FileSystemId, Result};
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use task::Lock;

/// One file system in the tree.
pub struct Mount {
    id: FileSystemId,
    file_system: Rc<dyn FileSystem>,
    /// Held by whoever holds one directory while waiting for another.
    pub(crate) directories: Lock,
    pub(crate) vnodes: VnodeTable,
    /// Whether operations are durable when they end.
    settles: Cell<bool>,
}

impl Mount {
    fn new(file_system: Rc<dyn FileSystem>) -> Self {
        let id = file_system.id();
        let (directories, vnodes) = (Lock::default(), VnodeTable::default());
        Self { id, file_system, directories, vnodes, settles: Cell::new(true) }
    }

    /// The file system.
    pub fn file_system(&self) -> &dyn FileSystem {
        &*self.file_system
    }

    /// Whether nothing on it can be changed.
    pub fn is_read_only(&self) -> bool {
        self.file_system.writable().is_none()
    }

    /// The identity of its file system.
    pub fn id(&self) -> FileSystemId {
        self.id
    }

    /// How many of its files are in use at the moment.
    pub fn vnodes_in_use(&self) -> usize {
        self.vnodes.len()
    }

    /// From now on operations end once they are ordered. For a tool that is the only user, and
    /// makes everything durable at its end.
    pub fn settle_later(&self) {
        self.settles.set(false);
    }

    pub(crate) fn settles(&self) -> bool {
        self.settles.get()
    }

    pub(crate) fn writable(&self) -> Result<&dyn WritableFileSystem> {
        self.file_system.writable().ok_or(Errno::ReadOnly)
    }

    pub(crate) fn vnode(self: &Rc<Self>, file: FileId) -> Vnode {
        self.vnodes.find(self, file)
    }
}

/// All mounts of one service.
#[derive(Default)]
pub struct Tree {
    mounts: RefCell<BTreeMap<FileSystemId, Rc<Mount>>>,
}

impl Tree {
    /// Adds a file system.
    ///
    /// # Errors
    /// `Exists` if one with the same identity is mounted.
    pub fn mount(&self, file_system: Rc<dyn FileSystem>) -> Result<Rc<Mount>> {
        match self.mounts.borrow_mut().entry(file_system.id()) {
            Entry::Occupied(_) => Err(Errno::Exists),
            Entry::Vacant(place) => Ok(place.insert(Rc::new(Mount::new(file_system))).clone()),
        }
    }

    /// The mount of a file system.
    pub fn find(&self, id: FileSystemId) -> Option<Rc<Mount>> {
        self.mounts.borrow().get(&id).cloned()
    }

    /// The root directory of a mount.
    pub fn root(&self, mount: &Rc<Mount>) -> Vnode {
        mount.vnode(mount.file_system.root())
    }

    /// The vnode that a handle names. Does no I/O: whether the file still exists is found out
    /// by the first operation on it.
    ///
    /// # Errors
    /// `Stale` if its file system is not mounted here.
    pub fn vnode(&self, handle: &FileHandle) -> Result<Vnode> {
        let mounts = self.mounts.borrow();
        let mount = mounts.get(&handle.file_system).ok_or(Errno::Stale)?;
        Ok(mount.vnode(handle.file))
    }
}
