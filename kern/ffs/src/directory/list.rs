//! Listing a directory.
//!
//! A cookie is the offset of the record behind the entry it came with. While names come and go
//! the record there may be merged into another one; resuming therefore reads from the start of
//! the cookie's chunk and shows what begins at the cookie or behind it.

use super::records::{Record, Records};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::CHUNK_BYTES;
use abi::{Errno, InodeNo, Result};
use core::ops::{ControlFlow, Range};
use vfs::{Entry, Visit};

impl Ffs {
    /// Shows the entries behind the cookie `after`; says whether the end was reached.
    pub(crate) async fn list(
        &self,
        node: &Node,
        after: u64,
        visit: &mut Visit<'_>,
    ) -> Result<bool> {
        let size = self.directory_bytes(node)?;
        if after > size || !after.is_multiple_of(4) {
            return Err(Errno::BadCookie);
        }
        let mut at = after - after % CHUNK_BYTES as u64;
        while at < size {
            let end = self.stride_end(at, size);
            if self.list_stride(node, at..end, after, visit).await?.is_break() {
                return Ok(false);
            }
            at = end;
        }
        Ok(true)
    }

    /// One block at a time: most listings stop within a few.
    fn stride_end(&self, at: u64, size: u64) -> u64 {
        (at + 1).next_multiple_of(self.geometry.block_bytes().into()).min(size)
    }

    async fn list_stride(
        &self,
        node: &Node,
        range: Range<u64>,
        after: u64,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut base = range.start;
        for piece in self.read_in_sequence(node, range).await? {
            for record in Records::new(&piece, base, &self.geometry) {
                let record = record.map_err(|bad| self.bad_record(node, bad))?;
                if record.offset >= after && visit(shown(record)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            base += piece.len() as u64;
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn shown(record: Record<'_>) -> Entry<'_> {
    let Record { offset, entry } = record;
    Entry {
        inode: InodeNo(entry.inode.into()),
        file_type: entry.file_type(),
        name: entry.name,
        cookie: offset + entry.record_bytes as u64,
    }
}
