//! Damage, drawn from a seed.

use super::{Patient, SUPERBLOCK};
use fastrand::Rng;
use std::iter::once;
use std::ops::Range;

/// What to damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// The superblock.
    Superblock,
    /// Inodes in use: sizes, pointers, kinds.
    Inodes,
    /// The blocks that directories and indirect pointers are in.
    Data,
    /// The headers and maps of cylinder groups.
    Groups,
}

impl Ailment {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Superblock, Self::Inodes, Self::Data, Self::Groups];
}

impl Patient {
    /// Damages a few places.
    pub fn damage(&mut self, ailment: Ailment, rng: &mut Rng) {
        let ranges = self.ranges(ailment);
        for _ in 0..rng.usize(1..12) {
            let range = ranges[rng.usize(..ranges.len())].clone();
            self.hit(rng.usize(range), rng);
        }
    }

    fn ranges(&self, ailment: Ailment) -> Vec<Range<usize>> {
        match ailment {
            Ailment::Superblock => once(SUPERBLOCK..SUPERBLOCK + 1376).collect(),
            Ailment::Inodes => {
                self.inodes().map(|slot| slot.0..slot.0 + self.inode_bytes()).collect()
            }
            Ailment::Data => self.directory_blocks(),
            Ailment::Groups => {
                (0..self.group_count()).map(|group| self.group_header(group)).collect()
            }
        }
    }

    fn group_header(&self, number: usize) -> Range<usize> {
        let [header, inodes] = [12, 16].map(|offset| self.superblock_u32(offset) as usize);
        let group = self.group(number);
        group + header * self.fragment_bytes()..group + inodes * self.fragment_bytes()
    }

    /// The first direct block of directories, and the first indirect block of every file.
    fn directory_blocks(&self) -> Vec<Range<usize>> {
        let folders = self.inodes().filter(|&slot| self.is_directory(slot));
        let names = folders.flat_map(|slot| self.direct_blocks(slot)).map(|at| at..at + 512);
        let indirect = self.inodes().map(|slot| self.target(self.pointer_at(slot, 12)));
        let indirect = indirect.filter(|&at| at != 0 && at + 512 < self.bytes.len());
        names.chain(indirect.map(|at| at..at + 512)).collect()
    }

    /// One place: a bit, a byte, or a number that programs trip over.
    fn hit(&mut self, at: usize, rng: &mut Rng) {
        let word = at & !3;
        match rng.u32(..5) {
            0 => self.bytes[at] ^= 1 << rng.u32(..8),
            1 => self.bytes[at] = rng.u8(..),
            2 => self.set_u32(word, rng.u32(..)),
            3 => self.set_u32(word, rng.u32(..64)),
            _ => {
                let odd = [0, 1, u32::MAX, 1 << 31, (1 << 31) - 1, u32::MAX - 7, 1 << 16];
                self.set_u32(word, odd[rng.usize(..odd.len())]);
            }
        }
    }
}
