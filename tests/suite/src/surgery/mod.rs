//! Images opened on the table: what makefs(8) does not make is made by hand, and what no healthy
//! file system holds is made to ail.
//!
//! ```text
//! superblock, at 8 KiB             cylinder group c, at fragment c × fpg
//! | 16 iblkno | 44 ncg | 48 bsize  | ... | inodes, from iblkno on | data |
//! | 52 fsize | 184 ipg | 188 fpg
//! | 209 clean | 1372 magic
//! ```
//! Offsets are those of NetBSD's `ufs/ffs/fs.h` and `ufs/ufs/dinode.h`, read apart from what the
//! program knows of them.

mod age;
mod damage;
mod inode;
mod sparse;

pub use damage::Ailment;
pub use inode::Slot;

use std::fs;
use std::ops::Range;
use std::path::Path;

const SUPERBLOCK: usize = 8192;
const MAGIC_UFS1: u32 = 0x01_19_54;
const MAGIC_UFS2: u32 = 0x1954_0119;

/// An image in memory.
#[derive(Clone, Debug)]
pub struct Patient {
    bytes: Vec<u8>,
    big_endian: bool,
    /// Whether it is UFS2.
    wide: bool,
}

impl Patient {
    /// Reads an image of makefs.
    ///
    /// # Panics
    /// If it is none.
    pub fn open(image: &Path) -> Self {
        let bytes = fs::read(image).expect("the image can be read");
        let magic = bytes[SUPERBLOCK + 1372..][..4].try_into().expect("four bytes");
        let (little, big) = (u32::from_le_bytes(magic), u32::from_be_bytes(magic));
        let is_magic = |magic| [MAGIC_UFS1, MAGIC_UFS2].contains(&magic);
        assert!(is_magic(little) || is_magic(big), "no superblock at 8 KiB");
        Self { bytes, big_endian: is_magic(big), wide: [little, big].contains(&MAGIC_UFS2) }
    }

    /// Writes it back.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn save(&self, image: &Path) {
        fs::write(image, &self.bytes).expect("the image can be written");
    }

    /// Marks it as mounted: as a system leaves it that lost power.
    pub fn mark_unclean(&mut self) {
        self.bytes[SUPERBLOCK + 209] = 0;
    }

    /// Moves the superblock to 64 KiB, where a backup of it is if blocks are that large.
    ///
    /// # Panics
    /// If it is not.
    pub fn move_superblock(&mut self) {
        let elsewhere = 64 << 10;
        assert_eq!(self.u32(elsewhere + 1372), self.superblock_u32(1372), "a backup at 64 KiB");
        let original = self.bytes[SUPERBLOCK..][..8192].to_vec();
        self.bytes[elsewhere..][..8192].copy_from_slice(&original);
        self.bytes[SUPERBLOCK..][..8192].fill(0);
        self.set_u64(elsewhere + 1000, elsewhere as u64);
    }

    /// Size of a block.
    pub fn block_bytes(&self) -> usize {
        self.superblock_u32(48) as usize
    }

    fn fragment_bytes(&self) -> usize {
        self.superblock_u32(52) as usize
    }

    fn group_count(&self) -> usize {
        self.superblock_u32(44) as usize
    }

    fn inodes_per_group(&self) -> usize {
        self.superblock_u32(184) as usize
    }

    /// Where a cylinder group begins, in bytes.
    fn group(&self, number: usize) -> usize {
        number * self.superblock_u32(188) as usize * self.fragment_bytes()
    }

    fn superblock_u32(&self, offset: usize) -> u32 {
        self.u32(SUPERBLOCK + offset)
    }

    fn u32(&self, at: usize) -> u32 {
        let bytes = self.bytes[at..at + 4].try_into().expect("four bytes");
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn u16(&self, at: usize) -> u16 {
        let bytes = self.bytes[at..at + 2].try_into().expect("two bytes");
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u64(&self, at: usize) -> u64 {
        let bytes = self.bytes[at..at + 8].try_into().expect("eight bytes");
        if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) }
    }

    fn set(&mut self, at: Range<usize>, little_endian: &[u8]) {
        let target = &mut self.bytes[at];
        target.copy_from_slice(little_endian);
        if self.big_endian {
            target.reverse();
        }
    }

    fn set_u16(&mut self, at: usize, value: u16) {
        self.set(at..at + 2, &value.to_le_bytes());
    }

    fn set_u32(&mut self, at: usize, value: u32) {
        self.set(at..at + 4, &value.to_le_bytes());
    }

    fn set_u64(&mut self, at: usize, value: u64) {
        self.set(at..at + 8, &value.to_le_bytes());
    }
}
