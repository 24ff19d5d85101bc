//! A cylinder group's block: its header, and its maps behind it.
//!
//! ```text
//! | header | UFS1: old tables | inodes in use | free fragments | cluster counts | free blocks |
//! 0        168
//! ```
//! fsck(8) computes the place of every map again and compares, so the rules are kept to the
//! byte, down to this one: the table of cluster counts has no entry of size 0, and begins where
//! that entry would end.

use super::{Maps, Plan};
use abi::Timestamp;
use ffs::layout::{ByteOrder, CylinderGroup, Field, Format, GROUP_HEADER_BYTES, GROUP_MAGIC};

/// Inode blocks that a UFS2 system may take to be initialized: the rest it writes when it
/// comes to need them.
const INITIALIZED_INODE_BLOCKS: u32 = 2;

/// Inodes at the beginning of each group of UFS2 that are zeros on disk.
pub(super) fn initialized_inodes(plan: &Plan) -> u32 {
    plan.inodes_per_group.min(INITIALIZED_INODE_BLOCKS * plan.inodes_per_block())
}

/// Where each map begins.
struct Offsets {
    old_block_totals: usize,
    old_positions: usize,
    inode_map: usize,
    frag_map: usize,
    cluster_counts: usize,
    cluster_map: usize,
    end: usize,
}

impl Offsets {
    fn of(plan: &Plan, maps: &Maps) -> Self {
        let old = plan.format == Format::Ufs1;
        let old_block_totals = GROUP_HEADER_BYTES;
        let old_positions = old_block_totals + if old { 4 } else { 0 };
        let inode_map = old_positions + if old { 2 } else { 0 };
        let frag_map = inode_map + maps.inodes.bytes().len();
        let cluster_counts = (frag_map + maps.frags.bytes().len() - 4).next_multiple_of(4);
        let cluster_map = cluster_counts + 4 * (maps.cluster_runs.len() + 1);
        let end = cluster_map + maps.clusters.bytes().len();
        let old_table = |offset| if old { offset } else { 0 };
        Self {
            old_block_totals: old_table(old_block_totals),
            old_positions: old_table(old_positions),
            inode_map,
            frag_map,
            cluster_counts,
            cluster_map,
            end,
        }
    }
}

/// The block of `group` as it stands on disk.
pub(super) fn block(
    plan: &Plan,
    group: u32,
    maps: &Maps,
    order: ByteOrder,
    time: Timestamp,
) -> Vec<u8> {
    let offsets = Offsets::of(plan, maps);
    let mut bytes = vec![0; plan.group_bytes as usize];
    header(plan, group, maps, &offsets, time).put(&mut bytes, order);
    if plan.format == Format::Ufs1 {
        let free_blocks = maps.summary.free_blocks;
        free_blocks.put(&mut bytes[offsets.old_block_totals..], order);
        (free_blocks as u16).put(&mut bytes[offsets.old_positions..], order);
    }
    for (offset, map) in [
        (offsets.inode_map, &maps.inodes),
        (offsets.frag_map, &maps.frags),
        (offsets.cluster_map, &maps.clusters),
    ] {
        bytes[offset..offset + map.bytes().len()].copy_from_slice(map.bytes());
    }
    for (index, runs) in maps.cluster_runs.iter().enumerate() {
        runs.put(&mut bytes[offsets.cluster_counts + 4 * (index + 1)..], order);
    }
    bytes
}

/// Puts another group's number into a block: all groups but the first and the last are alike.
pub(super) fn renumber(block: &mut [u8], group: u32, order: ByteOrder) {
    let mut header = CylinderGroup::get(block, order);
    header.number = group;
    header.put(block, order);
}

fn header(
    plan: &Plan,
    group: u32,
    maps: &Maps,
    offsets: &Offsets,
    time: Timestamp,
) -> CylinderGroup {
    let frags = plan.group_end(group) as u32;
    let mut header = CylinderGroup::get(&[0; GROUP_HEADER_BYTES], ByteOrder::Little);
    header.magic = GROUP_MAGIC;
    header.number = group;
    header.frags = frags;
    header.summary = maps.summary;
    header.free_runs = maps.frag_runs;
    header.cluster_blocks = frags / plan.frags_per_block();
    header.old_block_totals = offsets.old_block_totals as u32;
    header.old_positions = offsets.old_positions as u32;
    header.inode_map = offsets.inode_map as u32;
    header.frag_map = offsets.frag_map as u32;
    header.cluster_counts = offsets.cluster_counts as u32;
    header.cluster_map = offsets.cluster_map as u32;
    header.end = offsets.end as u32;
    match plan.format {
        Format::Ufs1 => {
            header.old_time = time.seconds.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            header.old_cylinders = 1;
            header.old_inodes = plan.inodes_per_group as i16;
        }
        Format::Ufs2 => {
            header.time = time.seconds;
            header.inodes = plan.inodes_per_group;
            header.initialized_inodes = initialized_inodes(plan);
        }
    }
    header
}
