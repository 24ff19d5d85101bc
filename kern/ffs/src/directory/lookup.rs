//! Finding a name.

use super::scan::Scan;
use super::{NameIndex, SCAN_BYTES_MAX};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{CHUNK_BYTES, DirectoryEntry, NAME_BYTES_MAX};
use abi::{Errno, InodeNo, Result};
use alloc::rc::Rc;
use core::ops::ControlFlow;

impl Ffs {
    /// The inode that `name` leads to.
    ///
    /// # Errors
    /// `NotDirectory`, `NameTooLong`, `NoEntry`; `Io` if the directory or the inode is damaged.
    pub(crate) async fn find(&self, directory: &Node, name: &[u8]) -> Result<Rc<Node>> {
        let size = self.directory_bytes(directory).await?;
        if name.len() > NAME_BYTES_MAX {
            return Err(Errno::NameTooLong);
        }
        let index =
            if size > SCAN_BYTES_MAX { self.name_index(directory, size).await } else { None };
        let inode = match index {
            Some(index) => self.find_in_index(directory, &index, name).await?,
            None => self.find_by_scan(directory, size, name).await?,
        };
        self.child(directory, inode).await
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

    async fn find_by_scan(&self, directory: &Node, size: u64, name: &[u8]) -> Result<InodeNo> {
        let scan = self
            .scan(directory, size, |_, entry| {
                if entry.name == name {
                    ControlFlow::Break(entry.inode)
                } else {
                    ControlFlow::Continue(())
                }
            })
            .await;
        match scan {
            Scan::Found(inode) => Ok(InodeNo(inode.into())),
            Scan::End(gaps) => Err(absent(gaps.exist())),
        }
    }

    async fn find_in_index(
        &self,
        directory: &Node,
        index: &NameIndex,
        name: &[u8],
    ) -> Result<InodeNo> {
        for offset in index.candidates(name) {
            let start = offset - offset % CHUNK_BYTES as u64;
            let range = start..start + CHUNK_BYTES as u64;
            let chunk = self.read_within_block(directory, range).await?;
            let (at, shape) = ((offset - start) as usize, self.geometry.directory_shape());
            // Checked when the index was built, and nothing has changed since; a record that is
            // none any more is just not the one.
            let Ok(entry) = DirectoryEntry::parse(&chunk, at, shape) else { continue };
            if entry.is_name() && entry.name == name {
                return Ok(InodeNo(entry.inode.into()));
            }
        }
        Err(absent(index.is_damaged))
    }
}

/// Why a name was not found: it may have been in a damaged chunk.
fn absent(is_damaged: bool) -> Errno {
    if is_damaged { Errno::Io } else { Errno::NoEntry }
}
