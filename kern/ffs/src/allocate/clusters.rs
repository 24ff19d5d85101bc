//! Runs of free blocks: `ffs_clusteracct`.
//!
//! A group has a map of its free blocks and counts of their runs by length, the last one of all
//! that are as long or longer. Old UFS1 file systems have neither.

use super::bits;
use super::group::Group;
use crate::layout::{ByteOrder, Field};
use crate::transaction::{Step, Transaction};
use core::ops::Range;

impl Group {
    /// Blocks that may be free as a whole.
    fn whole_blocks(&self) -> u32 {
        self.frags / self.frags_per_block
    }

    /// Where the map of free blocks is in the page; nowhere if the group has none.
    pub(super) fn cluster_map(&self) -> Range<usize> {
        let start = self.header.cluster_map as usize;
        let bytes = if self.cluster_sizes == 0 { 0 } else { self.whole_blocks().div_ceil(8) };
        start..start + bytes as usize
    }

    fn cluster_count(&self, size: u32) -> Range<usize> {
        let start = (self.header.cluster_counts + 4 * size) as usize;
        start..start + 4
    }

    /// The longest run of free blocks that is counted in `page`, the group's; no bound if there
    /// may be longer ones than are told apart.
    pub(super) fn longest_cluster(&self, page: &[u8], order: ByteOrder) -> u32 {
        let is_counted = |size: &u32| {
            let bytes = page.get(self.cluster_count(*size));
            bytes.is_some_and(|bytes| i32::get(bytes, order) > 0)
        };
        let longest = (1..=self.cluster_sizes).rev().find(is_counted).unwrap_or(0);
        if longest == self.cluster_sizes { u32::MAX } else { longest }
    }

    /// How many free blocks stand behind and before a block, each at most as many as are counted.
    fn neighbours(&self, map: &[u8], block: u32) -> (u32, u32) {
        let is_free = |block: &u32| bits::get(map, *block);
        let most = self.cluster_sizes as usize;
        let behind = (block + 1..self.whole_blocks()).take(most).take_while(is_free).count();
        let before = (0..block).rev().take(most).take_while(is_free).count();
        (behind as u32, before as u32)
    }
}

impl Transaction<'_> {
    /// Enters into the map and the counts that a block has become free (`change` is 1) or not (-1).
    pub(super) fn count_cluster(&mut self, group: &Group, block: u32, change: i32) -> Step<()> {
        if group.cluster_sizes == 0 {
            return Ok(());
        }
        let map = group.cluster_map();
        let view = self.page(group.page)?;
        let (behind, before) = group.neighbours(view.get(map.clone()).unwrap_or_default(), block);
        drop(view);
        let byte = map.start + block as usize / 8;
        let place = self.metadata_mut(group.page, byte..byte + 1)?;
        place[0] = bits::with_block(place[0], block, 1, (change > 0).into());
        let joined = (behind + before + 1).min(group.cluster_sizes);
        self.count_runs(group, joined, change)?;
        self.count_runs(group, behind, -change)?;
        self.count_runs(group, before, -change)
    }

    fn count_runs(&mut self, group: &Group, size: u32, change: i32) -> Step<()> {
        if size == 0 {
            return Ok(());
        }
        let order = self.ffs.geometry.order;
        let place = self.metadata_mut(group.page, group.cluster_count(size))?;
        i32::get(place, order).wrapping_add(change).put(place, order);
        Ok(())
    }
}
