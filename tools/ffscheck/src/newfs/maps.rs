//! A cylinder group's maps, and the counts that follow from them.

use super::Plan;
use super::root::ROOT_INODE;
use ffs::layout::Summary;

/// A row of bits, bit `n` in byte `n / 8` counted from the least significant, as BSD has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u8>);

impl Bits {
    pub fn new(count: u32) -> Self {
        Self(vec![0; count.div_ceil(8) as usize])
    }

    pub fn set(&mut self, bits: std::ops::Range<u32>) {
        for bit in bits {
            self.0[bit as usize / 8] |= 1 << (bit % 8);
        }
    }

    pub fn clear(&mut self, bits: std::ops::Range<u32>) {
        for bit in bits {
            self.0[bit as usize / 8] &= !(1 << (bit % 8));
        }
    }

    pub fn get(&self, bit: u32) -> bool {
        self.0[bit as usize / 8] & (1 << (bit % 8)) != 0
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What is free in a new group, and how much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Maps {
    /// Inodes in use.
    pub inodes: Bits,
    /// Free fragments.
    pub frags: Bits,
    /// Free full blocks.
    pub clusters: Bits,
    /// The counts kept in the summary table too.
    pub summary: Summary,
    /// By length: runs of free fragments inside blocks that are not all free.
    pub frag_runs: [u32; 8],
    /// By length less one: runs of free blocks, the last entry counting all longer ones too.
    pub cluster_runs: Vec<u32>,
}

impl Maps {
    /// The maps of `group` with its own metadata taken, and in the first one the summary table,
    /// the root directory, the quota files, the owner of the log and the two inode numbers that are
    /// never used.
    pub fn new(plan: &Plan, group: u32) -> Self {
        let end = plan.group_end(group) as u32;
        let mut maps = Self {
            inodes: Bits::new(plan.inodes_per_group),
            frags: Bits::new(plan.frags_per_group),
            clusters: Bits::new(plan.frags_per_group / plan.frags_per_block()),
            ..Self::default()
        };
        maps.frags.set(0..end);
        maps.summary.free_inodes = plan.inodes_per_group as i32;
        if group == 0 {
            maps.take_first(plan);
        } else {
            maps.frags.clear(plan.superblock_frag..plan.data_frag);
        }
        maps.frags.clear(plan.log_frags(group));
        maps.count(plan, end);
        maps
    }

    fn take_first(&mut self, plan: &Plan) {
        self.frags.clear(0..plan.data_frag + plan.summary_frags());
        self.frags.clear(plan.root_frag()..plan.root_frag() + 1);
        self.frags.clear(plan.quota_frags());
        let used = ROOT_INODE + 1 + u32::from(plan.log.is_some()) + plan.quotas.count();
        self.inodes.set(0..used);
        self.summary.free_inodes -= used as i32;
        self.summary.directories = 1;
    }

    fn count(&mut self, plan: &Plan, end: u32) {
        let size = plan.frags_per_block();
        self.cluster_runs = vec![0; plan.cluster_sizes as usize];
        let mut cluster = 0;
        for block in 0..end / size {
            if (block * size..(block + 1) * size).all(|frag| self.frags.get(frag)) {
                self.clusters.set(block..block + 1);
                self.summary.free_blocks += 1;
                cluster += 1;
            } else {
                self.count_frags(block * size..(block + 1) * size);
                self.end_cluster(&mut cluster);
            }
        }
        self.end_cluster(&mut cluster);
        self.count_frags(end / size * size..end);
    }

    fn end_cluster(&mut self, length: &mut usize) {
        if let Some(longest) = std::mem::take(length).min(self.cluster_runs.len()).checked_sub(1) {
            self.cluster_runs[longest] += 1;
        }
    }

    fn count_frags(&mut self, block: std::ops::Range<u32>) {
        let free: Vec<bool> = block.map(|frag| self.frags.get(frag)).collect();
        for run in free.split(|free| !free).filter(|run| !run.is_empty()) {
            self.summary.free_frags += run.len() as i32;
            self.frag_runs[run.len()] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::newfs::Options;

    #[test]
    fn counts_follow_from_the_map() {
        let plan = Plan::new(&Options::new(4 << 20)).expect("a plan");
        let maps = Maps::new(&plan, 0);
        let free = (0..plan.frags_per_group).filter(|&frag| maps.frags.get(frag)).count() as i32;
        assert_eq!(maps.summary.free_blocks * 8 + maps.summary.free_frags, free);
        let in_runs: u32 = (0..8).map(|length| maps.frag_runs[length as usize] * length).sum();
        assert_eq!(in_runs as i32, maps.summary.free_frags);
        assert_eq!(maps.cluster_runs.iter().sum::<u32>(), 1);
    }
}
