//! What a superblock means, once every field has been checked.
//!
//! ```text
//! group c of frags_per_group fragments, beginning at c × frags_per_group (+ stagger):
//! | data (boot area in group 0) | superblock | group  | inodes | data ...                 |
//! |                             | copy       | block  |        | (group 0: summary table) |
//! 0                             superblock   group    inode    data                   next group
//! ```
//! A geometry comes out of `check.rs` or not at all, so this code may multiply and shift without
//! thinking.

use super::{ByteOrder, CylGroup, DirectoryShape, Format, FragNo, InodeShape};
use abi::InodeNo;
use core::ops::RangeInclusive;

/// Smallest and largest block.
pub const BLOCK_BYTES: RangeInclusive<u32> = 4096..=65536;

/// Smallest fragment: a sector.
pub const FRAG_BYTES_MIN: u32 = 512;

/// Most fragments in a block: the free ones of a block are one byte of a bitmap.
pub const FRAGS_PER_BLOCK_MAX: u32 = 8;

/// The shape of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// UFS1 or UFS2.
    pub format: Format,
    /// Byte order of everything on disk.
    pub order: ByteOrder,
    /// Whether inodes and directories are in the format of 4.3BSD.
    pub is_old: bool,
    /// log2 of the block size in bytes.
    pub block_shift: u32,
    /// log2 of the fragment size in bytes.
    pub frag_shift: u32,
    /// Size in fragments.
    pub size_frags: u64,
    /// Fragments for data.
    pub data_frags: u64,
    /// Cylinder groups.
    pub groups: u32,
    /// Fragments in each group; the last may have fewer.
    pub frags_per_group: u32,
    /// Inodes in each group.
    pub inodes_per_group: u32,
    /// From a group's start to the superblock's copy, in fragments.
    pub superblock_frag: u32,
    /// From a group's start to the group block, in fragments.
    pub group_frag: u32,
    /// From a group's start to its inodes, in fragments.
    pub inode_frag: u32,
    /// From a group's start to the data behind the inodes, in fragments.
    pub data_frag: u32,
    /// The summary table.
    pub summary_frag: FragNo,
    /// Its size in bytes.
    pub summary_bytes: u32,
    /// Largest file in bytes.
    pub file_bytes_max: u64,
    /// Links shorter than this stand in the inode.
    pub inline_link_bytes_max: i32,
    /// By how much each group is staggered (old UFS1), and which bits of its number do not count.
    pub(super) stagger_frags: u32,
    pub(super) stagger_mask: u32,
}

impl Geometry {
    /// Block size in bytes.
    pub const fn block_bytes(&self) -> u32 {
        1 << self.block_shift
    }

    /// Fragment size in bytes.
    pub const fn frag_bytes(&self) -> u32 {
        1 << self.frag_shift
    }

    /// Fragments in a block.
    pub const fn frags_per_block(&self) -> u32 {
        1 << self.frags_per_block_shift()
    }

    /// log2 of the fragments in a block.
    pub const fn frags_per_block_shift(&self) -> u32 {
        self.block_shift - self.frag_shift
    }

    /// How many fragments of its block stand before this one.
    pub const fn frag_in_block(&self, frag: FragNo) -> u32 {
        frag.0 as u32 & (self.frags_per_block() - 1)
    }

    /// Inodes in a block.
    pub const fn inodes_per_block(&self) -> u32 {
        self.block_bytes() / self.format.inode_bytes()
    }

    /// log2 of the block pointers in an indirect block.
    pub const fn pointers_shift(&self) -> u32 {
        self.block_shift - self.format.pointer_bytes().trailing_zeros()
    }

    /// Inodes in all, the two that are never used among them.
    pub const fn inodes(&self) -> u64 {
        self.inodes_per_group as u64 * self.groups as u64
    }

    /// Fragments that the inodes of a group take.
    pub const fn inode_table_frags(&self) -> u32 {
        self.inodes_per_group / self.inodes_per_block() * self.frags_per_block()
    }

    /// What must be known to read inodes.
    pub const fn inode_shape(&self) -> InodeShape {
        InodeShape {
            format: self.format,
            order: self.order,
            old: self.is_old,
            inline_link_bytes_max: self.inline_link_bytes_max,
        }
    }

    /// What must be known to read directories.
    pub fn directory_shape(&self) -> DirectoryShape {
        let has_types = self.format == Format::Ufs2 || self.inline_link_bytes_max > 0;
        DirectoryShape { order: self.order, has_types }
    }

    /// Where group `group` begins.
    pub const fn group_start(&self, group: CylGroup) -> FragNo {
        let base = self.frags_per_group as u64 * group.0 as u64;
        FragNo(base + self.stagger_frags as u64 * (group.0 & !self.stagger_mask) as u64)
    }

    /// The group that a fragment lies in, and its number there, which is its bit in the group's map.
    pub const fn place_in_group(&self, frag: FragNo) -> (CylGroup, u32) {
        let per_group = self.frags_per_group as u64;
        (CylGroup((frag.0 / per_group) as u32), (frag.0 % per_group) as u32)
    }

    /// The group block of `group`.
    pub const fn group_block(&self, group: CylGroup) -> FragNo {
        FragNo(self.group_start(group).0 + self.group_frag as u64)
    }

    /// Where an inode stands: the first fragment of its block, and its offset there in bytes;
    /// `None` if there is no such inode.
    pub fn inode_place(&self, inode: InodeNo) -> Option<(FragNo, usize)> {
        if inode.0 >= self.inodes() {
            return None;
        }
        let number = inode.0 as u32;
        let group = CylGroup(number / self.inodes_per_group);
        let index = number % self.inodes_per_group;
        let block = index / self.inodes_per_block();
        let frag = u64::from(self.inode_frag) + (u64::from(block) << self.frags_per_block_shift());
        let offset = index % self.inodes_per_block() * self.format.inode_bytes();
        Some((FragNo(self.group_start(group).0 + frag), offset as usize))
    }

    /// Whether the `count` fragments from `first` on may belong to a file: within the file
    /// system, in one group, and not among its boot area, superblock copies, group blocks,
    /// inodes or summary table.
    pub fn is_data(&self, first: FragNo, count: u32) -> bool {
        let count = u64::from(count);
        if first.0 >= self.size_frags || count > self.size_frags - first.0 {
            return false;
        }
        let group = (first.0 / u64::from(self.frags_per_group)) as u32;
        let start = self.group_start(CylGroup(group)).0;
        let end = first.0 + count;
        if first.0 < start + u64::from(self.data_frag) {
            return group != 0 && end <= start + u64::from(self.superblock_frag);
        }
        let summary_end =
            self.summary_frag.0 + u64::from(self.summary_bytes).div_ceil(self.frag_bytes().into());
        end <= u64::from(self.frags_per_group) * (u64::from(group) + 1)
            && (end <= self.summary_frag.0 || first.0 >= summary_end)
    }

    /// Bytes that twelve direct and three indirect pointers can reach, bounded as BSD does so
    /// that a block's number in its file stays below 2³¹.
    pub const fn addressable_bytes(&self) -> u64 {
        let shift = self.pointers_shift();
        let blocks = 12 + (1_u64 << shift) + (1 << (2 * shift)) + (1 << (3 * shift));
        let blocks = if blocks < 1 << 31 { blocks } else { 1 << 31 };
        (blocks << self.block_shift) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{FieldFault, Kind, MAGIC_UFS1, MAGIC_UFS2, Superblock};

    const UFS1: Kind = Kind { format: Format::Ufs1, order: ByteOrder::Little };
    const UFS2: Kind = Kind { format: Format::Ufs2, order: ByteOrder::Little };

    /// Three groups of 64 blocks of 8 fragments, the last one short.
    fn superblock(kind: Kind) -> Superblock {
        let mut fs = Superblock::zeroed();
        (fs.block_bytes, fs.frag_bytes, fs.frags_per_block) = (4096, 512, 8);
        (fs.superblock_frag, fs.group_frag, fs.inode_frag, fs.data_frag) = (16, 32, 40, 56);
        (fs.groups, fs.frags_per_group, fs.size_frags) = (3, 512, 1200);
        fs.inodes_per_group = 2 * 4096 / kind.format.inode_bytes();
        (fs.superblock_bytes, fs.summary_bytes, fs.summary_frag) = (1536, 512, 56);
        fs.file_bytes_max = u64::MAX;
        fs.magic = if kind.format == Format::Ufs1 { MAGIC_UFS1 } else { MAGIC_UFS2 };
        fs
    }

    type Change = fn(&mut Superblock);

    fn geometry(kind: Kind, change: Change) -> Result<Geometry, FieldFault> {
        let mut fs = superblock(kind);
        change(&mut fs);
        Geometry::new(kind, &fs, 1200 * 512)
    }

    #[test]
    fn inodes_are_where_their_group_is() {
        let geometry = geometry(UFS2, |_| {}).unwrap();
        let place = |inode| geometry.inode_place(InodeNo(inode));
        assert_eq!(place(2), Some((FragNo(40), 512)));
        assert_eq!(place(17), Some((FragNo(48), 256)));
        assert_eq!(place(33), Some((FragNo(512 + 40), 256)));
        assert_eq!((place(95).is_some(), place(96)), (true, None));
    }

    #[test]
    fn groups_are_staggered_by_the_mask() {
        let staggered = |fs: &mut Superblock| {
            (fs.old_group_offset_frags, fs.old_group_mask) = (16, !1);
        };
        let geometry = geometry(UFS1, staggered).unwrap();
        let starts = [0, 1, 2].map(|group| geometry.group_start(CylGroup(group)).0);
        assert_eq!(starts, [0, 512 + 16, 1024]);
    }

    #[test]
    fn data_is_what_nothing_else_is() {
        let geometry = geometry(UFS2, |_| {}).unwrap();
        let ranges = [
            (0, 8, false),  // The boot area.
            (16, 8, false), // The superblock.
            (40, 8, false), // Inodes.
            (56, 8, false), // The summary table is one fragment,
            (57, 1, true),  // and data begins behind it.
            (64, 8, true),
            (504, 8, true),
            (508, 8, false),  // Two groups.
            (512, 8, true),   // Before the superblock's copy,
            (520, 16, false), // which must not be touched.
            (512 + 56, 8, true),
            (1192, 8, true),
            (1196, 8, false), // Beyond the end.
            (1200, 1, false),
            (u64::MAX, 8, false),
        ];
        for (first, count, expected) in ranges {
            assert_eq!(geometry.is_data(FragNo(first), count), expected, "{first} + {count}");
        }
    }

    #[test]
    fn every_field_is_checked() {
        let cases: [(&str, Change); 18] = [
            ("fs_sbsize", |fs| fs.superblock_bytes = 1000),
            ("fs_bsize", |fs| fs.block_bytes = 2048),
            ("fs_bsize", |fs| fs.block_bytes = -4096),
            ("fs_fsize", |fs| fs.frag_bytes = 0),
            ("fs_fsize", |fs| fs.frag_bytes = 8192),
            ("fs_frag", |fs| fs.frags_per_block = 4),
            ("fs_size", |fs| fs.size_frags = 1201),
            ("fs_size", |fs| fs.size_frags = -1),
            ("fs_dsize", |fs| fs.data_frags = 1201),
            ("fs_fpg", |fs| fs.frags_per_group = 500),
            ("fs_fpg", |fs| fs.frags_per_group = i32::MIN),
            ("fs_ncg", |fs| fs.groups = 4),
            ("fs_ipg", |fs| fs.inodes_per_group = 0),
            ("fs_iblkno", |fs| fs.inode_frag = 32),
            ("fs_dblkno", |fs| fs.data_frag = 48),
            ("fs_size", |fs| fs.size_frags = 1024 + 48),
            ("fs_cssize", |fs| fs.summary_bytes = 47),
            ("fs_csaddr", |fs| fs.summary_frag = 1200),
        ];
        for (field, change) in cases {
            assert_eq!(geometry(UFS2, change).map_err(|fault| fault.field), Err(field));
        }
        let stagger = |fs: &mut Superblock| fs.old_group_offset_frags = 456;
        assert_eq!(geometry(UFS1, stagger).map_err(|fault| fault.field), Err("fs_old_cgoffset"));
        assert!(geometry(UFS2, stagger).is_ok());
        let link = |fs: &mut Superblock| fs.inline_link_bytes_max = 61;
        assert_eq!(geometry(UFS1, link).map_err(|fault| fault.field), Err("fs_maxsymlinklen"));
    }
}
