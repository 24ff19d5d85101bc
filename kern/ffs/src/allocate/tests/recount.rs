//! Every sum of every group computed again from its maps, knowing nothing of how they are kept.

use super::world::World;
use crate::layout::{CylGroup, CylinderGroup, Field, Summary, TotalSummary};
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

/// What a group's maps say.
pub struct Recount {
    pub free_frags: BTreeSet<u64>,
    pub used_inodes: BTreeSet<u64>,
    free_runs: [u32; 8],
    clusters: Vec<u32>,
    free_blocks_map: Vec<bool>,
    summary: Summary,
}

fn bit(bytes: &[u8], start: u32, index: u32) -> bool {
    bytes[(start + index / 8) as usize] & (1 << (index % 8)) != 0
}

fn cluster_sizes(world: &World) -> usize {
    world.ffs.superblock.cluster_sizes as usize
}

impl Recount {
    pub fn of(world: &World, number: CylGroup) -> Self {
        let geometry = &world.ffs.geometry;
        let page = world.group(number);
        let header = CylinderGroup::parse(&page, geometry.order).expect("a group");
        let mut recount = Self {
            free_frags: BTreeSet::new(),
            used_inodes: BTreeSet::new(),
            free_runs: [0; 8],
            clusters: vec![0; cluster_sizes(world) + 1],
            free_blocks_map: Vec::new(),
            summary: Summary { directories: header.summary.directories, ..Summary::default() },
        };
        let start = u64::from(number.0) * u64::from(geometry.frags_per_group);
        let free = (0..header.frags).map(|frag| bit(&page, header.frag_map, frag));
        let free: Vec<bool> = free.collect();
        for (frag, _) in (start..).zip(&free).filter(|(_, free)| **free) {
            recount.free_frags.insert(frag);
        }
        recount.count_blocks(&free, geometry.frags_per_block() as usize);
        recount.count_clusters();
        recount.count_inodes(number, geometry.inodes_per_group, |index| {
            bit(&page, header.inode_map, index)
        });
        recount.compare(world, number, &header, &page);
        recount
    }

    fn count_blocks(&mut self, free: &[bool], frags_per_block: usize) {
        for block in free.chunks(frags_per_block) {
            let is_whole = block.len() == frags_per_block && block.iter().all(|&free| free);
            if block.len() == frags_per_block {
                self.free_blocks_map.push(is_whole);
            }
            self.summary.free_blocks += i32::from(is_whole);
            for run in block.split(|free| !free).filter(|run| !is_whole && !run.is_empty()) {
                self.free_runs[run.len()] += 1;
                self.summary.free_frags += run.len() as i32;
            }
        }
    }

    fn count_clusters(&mut self) {
        let longest = self.clusters.len() - 1;
        for run in self.free_blocks_map.split(|free| !free).filter(|run| !run.is_empty()) {
            self.clusters[run.len().min(longest)] += 1;
        }
    }

    fn count_inodes(&mut self, group: CylGroup, count: u32, is_used: impl Fn(u32) -> bool) {
        for index in 0..count {
            if is_used(index) {
                self.used_inodes.insert(u64::from(group.0 * count + index));
            } else {
                self.summary.free_inodes += 1;
            }
        }
    }

    fn compare(&self, world: &World, number: CylGroup, header: &CylinderGroup, page: &[u8]) {
        let order = world.ffs.geometry.order;
        assert_eq!(header.summary, self.summary, "{number:?}");
        assert_eq!(world.ffs.writer.as_ref().expect("writable").summary(number), self.summary);
        assert_eq!(header.free_runs, self.free_runs, "{number:?}");
        for (block, &is_free) in (0..).zip(&self.free_blocks_map) {
            assert_eq!(bit(page, header.cluster_map, block), is_free, "{number:?} block {block}");
        }
        for (size, &count) in self.clusters.iter().enumerate().skip(1) {
            let at = header.cluster_counts as usize + 4 * size;
            assert_eq!(u32::get(&page[at..], order), count, "{number:?} clusters of {size}");
        }
    }
}

/// Free fragments and used inodes of all groups, after every sum was compared.
pub fn recount(world: &World) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut free_frags, mut used_inodes) = (BTreeSet::new(), BTreeSet::new());
    let mut total = TotalSummary::default();
    for group in world.groups() {
        let mut recount = Recount::of(world, group);
        total = total.plus(recount.summary);
        free_frags.append(&mut recount.free_frags);
        used_inodes.append(&mut recount.used_inodes);
    }
    assert_eq!(world.ffs.writer.as_ref().expect("writable").total(), total);
    (free_frags, used_inodes)
}
