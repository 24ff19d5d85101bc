//! Finding free fragments in a group's map: `ffs_mapsearch`.
//!
//! The search goes forward from where it is told to begin, and then from the map's beginning.

use super::bits;
use super::group::Group;

impl Group {
    /// A block that is free as a whole.
    pub(super) fn find_block(&self, map: &[u8], start: u32) -> Option<u32> {
        self.find(map, start, |bits| self.is_whole(bits))
    }

    /// A block with a run of exactly `length` free fragments, and where the run begins in it.
    pub(super) fn find_run(&self, map: &[u8], start: u32, length: u32) -> Option<(u32, u32)> {
        let run = |bits| bits::runs(bits).find(|run| run.len() == length as usize);
        let block = self.find(map, start, |bits| run(bits).is_some())?;
        run(self.free_bits(map, block)).map(|run| (block, run.start))
    }

    /// The first of `length` free blocks in a row, searched forward from `start` only.
    pub(super) fn find_cluster(&self, map: &[u8], start: u32, length: u32) -> Option<u32> {
        let mut found = 0;
        let end = (start..self.blocks()).find(|&block| {
            found = if self.is_whole(self.free_bits(map, block)) { found + 1 } else { 0 };
            found == length
        });
        end.map(|end| end + 1 - length)
    }

    fn find(&self, map: &[u8], start: u32, is_fit: impl Fn(u8) -> bool) -> Option<u32> {
        let start = if start < self.blocks() { start } else { 0 };
        let is_fit = |block: &u32| is_fit(self.free_bits(map, *block));
        (start..self.blocks()).find(is_fit).or_else(|| (0..start).find(is_fit))
    }
}
