//! Mounts, and the vnodes in use.

use crate::{FileHandle, FileSystem};
use abi::{FileId, FileSystemId, Result};
use alloc::rc::Rc;

/// One file system in the tree.
pub struct Mount {
    pub(crate) file_system: Rc<dyn FileSystem>,
}

impl Mount {
    /// The file system.
    pub fn file_system(&self) -> &dyn FileSystem {
        &*self.file_system
    }

    /// Whether nothing on it can be changed.
    pub fn is_read_only(&self) -> bool {
        self.file_system.writable().is_none()
    }
}

/// One file in use: its identity, its mount and its lock.
#[derive(Clone)]
pub struct Vnode {
    pub(crate) mount: Rc<Mount>,
    pub(crate) file: FileId,
}

impl Vnode {
    /// The mount it belongs to.
    pub fn mount(&self) -> &Rc<Mount> {
        &self.mount
    }

    /// Which file.
    pub fn file(&self) -> FileId {
        self.file
    }
}

/// All mounts of one service.
#[derive(Default)]
pub struct Tree {}

impl Tree {
    /// Adds a file system.
    ///
    /// # Errors
    /// `Exists` if one with the same identity is mounted.
    pub fn mount(&self, file_system: Rc<dyn FileSystem>) -> Result<Rc<Mount>> {
        todo!("{}", file_system.id().0)
    }

    /// The mount of a file system.
    pub fn find(&self, id: FileSystemId) -> Option<Rc<Mount>> {
        todo!("{}", id.0)
    }

    /// The root directory of a mount.
    pub fn root(&self, mount: &Rc<Mount>) -> Vnode {
        todo!("{}", mount.file_system.id().0)
    }

    /// The vnode that a handle names. Does no I/O: whether the file still exists is found out
    /// by the first operation on it.
    ///
    /// # Errors
    /// `Stale` if its file system is not mounted here.
    pub fn vnode(&self, handle: &FileHandle) -> Result<Vnode> {
        todo!("{}", handle.file.inode.0)
    }
}
