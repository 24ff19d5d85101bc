//! Names in the order they came.
//!
//! ```text
//! cookie:  1 ".", 2 "..", 3, 4, …   one for every name that was ever here, never used again
//! ```
//! A cookie says how far a reader came, whatever has come or gone since. A rename over a name
//! that is there leaves it in its place; every other new name goes to the end.

use abi::{Errno, FileId, FileType, Result};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::ops::Bound;
use vfs::{Name, Visit};

const DOT: u64 = 1;
const DOT_DOT: u64 = 2;

/// What an entry is counted for beside its name: its places in two trees.
const ENTRY_BYTES: u64 = 160;

pub(crate) struct Directory {
    pub(crate) parent: FileId,
    by_name: BTreeMap<Rc<[u8]>, u64>,
    entries: BTreeMap<u64, Entry>,
    next_cookie: u64,
    used_bytes: u64,
}

struct Entry {
    name: Rc<[u8]>,
    file: FileId,
    file_type: FileType,
}

/// What a name is counted for.
pub(crate) fn entry_cost_bytes(name: Name<'_>) -> u64 {
    ENTRY_BYTES + name.bytes().len() as u64
}

impl Directory {
    pub(crate) fn new(parent: FileId) -> Self {
        let (by_name, entries) = (BTreeMap::new(), BTreeMap::new());
        Self { parent, by_name, entries, next_cookie: DOT_DOT + 1, used_bytes: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) const fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    pub(crate) fn find(&self, name: Name<'_>) -> Option<FileId> {
        let cookie = self.by_name.get(name.bytes())?;
        Some(self.entries.get(cookie)?.file)
    }

    /// Adds a name that is free.
    pub(crate) fn add(&mut self, name: Name<'_>, file: FileId, file_type: FileType) {
        let (name_shared, cookie) = (Rc::from(name.bytes()), self.next_cookie);
        self.next_cookie += 1;
        self.used_bytes += entry_cost_bytes(name);
        self.by_name.insert(Rc::clone(&name_shared), cookie);
        self.entries.insert(cookie, Entry { name: name_shared, file, file_type });
    }

    /// Lets a name lead to another file.
    pub(crate) fn replace(&mut self, name: Name<'_>, file: FileId, file_type: FileType) {
        let cookie = self.by_name.get(name.bytes());
        if let Some(entry) = cookie.and_then(|cookie| self.entries.get_mut(cookie)) {
            (entry.file, entry.file_type) = (file, file_type);
        }
    }

    pub(crate) fn remove(&mut self, name: Name<'_>) {
        if let Some(cookie) = self.by_name.remove(name.bytes()) {
            self.entries.remove(&cookie);
            self.used_bytes -= entry_cost_bytes(name);
        }
    }

    /// See [`vfs::FileSystem::read_directory`]; `own` is this directory.
    pub(crate) fn show(&self, own: FileId, after: u64, visit: &mut Visit<'_>) -> Result<bool> {
        if after >= self.next_cookie {
            return Err(Errno::BadCookie);
        }
        let dots = [(DOT, &b"."[..], own), (DOT_DOT, b"..", self.parent)];
        for (cookie, name, file) in dots.into_iter().filter(|&(cookie, ..)| cookie > after) {
            if visit(shown(cookie, name, file, FileType::Directory)).is_break() {
                return Ok(false);
            }
        }
        let mut rest = self.entries.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(rest.all(|(&cookie, entry)| {
            visit(shown(cookie, &entry.name, entry.file, entry.file_type)).is_continue()
        }))
    }
}

fn shown(cookie: u64, name: &[u8], file: FileId, file_type: FileType) -> vfs::Entry<'_> {
    vfs::Entry { inode: file.inode, file_type: Some(file_type), name, cookie }
}
