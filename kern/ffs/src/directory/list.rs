//! Listing a directory.
//!
//! A cookie is the offset of the record behind the entry it came with. While names come and go
//! the record there may be merged into another one; resuming therefore reads from the start of
//! the cookie's chunk and shows what begins at the cookie or behind it. A directory that was cut
//! meanwhile may end before the cookie: then there is nothing more to show.
//!
//! What is damaged is passed over, and remembered to the end: a listing that left something out
//! ends with `Io` once all the rest was shown, so that nobody takes it for the whole.

use super::records::Record;
use super::scan::{Gaps, Scan};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::CHUNK_BYTES;
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
        if after > self.directory_bytes_max() || !after.is_multiple_of(4) {
            return Err(Errno::BadCookie);
        }
        let (mut gaps, mut has_shown) = (Gaps::default(), false);
        let show = |record: Record<'_>| {
            if record.offset >= after && record.entry.is_name() {
                visit(shown(record))?;
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
    /// one has not seen the others.
    async fn is_damaged(&self, node: &Node, size: u64) -> bool {
        if let Some(is_damaged) = node.findings.is_damaged.get() {
            return is_damaged;
        }
        let scan = self.scan(node, size, |_| ControlFlow::<()>::Continue(())).await;
        matches!(scan, Scan::End(gaps) if gaps.exist())
    }
}

fn shown(Record { offset, entry }: Record<'_>) -> Entry<'_> {
    Entry {
        inode: InodeNo(entry.inode.into()),
        file_type: entry.file_type(),
        name: entry.name,
        cookie: offset + entry.record_bytes as u64,
    }
}
