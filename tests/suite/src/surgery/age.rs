//! UFS1 as 4.2BSD wrote it: owners of 16 bits, names of 16-bit length and no type beside them.

use super::{Patient, SUPERBLOCK};

const BLOCK_OF_NAMES: usize = 512;
const OLD_INODE_FORMAT: u32 = u32::MAX;

/// Superblock: fs_maxsymlinklen, zero where directories are old; and fs_old_inodefmt.
const LONGEST_SHORT_LINK: usize = 1320;
const INODE_FORMAT: usize = 1324;

impl Patient {
    /// Turns a UFS1 image into the old inode format. Directories must have twelve blocks at
    /// most, owners must be below 65536.
    ///
    /// # Panics
    /// If it is UFS2.
    pub fn age(&mut self) {
        assert!(!self.wide, "only UFS1 was ever that old");
        for slot in self.inodes().collect::<Vec<_>>() {
            for (new, old) in [(112, 4), (116, 6)] {
                let owner = self.u32(slot.0 + new);
                self.set_u16(slot.0 + old, u16::try_from(owner).expect("owners are small"));
                self.set_u32(slot.0 + new, 0);
            }
            if self.is_directory(slot) {
                self.age_directory(self.size(slot) as usize, &self.direct_blocks(slot));
            }
        }
        self.set_u32(SUPERBLOCK + LONGEST_SHORT_LINK, 0);
        self.set_u32(SUPERBLOCK + INODE_FORMAT, OLD_INODE_FORMAT);
    }

    fn age_directory(&mut self, size: usize, blocks: &[usize]) {
        for (number, &block) in blocks.iter().enumerate() {
            let length = self.block_bytes().min(size - number * self.block_bytes());
            for names in (block..block + length).step_by(BLOCK_OF_NAMES) {
                self.age_names(names);
            }
        }
    }

    /// An entry is | inode u32 | length u16 | type u8 | name length u8 | name |.
    fn age_names(&mut self, names: usize) {
        let mut at = names;
        while at < names + BLOCK_OF_NAMES {
            let name_length = self.bytes[at + 7];
            self.set_u16(at + 6, name_length.into());
            at += usize::from(self.u16(at + 4));
        }
    }
}
