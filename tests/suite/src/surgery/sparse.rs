//! Holes, and files far larger than their image.

use super::Patient;
use super::inode::{DIRECT, Slot};

impl Patient {
    /// Makes a sparse file of a file of twelve whole blocks: its first blocks become the logical
    /// blocks `places`, its last ones the indirect blocks that this takes; all else is a hole,
    /// up to `size` bytes.
    ///
    /// # Panics
    /// If twelve blocks do not suffice.
    pub fn make_sparse(&mut self, file: Slot, places: &[u64], size: u64) {
        let mut pool = self.direct_blocks(file);
        assert_eq!(pool.len(), DIRECT, "a file of twelve blocks");
        for index in 0..DIRECT {
            self.point(self.pointer_at(file, index), 0);
        }
        let mut spare = pool.split_off(places.len());
        for (&place, block) in places.iter().zip(pool) {
            let pointer = self.pointer_of(file, place, &mut spare);
            self.point(pointer, block);
        }
        let used = DIRECT - spare.len();
        self.set_sectors(file, (used * self.block_bytes() / 512) as u64);
        self.set_size(file, size);
    }

    /// First logical block behind `level` levels of indirection.
    pub fn first_behind(&self, level: u32) -> u64 {
        let per_block = self.pointers_per_block();
        DIRECT as u64 + (1..=level).map(|level| per_block.pow(level)).sum::<u64>()
    }

    fn pointers_per_block(&self) -> u64 {
        (self.block_bytes() / self.pointer_bytes()) as u64
    }

    /// Where the pointer to a logical block stands; makes the indirect blocks before it.
    fn pointer_of(&mut self, file: Slot, place: u64, spare: &mut Vec<usize>) -> usize {
        if place < DIRECT as u64 {
            return self.pointer_at(file, place as usize);
        }
        let level = (0..3).find(|&level| place < self.first_behind(level + 1));
        let level = level.expect("three levels reach everything");
        let within = place - self.first_behind(level);
        let mut pointer = self.pointer_at(file, DIRECT + level as usize);
        for step in (0..=level).rev() {
            let index = within / self.pointers_per_block().pow(step) % self.pointers_per_block();
            let block = self.indirect(pointer, spare);
            pointer = block + index as usize * self.pointer_bytes();
        }
        pointer
    }

    /// The indirect block that a pointer leads to, made of a spare one if there is none.
    fn indirect(&mut self, pointer: usize, spare: &mut Vec<usize>) -> usize {
        if self.target(pointer) == 0 {
            let block = spare.pop().expect("a spare block");
            let length = self.block_bytes();
            self.bytes[block..block + length].fill(0);
            self.point(pointer, block);
        }
        self.target(pointer)
    }
}
