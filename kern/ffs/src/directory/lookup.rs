//! Finding a name.

use super::records::{Bad, Records};
use super::{NameIndex, SCAN_BYTES_MAX, STRIDE_BYTES};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{CHUNK_BYTES, DirectoryEntry, NAME_BYTES_MAX};
use abi::{Errno, InodeNo, Result};
use alloc::rc::Rc;
use core::future::poll_fn;
use core::mem::replace;
use core::ops::ControlFlow;
use core::task::Poll;

/// What a reader of a whole directory came to.
pub(super) enum Scan<T> {
    Found(T),
    /// Nothing, and whether a damaged chunk might have held it.
    End {
        is_damaged: bool,
    },
}

impl Ffs {
    /// The inode that `name` leads to.
    ///
    /// # Errors
    /// `NotDirectory`, `NameTooLong`, `NoEntry`; `Io` if the directory or the inode is damaged.
    pub(crate) async fn find(&self, directory: &Node, name: &[u8]) -> Result<Rc<Node>> {
        let size = self.directory_bytes(directory)?;
        if name.len() > NAME_BYTES_MAX {
            return Err(Errno::NameTooLong);
        }
        let index =
            if size > SCAN_BYTES_MAX { self.name_index(directory, size).await? } else { None };
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
            .await?;
        match scan {
            Scan::Found(inode) => Ok(InodeNo(inode.into())),
            Scan::End { is_damaged } => Err(absent(is_damaged)),
        }
    }

    /// Shows every name to `each` with its offset. Of several damaged places one is reported.
    pub(super) async fn scan<T>(
        &self,
        directory: &Node,
        size: u64,
        mut each: impl FnMut(u64, DirectoryEntry<'_>) -> ControlFlow<T>,
    ) -> Result<Scan<T>> {
        let mut damage: Option<Bad> = None;
        for start in (0..size).step_by(STRIDE_BYTES as usize) {
            if start != 0 {
                let_others_run().await;
            }
            let mut base = start;
            let end = size.min(start + STRIDE_BYTES);
            for piece in self.read_range(directory, start..end).await? {
                for record in Records::new(&piece, base, &self.geometry) {
                    match record {
                        Ok(record) => {
                            if let ControlFlow::Break(found) = each(record.offset, record.entry) {
                                return Ok(Scan::Found(found));
                            }
                        }
                        Err(bad) => damage = damage.or(Some(bad)),
                    }
                }
                base += piece.len() as u64;
            }
        }
        if let Some(bad) = damage {
            self.bad_record(directory, bad);
        }
        Ok(Scan::End { is_damaged: damage.is_some() })
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

/// Ends this poll and asks for the next: a directory in memory can be read without ever waiting,
/// and a large one takes longer than one task may keep the others from running.
async fn let_others_run() {
    let mut has_run = false;
    poll_fn(|context| {
        if replace(&mut has_run, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Why a name was not found: it may have been in a damaged chunk.
fn absent(is_damaged: bool) -> Errno {
    if is_damaged { Errno::Io } else { Errno::NoEntry }
}
