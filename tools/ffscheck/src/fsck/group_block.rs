//! A cylinder group's block: where its maps must be, and what follows from them.
//!
//! ```text
//! | header | UFS1: old tables | inodes in use | free fragments | cluster counts | free blocks |
//! 0        168
//! ```
//! After NetBSD's `fsck_ffs/pass5.c`, which computes every offset again, down to the table of
//! cluster counts that has no entry of size 0. Superblocks of old have tables of their own in
//! between, and 4.2BSD's groups another header: there the offsets are taken as they are.

use super::volume::Volume;
use ffs::layout::{
    ByteOrder, CylGroup, CylinderGroup, Field, Format, GROUP_HEADER_BYTES, GROUP_MAGIC, Maps,
    Summary,
};

/// Where everything stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub old_block_totals: usize,
    pub old_positions: usize,
    pub inode_map: usize,
    pub frag_map: usize,
    /// The table of cluster counts, if there is one: the entry of size 0.
    pub cluster_counts: usize,
    pub cluster_map: usize,
    pub end: usize,
    /// How many sizes of clusters are counted; 0 if there is no such table.
    pub cluster_sizes: usize,
    /// Whether it is a group of 4.2BSD: its header ends with the counts of runs.
    pub is_42bsd: bool,
}

/// FS_MAXCONTIG: longer runs of free blocks are counted as if they were this long.
pub(super) const CLUSTER_SIZES_MAX: i32 = 16;

impl Form {
    /// Where everything must be; `None` if that does not fit into a block.
    pub fn of(volume: &Volume<'_>, block: &[u8]) -> Option<Self> {
        let geometry = &volume.geometry;
        if !volume.raw.is_updated() {
            return Self::found(volume, block);
        }
        let is_old = geometry.format == Format::Ufs1;
        let cylinders = usize::try_from(volume.raw.old_cylinders_per_group).ok()?;
        let positions = usize::try_from(volume.raw.old_rotation_positions).ok()?;
        let tables = if is_old { [4, 2 * positions] } else { [0, 0] };
        let old_block_totals = GROUP_HEADER_BYTES;
        let old_positions = old_block_totals.checked_add(cylinders.checked_mul(tables[0])?)?;
        let inode_map = old_positions.checked_add(cylinders.checked_mul(tables[1])?)?;
        let form = Self {
            old_block_totals: if is_old { old_block_totals } else { 0 },
            old_positions: if is_old { old_positions } else { 0 },
            inode_map,
            frag_map: inode_map.checked_add(geometry.inodes_per_group.div_ceil(8) as usize)?,
            cluster_counts: 0,
            cluster_map: 0,
            end: 0,
            cluster_sizes: volume.raw.cluster_sizes.clamp(0, CLUSTER_SIZES_MAX) as usize,
            is_42bsd: false,
        };
        form.with_clusters(volume).filter(|form| form.end <= block.len())
    }

    fn with_clusters(self, volume: &Volume<'_>) -> Option<Self> {
        let geometry = &volume.geometry;
        let maps_end = self.frag_map.checked_add(geometry.frags_per_group.div_ceil(8) as usize)?;
        if self.cluster_sizes == 0 {
            return Some(Self { end: maps_end, ..self });
        }
        let cluster_counts = (maps_end - 4).next_multiple_of(4);
        let cluster_map = cluster_counts + 4 * (self.cluster_sizes + 1);
        let blocks = geometry.frags_per_group >> geometry.frags_per_block_shift();
        let end = cluster_map + blocks.div_ceil(8) as usize;
        Some(Self { cluster_counts, cluster_map, end, ..self })
    }

    /// Where the header says that everything is.
    fn found(volume: &Volume<'_>, block: &[u8]) -> Option<Self> {
        let geometry = &volume.geometry;
        let (inodes, frags) = (geometry.inodes_per_group, geometry.frags_per_group);
        let maps = Maps::of(block, geometry.order, inodes, frags)?;
        let header = CylinderGroup::parse(block, geometry.order);
        Some(Self {
            old_block_totals: header.map_or(0, |header| header.old_block_totals as usize),
            old_positions: header.map_or(0, |header| header.old_positions as usize),
            inode_map: maps.inode_map,
            frag_map: maps.frag_map,
            cluster_counts: 0,
            cluster_map: 0,
            end: header.map_or(block.len(), |header| header.end as usize),
            cluster_sizes: 0,
            is_42bsd: header.is_none(),
        })
    }
}

/// What follows from the map of free fragments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub free_blocks: i32,
    pub free_frags: i32,
    /// Runs of free fragments within blocks that are not all free, by length.
    pub free_runs: [u32; 8],
    /// Runs of free blocks by length, the last entry counting all longer ones too.
    pub cluster_counts: Vec<u32>,
    pub cluster_map: Vec<u8>,
}

pub(super) fn bit(map: &[u8], index: u32) -> bool {
    map[index as usize / 8] >> (index % 8) & 1 != 0
}

pub(super) fn set_bit(map: &mut [u8], index: u32, value: bool) {
    let mask = 1 << (index % 8);
    if value {
        map[index as usize / 8] |= mask;
    } else {
        map[index as usize / 8] &= !mask;
    }
}

/// The bits of up to eight fragments of one block.
fn free_of_block(map: &[u8], first: u32, count: u32) -> u8 {
    let bits = map[first as usize / 8] >> (first % 8);
    bits & (0xff_u16 >> (8 - count)) as u8
}

impl Tally {
    /// Counts a map of `frags` fragments in blocks of `per_block`.
    pub fn new(map: &[u8], frags: u32, per_block: u32, cluster_sizes: usize) -> Self {
        let blocks = frags.div_ceil(per_block);
        let mut tally = Self {
            cluster_counts: vec![0; cluster_sizes + 1],
            cluster_map: vec![0; blocks.div_ceil(8) as usize],
            ..Self::default()
        };
        let mut run = 0;
        for block in 0..blocks {
            let first = block * per_block;
            let count = per_block.min(frags - first);
            let free = free_of_block(map, first, count);
            if free.count_ones() == per_block {
                tally.free_blocks += 1;
                set_bit(&mut tally.cluster_map, block, true);
                run += 1;
            } else {
                tally.count_cluster(std::mem::take(&mut run));
                tally.count_pieces(free);
            }
        }
        tally.count_cluster(run);
        tally
    }

    fn count_cluster(&mut self, blocks: usize) {
        let longest = self.cluster_counts.len() - 1;
        if blocks > 0 && longest > 0 {
            self.cluster_counts[blocks.min(longest)] += 1;
        }
    }

    fn count_pieces(&mut self, mut free: u8) {
        self.free_frags += free.count_ones() as i32;
        while free != 0 {
            free >>= free.trailing_zeros();
            let run = free.trailing_ones();
            self.free_runs[run as usize] += 1;
            free = free.checked_shr(run).unwrap_or(0);
        }
    }

    /// The counts of a group with so many free inodes and directories.
    pub fn summary(&self, free_inodes: u32, directories: u32) -> Summary {
        Summary {
            directories: directories as i32,
            free_blocks: self.free_blocks,
            free_inodes: free_inodes as i32,
            free_frags: self.free_frags,
        }
    }

    /// Writes what follows from the map into a group's block, but for its header.
    pub fn put_clusters(&self, form: &Form, block: &mut [u8], order: ByteOrder) {
        if form.cluster_sizes == 0 {
            return;
        }
        for (size, count) in self.cluster_counts.iter().enumerate().skip(1) {
            count.put(&mut block[form.cluster_counts + 4 * size..], order);
        }
        let map = &mut block[form.cluster_map..form.end];
        map.fill(0);
        let bytes = self.cluster_map.len().min(map.len());
        map[..bytes].copy_from_slice(&self.cluster_map[..bytes]);
    }
}

impl Volume<'_> {
    /// The header of a group that is nothing but right: its counts are yet to come.
    pub fn group_header(&self, group: CylGroup, form: &Form, old: &CylinderGroup) -> CylinderGroup {
        let frags = self.group_frags(group);
        let geometry = &self.geometry;
        let is_wide = geometry.format == Format::Ufs2;
        let mut header = CylinderGroup { magic: GROUP_MAGIC, number: group.0, frags, ..*old };
        if form.is_42bsd {
            header.magic = old.magic;
            return header;
        }
        header.old_block_totals = form.old_block_totals as u32;
        header.old_positions = form.old_positions as u32;
        header.inode_map = form.inode_map as u32;
        header.frag_map = form.frag_map as u32;
        header.end = form.end as u32;
        if self.raw.is_updated() {
            header.cluster_counts = form.cluster_counts as u32;
            header.cluster_map = form.cluster_map as u32;
            let blocks = frags >> geometry.frags_per_block_shift();
            header.cluster_blocks = if form.cluster_sizes > 0 { blocks } else { 0 };
            header.inodes = if is_wide { geometry.inodes_per_group } else { 0 };
        }
        if !is_wide {
            header.old_inodes = geometry.inodes_per_group as i16;
        }
        header
    }
}
