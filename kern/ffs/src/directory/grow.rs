//! Chunks of a directory: where they are, one more at its end, and those without names there cut
//! off.

use super::IndexChange;
use crate::contents::Use;
use crate::layout::{CHUNK_BYTES, FragNo, Lbn};
use crate::transaction::{Halt, Step, Transaction};
use abi::{Errno, InodeNo};
use block::{PageNo, Sectors};
use core::ops::Range;

const CHUNK: u64 = CHUNK_BYTES as u64;

/// Most blocks that one transaction looks at to cut them off.
const CUT_BLOCKS_MAX: u64 = 16;

/// Where a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// Where it begins in the directory, in bytes.
    pub(super) offset: u64,
    pub(super) page: PageNo,
    /// Where it begins in the page, in bytes.
    start: usize,
}

impl At {
    /// Its bytes of the page.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + CHUNK_BYTES
    }

    /// Its number in the directory.
    pub(super) fn chunk(&self) -> u32 {
        (self.offset / CHUNK) as u32
    }
}

impl Transaction<'_> {
    /// The chunk that holds byte `offset` of a directory.
    pub(super) fn chunk_at(&self, directory: InodeNo, offset: u64) -> Step<At> {
        let inode = self.inode(directory)?;
        let offset = offset - offset % CHUNK;
        let lbn = Lbn(offset >> self.ffs.geometry.block_shift);
        let frag = self.pointer_of(directory, &inode, lbn)?;
        if offset >= inode.size_bytes || frag.is_hole() {
            return Err(self.no_chunk(directory, offset));
        }
        self.chunk_in(directory, offset, frag)
    }

    /// A directory's new last chunk, with one free record.
    ///
    /// # Errors
    /// `NoSpace`, also if a directory cannot be longer; `QuotaExceeded`.
    pub(super) fn new_chunk(&mut self, directory: InodeNo) -> Step<At> {
        let offset = self.inode(directory)?.size_bytes.next_multiple_of(CHUNK);
        if offset + CHUNK > self.ffs.directory_bytes_max() {
            return Err(Errno::NoSpace.into());
        }
        let geometry = &self.ffs.geometry;
        let lbn = Lbn(offset >> geometry.block_shift);
        let end_bytes = (offset + CHUNK - (lbn.0 << geometry.block_shift)) as u32;
        let block = self.ready_block(directory, lbn, end_bytes, Use::Metadata)?;
        let at = self.chunk_in(directory, offset, block.frag)?;
        self.start_chunk(at)?;
        // Sound on the disk before the directory's size includes it.
        self.note_new(at.page, Sectors::of(at.range()));
        let mut inode = self.inode(directory)?;
        inode.size_bytes = offset + CHUNK;
        self.set_inode(directory, inode)?;
        Ok(at)
    }

    /// Cuts off what is free of names at a directory's end, if that is a block or more, after the
    /// names in chunk `changed` have become fewer. The index tells where to look; what is not in
    /// memory is left for another time.
    pub(super) fn cut_free_tail(&mut self, directory: InodeNo, changed: At) -> Step<()> {
        let size = self.inode(directory)?.size_bytes;
        let block_bytes = u64::from(self.ffs.geometry.block_bytes());
        let tail_bytes = self.free_tail(directory, changed) as u64 * CHUNK;
        if tail_bytes < block_bytes || !size.is_multiple_of(CHUNK) {
            return Ok(());
        }
        // The first chunk has `.` and `..`.
        let end = size.saturating_sub(tail_bytes).max(CHUNK);
        let end = self.names_end(directory, end..size);
        if size - end < block_bytes {
            return Ok(());
        }
        self.cut(directory, end)?;
        let chunks = (self.inode(directory)?.size_bytes / CHUNK) as u32;
        self.change_index(directory, IndexChange::Cut { chunks });
        Ok(())
    }

    /// How many chunks at the end have no names, as the index knows.
    fn free_tail(&self, directory: InodeNo, changed: At) -> usize {
        let Some(index) = self.ffs.known_index(directory) else { return 0 };
        let limit = (CUT_BLOCKS_MAX << self.ffs.geometry.block_shift) / CHUNK;
        match self.is_free_chunk(changed) {
            Ok(true) => index.free_tail(Some(changed.chunk()), limit as usize),
            _ => index.free_tail(None, limit as usize),
        }
    }

    /// The end of the last chunk in a range that has names, or cannot be looked at now; the start
    /// of the range if there is none.
    fn names_end(&self, directory: InodeNo, range: Range<u64>) -> u64 {
        let is_free = |offset| {
            let at = self.chunk_at(directory, offset);
            at.and_then(|at| self.is_free_chunk(at)) == Ok(true)
        };
        let mut end = range.end;
        while end > range.start && is_free(end - CHUNK) {
            end -= CHUNK;
        }
        end
    }

    fn chunk_in(&self, directory: InodeNo, offset: u64, frag: FragNo) -> Step<At> {
        let block_bytes = self.ffs.geometry.block_bytes() as usize;
        let (page, base) = self.place(frag);
        let start = base + (offset as usize & (block_bytes - 1));
        if start + CHUNK_BYTES > block_bytes {
            return Err(self.no_chunk(directory, offset));
        }
        Ok(At { offset, page, start })
    }

    fn no_chunk(&self, directory: InodeNo, offset: u64) -> Halt {
        let inode = directory.0;
        self.ffs.damaged(format_args!("inode {inode}: directory without byte {offset}")).into()
    }
}
