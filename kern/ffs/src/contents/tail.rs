//! The last block of a file: made longer, moved, left behind.

use super::{Block, Use};
use crate::layout::{FragNo, Lbn};
use crate::transaction::{Halt, Step, Transaction};
use crate::writer::Extent;
use abi::{Errno, InodeNo};
use alloc::vec::Vec;
use block::PageNo;
use core::ops::Range;

/// Fragments whose contents stand elsewhere now, and whose they were.
pub(crate) type Replaced = Vec<(InodeNo, Extent)>;

impl Transaction<'_> {
    /// Gives a block more fragments: those behind it, or others in the place of all.
    pub(super) fn lengthen(
        &mut self,
        number: InodeNo,
        lbn: Lbn,
        block: Block,
        frags: u32,
        kind: Use,
    ) -> Step<Block> {
        let more = frags - block.frags;
        if !self.extend_frags(number, block.frag, block.frags, frags)? {
            let to = self.move_block(number, lbn, block, frags, kind)?;
            return Ok(Block { frag: to, frags, is_fresh: false });
        }
        let behind = FragNo(block.frag.0 + u64::from(block.frags));
        self.blank(number, lbn, behind, more, kind)?;
        self.add_frags(number, more)?;
        Ok(Block { frags, ..block })
    }

    /// Moves a direct block to more fragments than it has.
    fn move_block(
        &mut self,
        number: InodeNo,
        lbn: Lbn,
        block: Block,
        frags: u32,
        kind: Use,
    ) -> Step<FragNo> {
        let slot = self.slot_of(number, lbn)?;
        let contents = self.contents_of(block)?;
        let near = self.near_previous(number, lbn)?;
        let to = self.allocate_growing(number, near, frags)?;
        self.blank(number, lbn, to, frags, kind)?;
        let (page, start) = self.place(to);
        self.part_mut(page, start..start + contents.len(), kind)?.copy_from_slice(&contents);
        self.set_pointer(number, slot, to)?;
        self.add_frags(number, frags - block.frags)?;
        let was_metadata = kind == Use::Metadata;
        let old = Extent { at: block.frag, frags: block.frags, was_metadata };
        self.replaced.push((number, old));
        Ok(to)
    }

    fn contents_of(&self, block: Block) -> Step<Vec<u8>> {
        let (page, start) = self.place(block.frag);
        let end = start + ((block.frags as usize) << self.ffs.geometry.frag_shift);
        Ok(self.page(page)?.get(start..end).ok_or(Errno::Io)?.to_vec())
    }

    /// What a file does not count any more, and has not given back yet.
    pub(crate) fn replaced_sectors(&self, number: InodeNo) -> u64 {
        let of_file = self.replaced.iter().filter(|(owner, _)| *owner == number);
        of_file.map(|(_, extent)| self.sectors_of(extent.frags.into())).sum()
    }

    /// Gives back what was replaced: the last thing that a transaction does, because it takes
    /// away.
    pub(crate) fn free_replaced(&mut self) -> Step<()> {
        for (number, extent) in core::mem::take(&mut self.replaced) {
            self.shrink();
            self.free_frags(number, extent.at, extent.frags, extent.was_metadata)?;
        }
        Ok(())
    }

    /// Prepares a file for new bytes up to `end`, as far as its end so far is concerned: if they go
    /// beyond that, the last block becomes as long as it has to be, and what the file gets of it is
    /// zeros. The size follows, up to the end of that block.
    ///
    /// That holds for bytes that are about to be written, too: their new contents may reach the
    /// disk later than the size, and what a crash left there must not be seen meanwhile.
    pub(super) fn leave_tail(&mut self, number: InodeNo, end: u64, kind: Use) -> Step<()> {
        let inode = self.inode(number)?;
        let (size, shift) = (inode.size_bytes, self.ffs.geometry.block_shift);
        let lbn = Lbn(size >> shift);
        let start = lbn.0 << shift;
        let new_size = end.min((lbn.0 + 1) << shift);
        if size == start || new_size <= size {
            return Ok(());
        }
        if !self.pointer_of(number, &inode, lbn)?.is_hole() {
            let block = self.ready_block(number, lbn, (new_size - start) as u32, kind)?;
            let (page, base) = self.place(block.frag);
            let gap = base + (size - start) as usize..base + (new_size - start) as usize;
            self.clear_part(number, lbn, page, gap, kind)?;
        }
        let inode = self.inode(number)?;
        self.set_inode(number, crate::layout::Inode { size_bytes: new_size, ..inode })
    }

    /// Makes a part of a page zeros, if it is not: durably with this transaction.
    pub(super) fn clear_part(
        &mut self,
        number: InodeNo,
        lbn: Lbn,
        page: PageNo,
        part: Range<usize>,
        kind: Use,
    ) -> Step<()> {
        if part.is_empty() {
            return Ok(());
        }
        let view = self.page(page)?;
        let bytes = view.get(part.clone()).ok_or(Halt::Errno(Errno::Io))?;
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(());
        }
        self.part_mut(page, part, kind)?.fill(0);
        if let Use::Data { .. } = kind {
            self.note_dirty((number, lbn), page, false, true);
        }
        Ok(())
    }
}
