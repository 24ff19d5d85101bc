//! The operations that change files and names: each looks for what it needs under its caller's
//! vnode locks, and then is one transaction.
//!
//! | file | operations |
//! |---|---|
//! | `create` | create |
//! | `names` | link, remove, remove_directory |
//! | `rename` | rename |
//! | `attributes` | set_attributes |
//!
//! Whoever takes away the last name of a file takes the file apart when it settles (see `reclaim`):
//! that may be many transactions, and the file is in the log's list of inodes meanwhile.

mod attributes;
mod create;
mod names;
mod rename;

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::Inode;
use crate::transaction::{Step, Transaction};
use abi::{Errno, FileId, FileType, InodeNo, Result, SetTime, Timestamp};
use alloc::rc::Rc;
use vfs::Name;

/// Most names of a file: the count is a signed 16-bit number on disk.
pub(crate) const LINKS_MAX: u16 = i16::MAX as u16;

impl Ffs {
    /// The node of a directory.
    async fn directory(&self, directory: FileId) -> Result<Rc<Node>> {
        let node = self.file(directory).await?;
        let is_directory = node.file_type == FileType::Directory;
        is_directory.then_some(node).ok_or(Errno::NotDirectory)
    }

    /// Makes sure that a name is free.
    async fn expect_free(&self, directory: &Node, name: Name<'_>) -> Result<()> {
        match self.find(directory, name.bytes()).await {
            Err(Errno::NoEntry) => Ok(()),
            Ok(_) => Err(Errno::Exists),
            Err(errno) => Err(errno),
        }
    }
}

impl Transaction<'_> {
    /// Takes note that something of an inode changed, after `change` has changed it.
    fn touch(&mut self, number: InodeNo, change: impl FnOnce(&mut Inode)) -> Step<()> {
        let mut inode = self.inode(number)?;
        change(&mut inode);
        inode.changed = self.time.after(inode.changed);
        self.set_inode(number, inode)
    }

    /// The same for a directory whose entries have changed, with so many subdirectories more.
    fn touch_entries(&mut self, number: InodeNo, more_links: i16) -> Step<()> {
        let mut inode = self.inode(number)?;
        inode.links = inode.links.saturating_add_signed(more_links);
        inode.changed = self.time.after(inode.changed);
        inode.modified = inode.changed;
        self.set_inode(number, inode)
    }

    /// Another directory may be linked from this one.
    fn expect_room_for_link(&self, number: InodeNo) -> Step<()> {
        if self.inode(number)?.links < LINKS_MAX { Ok(()) } else { Err(Errno::TooManyLinks.into()) }
    }

    /// A file has a name less; without any it is to be taken apart.
    fn unlink(&mut self, number: InodeNo) -> Step<()> {
        let inode = self.inode(number)?;
        let is_directory = inode.file_type() == Some(FileType::Directory);
        let links = if is_directory { 0 } else { inode.links.saturating_sub(1) };
        self.touch(number, |inode| inode.links = links)?;
        if links == 0 {
            self.note_unlinked(number, inode);
        }
        Ok(())
    }
}

/// The time that a stamp is set to; `None` if it stays.
fn time_set(set: SetTime, now: Timestamp) -> Option<Timestamp> {
    match set {
        SetTime::Keep => None,
        SetTime::Now => Some(now),
        SetTime::To(time) => Some(time),
    }
}
