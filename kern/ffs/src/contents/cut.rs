//! Taking blocks away from the end of a file.
//!
//! One transaction walks the map from its end and frees what is behind the new one, up to a number
//! of blocks; the file is then cut off behind the first block that was left. Missing subtrees of
//! the map are passed in one step; indirect blocks go with the last block below them. Damaged
//! pointers are named and dropped, so that such a file can be removed.

use super::Use;
use super::pointers::{pointers, pointers_mut};
use crate::layout::{DIRECT_POINTERS, FragNo, INDIRECT_POINTERS, Inode, Lbn, Pointers};
use crate::transaction::{Step, Transaction};
use abi::InodeNo;
use alloc::vec::Vec;

/// Most blocks that one transaction frees.
const FREE_BLOCKS_MAX: u32 = 256;

/// Most indirect blocks that one transaction looks into.
const VISITS_MAX: u32 = 64;

/// A cut in the making.
struct Cut {
    number: InodeNo,
    /// The size so far.
    size: u64,
    /// Blocks that stay in any case.
    keep: u64,
    /// Whether what is freed was metadata.
    was_metadata: bool,
    freed_frags: u64,
    blocks_left: u32,
    visits_left: u32,
    /// As many blocks stay for now.
    stopped: Option<u64>,
}

/// A pointer, and what is below it.
#[derive(Clone, Copy)]
struct Branch {
    at: FragNo,
    /// Indirect blocks on the way from here to data.
    level: u32,
    /// The first block below.
    first: u64,
}

impl Transaction<'_> {
    /// Cuts a file to `size` bytes, or by as much as one transaction may; says whether it has that
    /// size now. A file that is not longer is left alone, and so is one without blocks.
    ///
    /// # Errors
    /// `Io` if the pointer to the block that the new end lies in is damaged.
    pub(crate) fn cut(&mut self, number: InodeNo, size: u64) -> Step<bool> {
        let inode = self.inode(number)?;
        let Some(mut pointers) = pointers(&inode).copied().filter(|_| size < inode.size_bytes)
        else {
            return Ok(true);
        };
        self.shrink();
        let mut cut = Cut::new(number, &inode, size.div_ceil(self.block_size()));
        cut.was_metadata |= self.ffs.is_quota_file(number);
        self.cut_branches(&mut cut, &mut pointers)?;
        if cut.stopped.is_none() {
            self.cut_tail(&mut cut, size)?;
        }
        let left = cut.stopped.map_or(size, |blocks| blocks << self.ffs.geometry.block_shift);
        let mut inode = self.inode(number)?;
        inode.size_bytes = left.min(inode.size_bytes);
        inode.sectors = inode.sectors.saturating_sub(self.sectors_of(cut.freed_frags));
        *pointers_mut(&mut inode)? = pointers;
        self.set_inode(number, inode)?;
        self.note_cut(number, Lbn(inode.size_bytes.div_ceil(self.block_size())));
        Ok(cut.stopped.is_none())
    }

    fn block_size(&self) -> u64 {
        self.ffs.geometry.block_bytes().into()
    }

    /// All that hangs on the inode, from the end.
    fn cut_branches(&mut self, cut: &mut Cut, pointers: &mut Pointers) -> Step<()> {
        let shift = self.ffs.geometry.pointers_shift();
        for level in (1..=INDIRECT_POINTERS as u32).rev() {
            let before: u64 = (1..level).map(|level| 1 << (level * shift)).sum();
            let first = DIRECT_POINTERS as u64 + before;
            let at = &mut pointers.indirect[(level - 1) as usize];
            if self.cut_branch(cut, Branch { at: *at, level, first })? {
                *at = FragNo::HOLE;
            }
        }
        for (index, at) in pointers.direct.iter_mut().enumerate().rev() {
            if self.cut_branch(cut, Branch { at: *at, level: 0, first: index as u64 })? {
                *at = FragNo::HOLE;
            }
        }
        Ok(())
    }

    /// Frees what is behind the new end. Says whether all of it is gone, with the block that the
    /// pointer leads to.
    fn cut_branch(&mut self, cut: &mut Cut, branch: Branch) -> Step<bool> {
        let span = 1 << (branch.level * self.ffs.geometry.pointers_shift());
        let is_kept = branch.first + span <= cut.keep;
        if branch.at.is_hole() || is_kept || cut.stopped.is_some() {
            return Ok(false);
        }
        match branch.level {
            0 => self.cut_block(cut, branch),
            _ => self.cut_indirect(cut, branch, span),
        }
    }

    fn cut_block(&mut self, cut: &mut Cut, branch: Branch) -> Step<bool> {
        let lbn = Lbn(branch.first);
        if cut.blocks_left == 0 || !self.may_free(cut, branch.at) {
            cut.stopped = Some(branch.first + 1);
            return Ok(false);
        }
        let frags = self.ffs.block_frags(cut.size, lbn);
        self.free(cut, branch.at, frags, cut.was_metadata)?;
        Ok(true)
    }

    /// Whether a block can be freed without waiting. A transaction that has freed some ends rather
    /// than wait for the next group: it would begin again. What is not freed at all waits for none.
    fn may_free(&self, cut: &Cut, frag: FragNo) -> bool {
        let geometry = &self.ffs.geometry;
        let group = geometry.place_in_group(frag).0;
        cut.freed_frags == 0
            || !geometry.is_data(frag, 1)
            || self.page(self.ffs.page(geometry.group_block(group))).is_ok()
    }

    fn free(&mut self, cut: &mut Cut, at: FragNo, frags: u32, was_metadata: bool) -> Step<()> {
        if frags > 0 {
            self.free_frags(cut.number, at, frags, was_metadata)?;
        }
        cut.freed_frags += u64::from(frags);
        cut.blocks_left = cut.blocks_left.saturating_sub(1);
        Ok(())
    }

    fn cut_indirect(&mut self, cut: &mut Cut, branch: Branch, span: u64) -> Step<bool> {
        if cut.visits_left == 0 {
            cut.stopped = Some(branch.first + span);
            return Ok(false);
        }
        cut.visits_left -= 1;
        let frags = self.ffs.geometry.frags_per_block();
        let lbn = Lbn(branch.first);
        if self.check_indirect(cut.number, lbn, branch.level, branch.at).is_err() {
            cut.blocks_left = cut.blocks_left.saturating_sub(1);
            return Ok(true);
        }
        // A map that leads to one block in many ways is not walked more than once.
        if self.is_any_free(branch.at, frags)? {
            self.free(cut, branch.at, frags, true)?;
            return Ok(true);
        }
        let limit = cut.blocks_left as usize + 1;
        let below = self.branches(cut, branch, limit)?;
        let mut cleared = 0;
        while cleared < below.len() && self.cut_branch(cut, below[cleared].1)? {
            cleared += 1;
        }
        if cleared == limit {
            cut.stopped = Some(below[cleared - 1].1.first);
        }
        if cleared == below.len() && cleared < limit && branch.first >= cut.keep {
            self.free(cut, branch.at, frags, true)?;
            // In a damaged group it stays, and other ways may lead here again.
            if !self.is_any_free(branch.at, frags)? {
                self.clear_slots(branch.at, &below)?;
            }
            return Ok(true);
        }
        self.clear_slots(branch.at, &below[..cleared])?;
        Ok(false)
    }

    /// What is below an indirect block and not wholly kept, from the end, with its place there.
    fn branches(&self, cut: &Cut, branch: Branch, limit: usize) -> Step<Vec<(usize, Branch)>> {
        let geometry = &self.ffs.geometry;
        let level = branch.level - 1;
        let span_shift = level * geometry.pointers_shift();
        let page = self.page(self.ffs.page(branch.at))?;
        let shape = geometry.inode_shape();
        let kept = (cut.keep.saturating_sub(branch.first) >> span_shift) as usize;
        let slots = (kept..1 << geometry.pointers_shift()).rev();
        let below = slots.filter_map(|slot| {
            let first = branch.first + ((slot as u64) << span_shift);
            let at = shape.pointer(&page, slot);
            (!at.is_hole()).then_some((slot, Branch { at, level, first }))
        });
        Ok(below.take(limit).collect())
    }

    /// Makes holes of pointers that follow each other, from the end, with nothing but holes between
    /// them.
    fn clear_slots(&mut self, block: FragNo, slots: &[(usize, Branch)]) -> Step<()> {
        let (Some(last), Some(first)) = (slots.first(), slots.last()) else { return Ok(()) };
        let bytes = self.ffs.geometry.format.pointer_bytes() as usize;
        let (page, _) = self.place(block);
        self.metadata_mut(page, first.0 * bytes..(last.0 + 1) * bytes)?.fill(0);
        Ok(())
    }

    /// The block that the new end lies in: the fragments behind the end go, and what is left
    /// behind it becomes zeros.
    fn cut_tail(&mut self, cut: &mut Cut, size: u64) -> Step<()> {
        let inode = self.inode(cut.number)?;
        let Some(last) = cut.keep.checked_sub(1) else { return Ok(()) };
        let lbn = Lbn(last);
        let frag = self.pointer_of(cut.number, &inode, lbn)?;
        if frag.is_hole() {
            return Ok(());
        }
        let has = self.ffs.block_frags(cut.size, lbn);
        let needs = self.ffs.block_frags(size, lbn);
        let (page, base) = self.place(frag);
        let end = base + ((needs as usize) << self.ffs.geometry.frag_shift);
        let start = base + (size - (last << self.ffs.geometry.block_shift)) as usize;
        self.clear_part(cut.number, lbn, page, start..end, Use::of(&inode))?;
        if has > needs {
            let behind = FragNo(frag.0 + u64::from(needs));
            self.free(cut, behind, has - needs, cut.was_metadata)?;
        }
        Ok(())
    }
}

impl Cut {
    fn new(number: InodeNo, inode: &Inode, keep: u64) -> Self {
        Self {
            number,
            size: inode.size_bytes,
            keep,
            was_metadata: Use::of(inode) == Use::Metadata,
            freed_frags: 0,
            blocks_left: FREE_BLOCKS_MAX,
            visits_left: VISITS_MAX,
            stopped: None,
        }
    }
}
