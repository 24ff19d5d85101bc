//! The vnodes in use.
//!
//! A vnode exists while somebody holds it: the table of its mount knows it only weakly and
//! forgets it with the last holder. So an idle service has none, and whoever works on a file at
//! the same moment shares its lock. Nothing about the file is kept here: that is for the file
//! system's own cache.

use crate::{FileHandle, FileSystem, Mount, WritableFileSystem};
use abi::{FileId, Result};
use alloc::rc::{Rc, Weak};
use core::cell::RefCell;
use core::fmt;
use hashbrown::HashMap;
use task::Lock;

/// Places that an empty table keeps; a table grown by a burst is given back.
const IDLE_PLACES_MAX: usize = 64;

/// One file in use: its identity, its mount and its lock. Cheap to clone.
#[derive(Clone)]
pub struct Vnode(Rc<InUse>);

struct InUse {
    mount: Rc<Mount>,
    file: FileId,
    /// Shared to look at the file, exclusive to change it.
    lock: Lock,
}

impl Vnode {
    /// The mount it belongs to.
    pub fn mount(&self) -> &Rc<Mount> {
        &self.0.mount
    }

    /// Which file.
    pub fn file(&self) -> FileId {
        self.0.file
    }

    /// The handle a client keeps.
    pub fn handle(&self) -> FileHandle {
        FileHandle { file_system: self.0.mount.id(), file: self.0.file }
    }

    pub(crate) fn lock(&self) -> &Lock {
        &self.0.lock
    }

    pub(crate) fn file_system(&self) -> &dyn FileSystem {
        self.0.mount.file_system()
    }

    pub(crate) fn writable(&self) -> Result<&dyn WritableFileSystem> {
        self.0.mount.writable()
    }
}

impl fmt::Debug for Vnode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Vnode").field(&self.handle()).finish()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.mount.vnodes.forget(self.file);
    }
}

/// Every vnode of one mount.
#[derive(Default)]
pub(crate) struct VnodeTable {
    in_use: RefCell<HashMap<FileId, Weak<InUse>>>,
}

impl VnodeTable {
    pub(crate) fn len(&self) -> usize {
        self.in_use.borrow().len()
    }

    /// The vnode of a file of `mount`, whose table this is.
    pub(crate) fn find(&self, mount: &Rc<Mount>, file: FileId) -> Vnode {
        let mut in_use = self.in_use.borrow_mut();
        let place = in_use.entry(file).or_default();
        if let Some(present) = place.upgrade() {
            return Vnode(present);
        }
        let fresh = Rc::new(InUse { mount: mount.clone(), file, lock: Lock::default() });
        *place = Rc::downgrade(&fresh);
        Vnode(fresh)
    }

    fn forget(&self, file: FileId) {
        let mut in_use = self.in_use.borrow_mut();
        in_use.remove(&file);
        if in_use.is_empty() && in_use.capacity() > IDLE_PLACES_MAX {
            *in_use = HashMap::new();
        }
    }
}
