//! Where the next block of a file should be: `ffs_blkpref`.
//!
//! Right behind the one before. A file that grows beyond its first indirect block moves on to
//! another group every `fs_maxbpg` blocks, so that one file does not fill the group whose
//! directory's other files are to live there.

use super::Near;
use super::group::Group;
use super::order::groups_after;
use crate::layout::{CylGroup, DIRECT_POINTERS, FragNo, Inode, Lbn};
use crate::transaction::{Step, Transaction};
use abi::InodeNo;
use core::iter::successors;

/// Most free blocks in a row that a growing file looks for.
const CLUSTER_MAX: u64 = 16;

impl Transaction<'_> {
    /// Where block `lbn` of a file should be; `previous` is where the block before it begins, if
    /// there is one.
    ///
    /// # Errors
    /// `Halt::Page`.
    pub(crate) fn near_for(
        &self,
        number: InodeNo,
        _inode: &Inode,
        lbn: Lbn,
        previous: Option<FragNo>,
    ) -> Step<Near> {
        let geometry = &self.ffs.geometry;
        let previous = previous.filter(|frag| !frag.is_hole() && frag.0 < geometry.size_frags);
        if self.begins_section(lbn, previous) {
            let group = self.group_for_section(number, lbn, previous);
            return self.cluster_in(group, None, lbn);
        }
        match previous {
            Some(frag) => self.behind(frag, lbn),
            None => Ok(self.start_of(self.group_of_inode(number))),
        }
    }

    fn start_of(&self, group: CylGroup) -> Near {
        let geometry = &self.ffs.geometry;
        let start = u64::from(group.0) * u64::from(geometry.frags_per_group);
        Near { group, frag: Some(FragNo(start + u64::from(geometry.frags_per_block()))) }
    }

    /// Whether a file moves on to another group at this block. BSD looks for a new place at the
    /// beginning of each indirect block too, as it does not know there where the last block was.
    fn begins_section(&self, lbn: Lbn, previous: Option<FragNo>) -> bool {
        let pointers_shift = self.ffs.geometry.pointers_shift();
        let Some(index) = lbn.0.checked_sub(DIRECT_POINTERS as u64 + (1 << pointers_shift)) else {
            return false;
        };
        let in_block = index & ((1 << pointers_shift) - 1);
        previous.is_none() || in_block.is_multiple_of(self.section_blocks())
    }

    /// `fs_maxbpg`.
    fn section_blocks(&self) -> u64 {
        let blocks = self.ffs.superblock.file_blocks_per_group_max;
        u64::try_from(blocks).unwrap_or(0).max(1)
    }

    /// The next group that has at least as many free blocks as others have.
    fn group_for_section(&self, number: InodeNo, lbn: Lbn, previous: Option<FragNo>) -> CylGroup {
        let geometry = &self.ffs.geometry;
        let groups = u64::from(geometry.groups);
        let start = match previous {
            Some(frag) => u64::from(geometry.place_in_group(frag).0.0) + 1,
            None => u64::from(self.group_of_inode(number).0) + lbn.0 / self.section_blocks(),
        };
        let start = CylGroup((start % groups) as u32);
        let average = self.total().free_blocks / i64::from(geometry.groups);
        groups_after(start, geometry.groups)
            .find(|&group| i64::from(self.counts_of(group).free_blocks) >= average)
            .unwrap_or(start)
    }

    /// The block behind `frag`'s, or, if that is taken, the next place where the file can go on
    /// for a while.
    fn behind(&self, frag: FragNo, lbn: Lbn) -> Step<Near> {
        let geometry = &self.ffs.geometry;
        let next = FragNo(frag.0 + u64::from(geometry.frags_per_block()));
        let (group, index) = geometry.place_in_group(next);
        if group.0 >= geometry.groups {
            return Ok(self.start_of(CylGroup(0)));
        }
        self.cluster_in(group, Some(index >> geometry.frags_per_block_shift()), lbn)
    }

    /// The beginning of a run of free blocks, at `start` or behind it.
    fn cluster_in(&self, number: CylGroup, start: Option<u32>, lbn: Lbn) -> Step<Near> {
        let nowhere = Near { group: number, frag: None };
        if self.counts_of(number).free_blocks <= 0 {
            return Ok(nowhere);
        }
        let Some(group) = self.group(number)? else { return Ok(nowhere) };
        let view = self.page(group.page)?;
        let map = self.usable_map(&group, &view);
        let is_free = |start: &u32| group.is_whole(group.free_bits(&map, *start));
        if let Some(start) = start.filter(is_free) {
            return Ok(Near { group: number, frag: Some(self.first_frag(&group, start)) });
        }
        let most = group.longest_cluster(&view, self.ffs.geometry.order);
        let block = find_room(&group, &map, start, wanted_blocks(lbn), most);
        Ok(Near { group: number, frag: block.map(|block| self.first_frag(&group, block)) })
    }
}

/// Room for `wanted` blocks in a row, or, as `most` is what there is, for fewer. Where there is
/// room for twice as many, the first half is left to the file that stands before it: it grows as
/// well, or it would not have been in the way.
fn find_room(group: &Group, map: &[u8], start: Option<u32>, wanted: u32, most: u32) -> Option<u32> {
    let behind = start.filter(|_| 2 * wanted <= most);
    let half = behind.and_then(|start| group.find_cluster(map, start, 2 * wanted));
    half.map(|block| block + wanted).or_else(|| {
        let shorter = |&length: &u32| (length > 1).then_some(length / 2);
        let lengths = successors(Some(wanted), shorter).filter(|&length| length <= most);
        let tries = lengths.flat_map(|length| [(start.unwrap_or(1), length), (0, length)]);
        let mut found = tries.filter_map(|(from, length)| group.find_cluster(map, from, length));
        found.next()
    })
}

/// As many as the file has already, within reason.
fn wanted_blocks(lbn: Lbn) -> u32 {
    lbn.0.clamp(1, CLUSTER_MAX).next_power_of_two() as u32
}
