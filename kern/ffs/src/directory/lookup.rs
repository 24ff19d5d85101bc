//! Finding a name.
//!
//! Whoever looks holds the directory's lock, as VFS sees to: nothing changes meanwhile.

use super::records::Record;
use super::scan::Scan;
use super::{NameIndex, SCAN_BYTES_MAX};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{CHUNK_BYTES, DirectoryEntry, NAME_BYTES_MAX};
use abi::{Errno, InodeNo, Result};
use alloc::rc::Rc;
use core::ops::ControlFlow;

/// An entry of a directory, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What it leads to.
    pub(crate) inode: InodeNo,
    /// Where its record begins in the directory, in bytes.
    pub(crate) offset: u64,
}

impl Ffs {
    /// The inode that `name` leads to.
    ///
    /// # Errors
    /// As [`Ffs::entry_of`]; `Io` if the inode is damaged.
    pub(crate) async fn find(&self, directory: &Node, name: &[u8]) -> Result<Rc<Node>> {
        let found = self.entry_of(directory, name).await?;
        self.child(directory, found.inode).await
    }

    /// The entry of `name`.
    ///
    /// # Errors
    /// `NotDirectory`, `NameTooLong`, `NoEntry`; `Io` if the directory is damaged.
    pub(crate) async fn entry_of(&self, directory: &Node, name: &[u8]) -> Result<Found> {
        let size = self.directory_bytes(directory).await?;
        if name.len() > NAME_BYTES_MAX {
            return Err(Errno::NameTooLong);
        }
        match self.index_of(directory, size).await {
            Some(index) => self.find_in_index(directory, &index, name).await,
            None => self.find_by_scan(directory, size, name).await,
        }
    }

    /// The index of a directory that has, or should have, one.
    pub(super) async fn index_of(&self, directory: &Node, size: u64) -> Option<Rc<NameIndex>> {
        if size > SCAN_BYTES_MAX { self.name_index(directory, size).await } else { None }
    }

    /// Whether a directory has no names but `.` and `..`.
    ///
    /// # Errors
    /// `NotDirectory`; `Io` if it is damaged.
    pub(crate) async fn is_empty_directory(&self, directory: &Node) -> Result<bool> {
        let size = self.directory_bytes(directory).await?;
        let scan = self
            .scan(directory, size, |Record { entry, .. }| {
                let is_child = entry.is_name() && !matches!(entry.name, b"." | b"..");
                if is_child { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await;
        match scan {
            Scan::Found(()) => Ok(false),
            Scan::End(gaps) if gaps.exist() => Err(Errno::Io),
            Scan::End(_) => Ok(true),
        }
    }

    /// The inode behind an entry; a free one is damage.
    async fn child(&self, directory: &Node, number: InodeNo) -> Result<Rc<Node>> {
        match self.node(number).await {
            Err(Errno::Stale) => {
                let (from, to) = (directory.number.0, number.0);
                Err(self.damaged(format_args!("inode {from}: an entry leads to free inode {to}")))
            }
            result => result,
        }
    }

    async fn find_by_scan(&self, directory: &Node, size: u64, name: &[u8]) -> Result<Found> {
        let mut names = 0;
        let scan = self
            .scan(directory, size, |Record { offset, entry }| {
                names += u64::from(entry.is_name());
                if entry.is_name() && entry.name == name {
                    ControlFlow::Break(Found { inode: InodeNo(entry.inode.into()), offset })
                } else {
                    ControlFlow::Continue(())
                }
            })
            .await;
        match scan {
            Scan::Found(found) => Ok(found),
            Scan::End(gaps) => {
                self.reconsider_index(directory, names, size);
                Err(absent(gaps.exist()))
            }
        }
    }

    async fn find_in_index(
        &self,
        directory: &Node,
        index: &NameIndex,
        name: &[u8],
    ) -> Result<Found> {
        let hash = self.name_hash(name);
        for nth in 0.. {
            let Some(offset) = index.candidate(hash, nth) else { break };
            let start = offset - offset % CHUNK_BYTES as u64;
            let range = start..start + CHUNK_BYTES as u64;
            let chunk = self.read_within_block(directory, range).await?;
            let (at, shape) = ((offset - start) as usize, self.geometry.directory_shape());
            // It was sound when the index learnt of it; what is none any more is not the one.
            let Ok(entry) = DirectoryEntry::parse(&chunk, at, shape) else { continue };
            if entry.is_name() && entry.name == name {
                return Ok(Found { inode: InodeNo(entry.inode.into()), offset });
            }
        }
        Err(absent(index.is_damaged))
    }
}

/// Why a name was not found: it may have been in a damaged chunk.
fn absent(is_damaged: bool) -> Errno {
    if is_damaged { Errno::Io } else { Errno::NoEntry }
}
