//! Making a block of a file ready to be written to.

use super::{Block, Use};
use crate::allocate::Near;
use crate::layout::{DIRECT_POINTERS, FragNo, Inode, Lbn};
use crate::transaction::{Halt, Step, Transaction};
use abi::InodeNo;
use block::PageNo;
use core::ops::Range;

impl Transaction<'_> {
    /// Block `lbn` of a file, allocated, extended or moved so that it has at least `end_bytes`
    /// bytes. What is new of it is zeros, and dirty.
    ///
    /// The pointers and the count of sectors of the inode change, its size does not: the caller
    /// makes it agree before the transaction ends, and asks once for a block that is beyond the
    /// size so far. `end_bytes` is that of a full block unless this will be the last block.
    ///
    /// # Errors
    /// `NoSpace`, `QuotaExceeded`, `FileTooBig`; `Io` if a pointer is damaged.
    pub(crate) fn ready_block(
        &mut self,
        number: InodeNo,
        lbn: Lbn,
        end_bytes: u32,
        kind: Use,
    ) -> Step<Block> {
        let inode = self.inode(number)?;
        let frag = self.pointer_of(number, &inode, lbn)?;
        let wanted = self.frags_for(lbn, end_bytes);
        if frag.is_hole() {
            return self.new_block(number, lbn, wanted, kind);
        }
        self.expect_within(number, &inode, lbn)?;
        let frags = self.ffs.block_frags(inode.size_bytes, lbn);
        let block = Block { frag, frags, is_fresh: false };
        if frags >= wanted { Ok(block) } else { self.lengthen(number, lbn, block, wanted, kind) }
    }

    /// The same for a full block, all of which is written to in this transaction: no zeros are put
    /// into one that is new, nor is it noted as dirty.
    pub(super) fn ready_whole(&mut self, number: InodeNo, lbn: Lbn, kind: Use) -> Step<Block> {
        let inode = self.inode(number)?;
        if self.pointer_of(number, &inode, lbn)?.is_hole() {
            return self.new_fragments(number, lbn, self.ffs.geometry.frags_per_block());
        }
        self.ready_block(number, lbn, self.ffs.geometry.block_bytes(), kind)
    }

    /// How many fragments block `lbn` needs for so many bytes.
    fn frags_for(&self, lbn: Lbn, end_bytes: u32) -> u32 {
        let geometry = &self.ffs.geometry;
        let is_direct = lbn.0 < DIRECT_POINTERS as u64;
        let all = geometry.frags_per_block();
        if is_direct { end_bytes.div_ceil(geometry.frag_bytes()).min(all) } else { all }
    }

    /// Nobody knows how long a block beyond the end of its file is, nor whose data it has.
    fn expect_within(&self, number: InodeNo, inode: &Inode, lbn: Lbn) -> Step<()> {
        let (size, number, lbn) = (inode.size_bytes, number.0, lbn.0);
        if lbn < size.div_ceil(self.ffs.geometry.block_bytes().into()) {
            return Ok(());
        }
        Err(Halt::Errno(self.ffs.damaged(format_args!(
            "inode {number}: block {lbn} lies beyond the file's end at {size} bytes"
        ))))
    }

    fn new_block(&mut self, number: InodeNo, lbn: Lbn, frags: u32, kind: Use) -> Step<Block> {
        let block = self.new_fragments(number, lbn, frags)?;
        self.blank(number, lbn, block.frag, frags, kind)?;
        Ok(block)
    }

    /// Fragments for a block that was none, with whatever they held.
    fn new_fragments(&mut self, number: InodeNo, lbn: Lbn, frags: u32) -> Step<Block> {
        let slot = self.slot_of(number, lbn)?;
        let frag = self.allocate(number, lbn, frags)?;
        self.set_pointer(number, slot, frag)?;
        self.add_frags(number, frags)?;
        Ok(Block { frag, frags, is_fresh: true })
    }

    /// Fragments for block `lbn`, behind the block before it if that can be.
    fn allocate(&mut self, number: InodeNo, lbn: Lbn, frags: u32) -> Step<FragNo> {
        let near = self.near_previous(number, lbn)?;
        if frags == self.ffs.geometry.frags_per_block() {
            return self.allocate_block(number, near);
        }
        self.allocate_frags(number, near, frags)
    }

    /// Where block `lbn` is best, as far as the block before it tells.
    pub(super) fn near_previous(&self, number: InodeNo, lbn: Lbn) -> Step<Near> {
        let inode = self.inode(number)?;
        let previous = match lbn.0.checked_sub(1) {
            Some(before) => Some(self.pointer_of(number, &inode, Lbn(before))?),
            None => None,
        };
        self.near(number, lbn, previous.filter(|frag| !frag.is_hole()))
    }

    /// Makes fragments that were free zeros, and the file's.
    pub(super) fn blank(
        &mut self,
        number: InodeNo,
        lbn: Lbn,
        frag: FragNo,
        frags: u32,
        kind: Use,
    ) -> Step<()> {
        let (page, start) = self.place(frag);
        if self.is_alone(page, frag, frags) {
            self.clear_page(page);
        }
        let end = start + ((frags as usize) << self.ffs.geometry.frag_shift);
        self.part_mut(page, start..end, kind)?.fill(0);
        if let Use::Data { stable } = kind {
            self.note_dirty((number, lbn), page, true, stable);
        }
        Ok(())
    }

    /// A part of a page, to change in it what is used as `kind` says.
    pub(super) fn part_mut(
        &mut self,
        page: PageNo,
        range: Range<usize>,
        kind: Use,
    ) -> Step<&mut [u8]> {
        match kind {
            Use::Data { .. } => self.data_mut(page, range),
            Use::Metadata => self.metadata_mut(page, range),
        }
    }
}
