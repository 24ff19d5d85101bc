//! The cylinder group block: counts, and bitmaps of inodes and fragments.
//!
//! ```text
//! 0          168
//! | header   | inode map | free fragment map | cluster counts | free cluster map |
//!            ^ inode_map ^ frag_map          ^ cluster_counts ^ cluster_map
//! ```
//! Where each map begins is said in the header. A 4.2BSD group block (`struct ocg`) has them at
//! fixed places and its magic number elsewhere: [`Maps::of`] knows both.

use super::record::record;
use super::{ByteOrder, Field, Summary};

/// `cg_magic`.
pub const GROUP_MAGIC: u32 = 0x0009_0255;

/// Size of the fixed part.
pub const GROUP_HEADER_BYTES: usize = 168;

record! {
    /// The fixed part of a cylinder group block, `struct cg`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    CylinderGroup [168] {
        /// cg_firstfield: unused.
        0 => first_field: i32,
        /// cg_magic.
        4 => magic: u32,
        /// cg_old_time: last written, seconds (UFS1).
        8 => old_time: i32,
        /// cg_cgx: which group this is.
        12 => number: u32,
        /// cg_old_ncyl: cylinders (UFS1).
        16 => old_cylinders: i16,
        /// cg_old_niblk: inodes (UFS1).
        18 => old_inodes: i16,
        /// cg_ndblk: fragments.
        20 => frags: u32,
        /// cg_cs: counts.
        24 => summary: Summary,
        /// cg_rotor: last block given out.
        40 => block_rotor: u32,
        /// cg_frotor: last fragment given out.
        44 => frag_rotor: u32,
        /// cg_irotor: last inode given out.
        48 => inode_rotor: u32,
        /// cg_frsum: free runs of n fragments within a block, for n below 8.
        52 => free_runs: [u32; 8],
        /// cg_old_btotoff: where the free blocks of each cylinder are counted (UFS1).
        84 => old_block_totals: u32,
        /// cg_old_boff: where the free rotational positions are counted (UFS1).
        88 => old_positions: u32,
        /// cg_iusedoff: where the map of inodes in use begins.
        92 => inode_map: u32,
        /// cg_freeoff: where the map of free fragments begins.
        96 => frag_map: u32,
        /// cg_nextfreeoff: the first byte behind the maps.
        100 => end: u32,
        /// cg_clustersumoff: where the counts of free clusters stand (the entry of size 0).
        104 => cluster_counts: u32,
        /// cg_clusteroff: where the map of free blocks begins.
        108 => cluster_map: u32,
        /// cg_nclusterblks: blocks.
        112 => cluster_blocks: u32,
        /// cg_niblk: inodes.
        116 => inodes: u32,
        /// cg_initediblk: inodes written to disk so far; the others are whatever stood there
        /// before (UFS2).
        120 => initialized_inodes: u32,
        /// cg_sparecon32. FreeBSD counts unreferenced inodes in the first.
        124 => spare_32: [i32; 2],
        /// cg_ckhash: FreeBSD's check hash of this block.
        132 => check_hash: u32,
        /// cg_time: last written, seconds.
        136 => time: i64,
        /// cg_sparecon64.
        144 => spare_64: [i64; 3],
    }
}

impl CylinderGroup {
    /// The header at the start of `block`; `None` if it is too short or not a group of this
    /// form.
    pub fn parse(block: &[u8], order: ByteOrder) -> Option<Self> {
        let header = Self::get(block.get(..GROUP_HEADER_BYTES)?, order);
        (header.magic == GROUP_MAGIC).then_some(header)
    }
}

/// Where the two bitmaps of a group block begin, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maps {
    /// Inodes in use, a bit each.
    pub inode_map: usize,
    /// Free fragments, a bit each.
    pub frag_map: usize,
}

impl Maps {
    const OLD_INODE_MAP: usize = 724;
    const OLD_MAGIC: usize = 980;
    const OLD_FRAG_MAP: usize = 984;

    /// The bitmaps in `block`, new or 4.2BSD; `None` if it is no group block or they do not fit
    /// in it.
    pub fn of(block: &[u8], order: ByteOrder, inodes: u32, frags: u32) -> Option<Self> {
        let maps = match CylinderGroup::parse(block, order) {
            Some(header) => {
                Self { inode_map: header.inode_map as usize, frag_map: header.frag_map as usize }
            }
            None => Self::old(block, order)?,
        };
        let fits = |start: usize, bits: u32| {
            start >= GROUP_HEADER_BYTES && start + bits.div_ceil(8) as usize <= block.len()
        };
        (fits(maps.inode_map, inodes) && fits(maps.frag_map, frags)).then_some(maps)
    }

    fn old(block: &[u8], order: ByteOrder) -> Option<Self> {
        let magic = block.get(Self::OLD_MAGIC..Self::OLD_FRAG_MAP)?;
        let maps = Self { inode_map: Self::OLD_INODE_MAP, frag_map: Self::OLD_FRAG_MAP };
        (u32::get(magic, order) == GROUP_MAGIC).then_some(maps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_back() {
        let mut bytes: [u8; 512] = core::array::from_fn(|at| at as u8);
        GROUP_MAGIC.put(&mut bytes[4..], ByteOrder::Big);
        let header = CylinderGroup::parse(&bytes, ByteOrder::Big).expect("a group");
        let mut again = bytes;
        again[..GROUP_HEADER_BYTES].fill(0);
        header.put(&mut again, ByteOrder::Big);
        assert_eq!(again, bytes);
        assert_eq!(CylinderGroup::parse(&bytes, ByteOrder::Little), None);
        assert_eq!(CylinderGroup::parse(&bytes[..100], ByteOrder::Big), None);
    }

    #[test]
    fn maps_must_lie_in_the_block() {
        let order = ByteOrder::Little;
        let mut bytes = [0; 512];
        GROUP_MAGIC.put(&mut bytes[4..], order);
        168_u32.put(&mut bytes[92..], order);
        200_u32.put(&mut bytes[96..], order);
        let maps = Maps { inode_map: 168, frag_map: 200 };
        assert_eq!(Maps::of(&bytes, order, 64, 312 * 8), Some(maps));
        assert_eq!(Maps::of(&bytes, order, 64, 312 * 8 + 1), None);
        u32::MAX.put(&mut bytes[92..], order);
        assert_eq!(Maps::of(&bytes, order, 64, 8), None);
    }

    #[test]
    fn a_42bsd_group_is_known_by_its_magic() {
        let mut bytes = [0; 2048];
        GROUP_MAGIC.put(&mut bytes[980..], ByteOrder::Big);
        let maps = Maps { inode_map: 724, frag_map: 984 };
        assert_eq!(Maps::of(&bytes, ByteOrder::Big, 64, 800), Some(maps));
    }
}
