//! The blocks of a log within the file system: one run, which an inode without a name owns.
//!
//! ```text
//! | single | double | those that the double one leads to ... | log ................ |
//! first     indirect blocks, as many as a file of this size has
//! ```

use super::{BLOCK_BYTES, Location, OWNER_FLAG, Place};
use crate::layout::{
    BlockArea, ByteOrder, DIRECT_POINTERS, Field, Format, FragNo, Inode, Pointers, mode,
};
use abi::{InodeNo, Timestamp};
use alloc::vec;
use alloc::vec::Vec;

/// Size of a block of a new log.
const LOG_BLOCK_BYTES: u32 = *BLOCK_BYTES.start() as u32;

/// What `di_blocks` counts.
const SECTOR_BYTES: u32 = 512;

/// A run of blocks: a log, and the indirect blocks of its owner before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first fragment.
    pub first: FragNo,
    /// Blocks of the log.
    pub blocks: u32,
    /// Size of a block of the file system in bytes.
    pub block_bytes: u32,
    /// Size of a fragment in bytes.
    pub frag_bytes: u32,
    /// UFS1 or UFS2.
    pub format: Format,
}

impl Run {
    const fn pointers_per_block(&self) -> u32 {
        self.block_bytes / self.format.pointer_bytes()
    }

    /// How many indirect blocks its owner has.
    pub fn indirect_blocks(&self) -> u32 {
        let single = self.blocks.saturating_sub(DIRECT_POINTERS as u32);
        let double = single.saturating_sub(self.pointers_per_block());
        u32::from(single > 0) + u32::from(double > 0) + double.div_ceil(self.pointers_per_block())
    }

    /// All of its blocks.
    pub fn all_blocks(&self) -> u32 {
        self.indirect_blocks() + self.blocks
    }

    /// A block of the run, the indirect ones included.
    pub fn block(&self, index: u32) -> FragNo {
        FragNo(self.first.0 + u64::from(index) * u64::from(self.block_bytes / self.frag_bytes))
    }

    fn log_block(&self, lbn: u32) -> FragNo {
        self.block(self.indirect_blocks() + lbn)
    }

    fn size_bytes(&self) -> u64 {
        u64::from(self.blocks) * u64::from(self.block_bytes)
    }

    /// The place as the superblock names it.
    pub fn place(&self, owner: InodeNo) -> Place {
        Place {
            location: Location::Within(owner),
            offset_bytes: self.log_block(0).0 * u64::from(self.frag_bytes),
            size_bytes: self.size_bytes(),
            block_bytes: LOG_BLOCK_BYTES,
        }
    }

    /// The owner: one link and no name.
    pub fn owner(&self, generation: u32, time: Timestamp) -> Inode {
        let sectors = self.block_bytes / SECTOR_BYTES;
        Inode {
            mode: mode::REGULAR,
            links: 1,
            size_bytes: self.size_bytes(),
            sectors: u64::from(self.all_blocks()) * u64::from(sectors),
            accessed: time,
            modified: time,
            changed: time,
            born: (self.format == Format::Ufs2).then_some(time),
            generation,
            flags: OWNER_FLAG,
            area: BlockArea::Pointers(self.pointers()),
            ..Inode::free()
        }
    }

    fn pointers(&self) -> Pointers {
        let mut pointers = Pointers::default();
        let data = (0..self.blocks).map(|lbn| self.log_block(lbn));
        pointers.direct.iter_mut().zip(data).for_each(|(pointer, block)| *pointer = block);
        let indirect = (0..self.indirect_blocks().min(2)).map(|index| self.block(index));
        pointers.indirect.iter_mut().zip(indirect).for_each(|(pointer, block)| *pointer = block);
        pointers
    }

    /// The indirect blocks, one behind the other.
    pub fn indirect_bytes(&self, order: ByteOrder) -> Vec<u8> {
        let indirect_blocks = self.indirect_blocks();
        let mut bytes = vec![0; indirect_blocks as usize * self.block_bytes as usize];
        let per_block = self.pointers_per_block();
        let mut put = |block: u32, index: u32, pointer: FragNo| {
            let at = (block * self.block_bytes + index * self.format.pointer_bytes()) as usize;
            match self.format {
                Format::Ufs1 => (pointer.0 as u32).put(&mut bytes[at..], order),
                Format::Ufs2 => pointer.0.put(&mut bytes[at..], order),
            }
        };
        for lbn in DIRECT_POINTERS as u32..self.blocks {
            let pointer = self.log_block(lbn);
            match lbn - DIRECT_POINTERS as u32 {
                single if single < per_block => put(0, single, pointer),
                double => {
                    let double = double - per_block;
                    put(2 + double / per_block, double % per_block, pointer);
                }
            }
        }
        for inner in 2..indirect_blocks {
            put(1, inner - 2, self.block(inner));
        }
        bytes
    }
}
