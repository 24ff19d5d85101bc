//! Space for what a repair must add. Only once every owner is known can it be found.

use super::Check;
use super::census::{Known, type_code};
use super::error::Result;
use super::walk::Verdict;
use ffs::layout::{CylGroup, FragNo, Inode};
use std::ops::Range;

/// Where to look next.
#[derive(Debug, Default)]
pub(super) struct Supply {
    /// All blocks before this fragment are taken.
    next_block: u64,
    /// What is left of a block that is given out in fragments.
    rest: Range<u64>,
    /// All inodes before this one are taken.
    next_inode: u32,
}

pub(super) fn range(first: FragNo, count: u32) -> Range<u64> {
    first.0..first.0 + u64::from(count)
}

/// Whether it says "not copied" or "a snapshot's own" (BLK_NOCOPY, BLK_SNAP) in a snapshot. No
/// data can stand there.
pub(super) const fn is_snapshot_mark(to: FragNo) -> bool {
    to.0 <= 2
}

impl Check<'_> {
    /// A whole free block, taken.
    pub(super) fn allocate_block(&mut self) -> Option<FragNo> {
        let count = self.volume.block_frags();
        while self.supply.next_block < self.volume.geometry.size_frags {
            let first = FragNo(self.supply.next_block);
            self.supply.next_block += u64::from(count);
            let is_free = !self.census.used.any(range(first, count));
            if is_free && self.volume.is_place(first, count) {
                self.census.used.set(range(first, count));
                return Some(first);
            }
        }
        None
    }

    /// Some fragments in a row, taken.
    pub(super) fn allocate(&mut self, count: u32) -> Option<FragNo> {
        if self.supply.rest.end - self.supply.rest.start < u64::from(count) {
            let block = self.allocate_block()?;
            self.supply.rest = range(block, self.volume.block_frags());
            self.census.used.clear(self.supply.rest.clone());
        }
        let first = FragNo(self.supply.rest.start);
        self.supply.rest.start += u64::from(count);
        self.census.used.set(range(first, count));
        Some(first)
    }

    /// A free inode, above the root.
    pub(super) fn allocate_inode(&mut self) -> Result<Option<u32>> {
        let per_group = self.volume.geometry.inodes_per_group;
        let total = self.volume.geometry.inodes() as u32;
        for number in self.supply.next_inode.max(3)..total {
            let initialized = self.census.initialized.get(&(number / per_group));
            let is_written = initialized.is_none_or(|&count| number % per_group < count);
            if is_written && self.census.known(number).is_free() {
                self.supply.next_inode = number + 1;
                return Ok(Some(number));
            }
        }
        self.initialize_inodes()
    }

    /// Writes the next block of inodes of the first group that has some left to write, and gives
    /// the first of them.
    fn initialize_inodes(&mut self) -> Result<Option<u32>> {
        let per_group = self.volume.geometry.inodes_per_group;
        let mut groups = self.census.initialized.iter();
        let Some((&group, &count)) = groups.find(|&(_, &count)| count < per_group) else {
            return Ok(None);
        };
        let per_block = self.volume.geometry.inodes_per_block();
        let index = count / per_block * per_block;
        self.volume.zero_inodes(CylGroup(group), index, per_block)?;
        self.census.initialized.insert(group, index + per_block);
        Ok(Some(group * per_group + index))
    }

    /// Takes note of an inode that was made, and stores it.
    pub(super) fn add_inode(&mut self, number: u32, inode: &Inode) -> Result<()> {
        let known =
            Known { type_code: type_code(inode.mode), links: inode.links, ..Known::default() };
        *self.census.known_mut(number) = known;
        self.volume.store_inode(number, inode)
    }

    /// Frees an inode and what only it owns.
    pub(super) fn free_inode(&mut self, number: u32) -> Result<()> {
        let mut inode = self.volume.inode(number)?;
        let Self { volume, census, .. } = self;
        volume.walk(&mut inode, &mut |pointer| {
            if is_snapshot_mark(pointer.to) {
                return Verdict::Pass;
            }
            census.used.clear(range(pointer.to, pointer.frags));
            Verdict::Keep
        })?;
        self.forget_inode(number)
    }

    /// Clears an inode whose blocks are somebody else's, or nobody's.
    pub(super) fn forget_inode(&mut self, number: u32) -> Result<()> {
        *self.census.known_mut(number) = Known::default();
        self.census.directories.remove(&number);
        self.volume.clear_inode(number)
    }

    /// The group of an inode.
    pub(super) fn group_of(&self, number: u32) -> CylGroup {
        CylGroup(number / self.volume.geometry.inodes_per_group)
    }
}
