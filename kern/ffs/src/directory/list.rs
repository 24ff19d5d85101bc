//! Listing a directory.
//!
//! A cookie is the offset of the record behind the entry it came with. While names come and go
//! the record there may be merged into another one; resuming therefore reads from the start of
//! the cookie's chunk and shows what begins at the cookie or behind it.
//!
//! What is damaged is passed over, and remembered to the end: a listing that left something out
//! ends with `Io` once all the rest was shown, so that nobody takes it for the whole.

use super::scan::{Gaps, Scan};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{CHUNK_BYTES, DirectoryEntry};
use abi::{Errno, InodeNo, Result};
use core::ops::ControlFlow;
use vfs::{Entry, Visit};

impl Ffs {
    /// Shows the entries behind the cookie `after`; says whether the end was reached.
    ///
    /// # Errors
    /// `Io` if there are none, and some of the directory could not be read.
    pub(crate) async fn list(
        &self,
        node: &Node,
        after: u64,
        visit: &mut Visit<'_>,
    ) -> Result<bool> {
        let size = self.directory_bytes(node).await?;
        if after > size || !after.is_multiple_of(4) {
            return Err(Errno::BadCookie);
        }
        let (mut gaps, mut has_shown) = (Gaps::default(), false);
        let show = |offset, entry: DirectoryEntry<'_>| {
            if offset >= after {
                visit(shown(offset, entry))?;
                has_shown = true;
            }
            ControlFlow::Continue(())
        };
        let start = after - after % CHUNK_BYTES as u64;
        if self.walk(node, start..size, &mut gaps, show).await.is_break() {
            return Ok(false);
        }
        match gaps.exist() || (start != 0 && self.is_damaged(node, size).await) {
            false => Ok(true),
            // Entries are lost with a call that fails: the next one will say it.
            true if has_shown => Ok(false),
            true => Err(Errno::Io),
        }
    }

    /// Whether anything of a directory cannot be read: for a listing in several parts, whose last
    /// one has not seen the others. Nothing is written, so it is found out once.
    async fn is_damaged(&self, node: &Node, size: u64) -> bool {
        if let Some(is_damaged) = node.is_damaged.get() {
            return is_damaged;
        }
        let scan = self.scan(node, size, |_, _| ControlFlow::<()>::Continue(())).await;
        matches!(scan, Scan::End(gaps) if gaps.exist())
    }
}

fn shown(offset: u64, entry: DirectoryEntry<'_>) -> Entry<'_> {
    Entry {
        inode: InodeNo(entry.inode.into()),
        file_type: entry.file_type(),
        name: entry.name,
        cookie: offset + entry.record_bytes as u64,
    }
}
