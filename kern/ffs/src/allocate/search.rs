//! Finding free fragments in a group's map: `ffs_mapsearch`.
//!
//! The search goes forward from where it is told to begin, and then from the map's beginning.

use super::bits;
use super::group::Group;
use core::ops::Range;

/// What is passed over at once.
const WORD_BYTES: u32 = 8;

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
        let mut from = start;
        loop {
            let first = self.find_in(map, from..self.blocks(), |bits| self.is_whole(bits))?;
            let is_whole = |&block: &u32| self.is_whole(self.free_bits(map, block));
            let run = (first..self.blocks()).take(length as usize).take_while(is_whole).count();
            if run == length as usize {
                return Some(first);
            }
            from = first + run as u32;
        }
    }

    fn find(&self, map: &[u8], start: u32, is_fit: impl Fn(u8) -> bool) -> Option<u32> {
        let start = if start < self.blocks() { start } else { 0 };
        let behind = self.find_in(map, start..self.blocks(), &is_fit);
        behind.or_else(|| self.find_in(map, 0..start, is_fit))
    }

    /// The first block of a range that fits. One without free fragments does not, so that words
    /// of them are passed over.
    fn find_in(&self, map: &[u8], blocks: Range<u32>, is_fit: impl Fn(u8) -> bool) -> Option<u32> {
        let per_word = WORD_BYTES * 8 / self.frags_per_block;
        let mut block = blocks.start;
        while block < blocks.end {
            let byte = (block * self.frags_per_block / 8) as usize;
            let word = map.get(byte..byte + WORD_BYTES as usize);
            if block.is_multiple_of(per_word) && word == Some(&[0; WORD_BYTES as usize]) {
                block += per_word;
            } else if is_fit(self.free_bits(map, block)) {
                return Some(block);
            } else {
                block += 1;
            }
        }
        None
    }
}
