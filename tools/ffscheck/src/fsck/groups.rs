//! Phase 5: every group's maps and counts, the table of summaries, and the totals.

use super::Check;
use super::class::Class;
use super::error::Result;
use super::group_block::{Form, Tally, bit, set_bit};
use super::report::{Phase, Place};
use ffs::layout::{CylGroup, CylinderGroup, Field, Summary, TotalSummary};

/// A group as it must be.
struct Group {
    form: Form,
    header: CylinderGroup,
    tally: Tally,
    inode_map: Vec<u8>,
    frag_map: Vec<u8>,
}

/// Bytes of a 4.2BSD group's header.
const OLD_HEADER_BYTES: usize = 84;

impl Check<'_> {
    pub(super) fn check_groups(&mut self) -> Result<()> {
        self.notes.phase = Phase::Groups;
        let geometry = self.volume.geometry;
        let mut table = vec![0; geometry.summary_bytes as usize];
        self.volume.read(geometry.summary_frag, &mut table)?;
        let before = table.clone();
        let mut total = TotalSummary::default();
        for (group, entry) in (0..geometry.groups).zip(table.chunks_exact_mut(Summary::BYTES)) {
            self.notes.progress(group.into(), geometry.groups.into());
            let summary = self.check_group(CylGroup(group))?;
            self.check_summary(group, entry, &summary);
            total = total.plus(summary);
        }
        if table != before {
            self.volume.write(geometry.summary_frag, &table)?;
        }
        self.check_totals(&total);
        self.notes.progress(geometry.groups.into(), geometry.groups.into());
        Ok(())
    }

    fn check_summary(&mut self, group: u32, entry: &mut [u8], summary: &Summary) {
        let order = self.volume.geometry.order;
        let old = Summary::get(entry, order);
        if old == *summary {
            return;
        }
        summary.put(entry, order);
        if !self.volume.table_is_stale {
            let what = format!("{}, and the table of summaries says {}", text(summary), text(&old));
            self.notes.fixed(Class::SummaryTable, Place::group(group), what, "corrected");
        }
    }

    fn check_totals(&mut self, total: &TotalSummary) {
        let old = self.volume.superblock().total;
        let counts = |total: &TotalSummary| {
            let TotalSummary { directories, free_blocks, free_inodes, free_frags, .. } = *total;
            [directories, free_blocks, free_inodes, free_frags]
        };
        if counts(total) != counts(&old) {
            if !self.volume.totals_are_stale {
                let (is, was) = (counts(total), counts(&old));
                let what = format!(
                    "directories, free blocks, inodes and fragments are {is:?}, and the \
                     superblock says {was:?}"
                );
                self.notes.fixed(Class::Totals, Place::default(), what, "corrected");
            }
            self.volume.set_totals(total);
        }
        (self.volume.totals_are_stale, self.volume.table_is_stale) = (false, false);
        self.total = *total;
    }

    fn check_group(&mut self, group: CylGroup) -> Result<Summary> {
        let mut block = self.volume.group_block(group)?;
        let is_broken = self.census.broken_groups.contains(&group.0);
        if is_broken {
            block.fill(0);
        }
        let before = block.clone();
        let Some(expected) = self.expected(group, &block) else {
            let what = "its maps do not fit into a block";
            self.notes.lost(Class::GroupHeader, Place::group(group.0), what);
            return Ok(Summary::default());
        };
        if !is_broken {
            self.compare(group, &expected, &block);
        }
        self.put(&expected, &mut block);
        if block != before || is_broken {
            self.volume.write(self.volume.geometry.group_block(group), &block)?;
        }
        Ok(expected.header.summary)
    }

    /// What the census says of a group.
    fn expected(&self, group: CylGroup, block: &[u8]) -> Option<Group> {
        let geometry = &self.volume.geometry;
        let form = Form::of(&self.volume, block)?;
        let frags = self.volume.group_frags(group);
        let frag_map = self.frag_map(group, frags);
        let (inode_map, free_inodes, directories) = self.inode_map(group);
        let per_block = geometry.frags_per_block();
        let tally = Tally::new(&frag_map, frags, per_block, form.cluster_sizes);
        let old = CylinderGroup::get(block, geometry.order);
        let mut header = self.volume.group_header(group, &form, &old);
        header.summary = tally.summary(free_inodes, directories);
        header.free_runs = tally.free_runs;
        for (rotor, end) in [
            (&mut header.block_rotor, frags),
            (&mut header.frag_rotor, frags),
            (&mut header.inode_rotor, geometry.inodes_per_group),
        ] {
            *rotor = if *rotor < end { *rotor } else { 0 };
        }
        if let Some(&count) = self.census.initialized.get(&group.0) {
            header.initialized_inodes = count;
        } else if self.census.broken_groups.contains(&group.0) {
            let is_wide = geometry.format == ffs::layout::Format::Ufs2;
            header.initialized_inodes = if is_wide { geometry.inodes_per_group } else { 0 };
            header.old_cylinders = self.volume.raw.old_cylinders_per_group as i16;
        }
        Some(Group { form, header, tally, inode_map, frag_map })
    }

    fn frag_map(&self, group: CylGroup, frags: u32) -> Vec<u8> {
        let base = u64::from(group.0) * u64::from(self.volume.geometry.frags_per_group);
        let mut map = vec![0; self.volume.geometry.frags_per_group.div_ceil(8) as usize];
        map[..frags as usize / 8].fill(0xff);
        (frags / 8 * 8..frags).for_each(|frag| set_bit(&mut map, frag, true));
        for frag in self.census.used.ones(base..base + u64::from(frags)) {
            set_bit(&mut map, (frag - base) as u32, false);
        }
        map
    }

    /// The map of inodes in use, how many are free, and how many are directories.
    fn inode_map(&self, group: CylGroup) -> (Vec<u8>, u32, u32) {
        let count = self.volume.geometry.inodes_per_group;
        let mut map = vec![0; count.div_ceil(8) as usize];
        let (mut free, mut directories) = (count, 0);
        let base = u64::from(group.0) * u64::from(count);
        if group.0 == 0 {
            // The two numbers that are never given out.
            map[0] |= 0b11;
            free -= 2;
        }
        for (number, known) in self.census.inodes.range(base..base + u64::from(count)) {
            if !known.is_free() {
                set_bit(&mut map, (number - base) as u32, true);
                free -= 1;
                directories += u32::from(known.is_directory());
            }
        }
        (map, free, directories)
    }

    fn compare(&mut self, group: CylGroup, expected: &Group, block: &[u8]) {
        let order = self.volume.geometry.order;
        let old = CylinderGroup::get(block, order);
        let new = &expected.header;
        let place = || Place::group(group.0);
        if let Some(fields) = misplaced(&old, new) {
            self.notes.fixed(Class::GroupHeader, place(), fields, "corrected");
        }
        let rotors =
            |header: &CylinderGroup| [header.block_rotor, header.frag_rotor, header.inode_rotor];
        if rotors(&old) != rotors(new) {
            let what = format!("rotors {:?} lie outside", rotors(&old));
            self.notes.fixed(Class::Rotor, place(), what, "reset");
        }
        self.compare_maps(group, expected, block);
        if old.free_runs != new.free_runs {
            let what = format!("runs are {:?}, not {:?}", new.free_runs, old.free_runs);
            self.notes.fixed(Class::FreeRuns, place(), what, "corrected");
        }
        if old.summary != new.summary {
            let what = format!("{}, and the group says {}", text(&new.summary), text(&old.summary));
            self.notes.fixed(Class::GroupCounts, place(), what, "corrected");
        }
    }

    fn compare_maps(&mut self, group: CylGroup, expected: &Group, block: &[u8]) {
        let form = &expected.form;
        let per_group = self.volume.geometry.inodes_per_group;
        let inodes = differences(&expected.inode_map, &block[form.inode_map..]);
        if let Some((first, lost, leaked)) = inodes {
            let what =
                format!("{lost} inodes in use are free in the map, {leaked} free ones in use");
            let place = Place { inode: Some(group.0 * per_group + first), ..Place::group(group.0) };
            self.notes.fixed(Class::InodeMap, place, what, "corrected");
        }
        let frags = differences(&expected.frag_map, &block[form.frag_map..]);
        if let Some((first, leaked, lost)) = frags {
            let what =
                format!("{lost} fragments in use are free in the map, {leaked} free ones in use");
            let base = u64::from(group.0) * u64::from(self.volume.geometry.frags_per_group);
            let place = Place::group(group.0).at(base + u64::from(first));
            self.notes.fixed(Class::FragmentMap, place, what, "corrected");
        }
        let mut clusters = block.to_vec();
        expected.tally.put_clusters(form, &mut clusters, self.volume.geometry.order);
        if clusters != block {
            let what = "the map of free blocks, or the counts of their runs";
            self.notes.fixed(Class::ClusterMap, Place::group(group.0), what, "corrected");
        }
    }

    fn put(&self, expected: &Group, block: &mut [u8]) {
        let order = self.volume.geometry.order;
        let form = &expected.form;
        let mut header = [0; CylinderGroup::BYTES];
        expected.header.put(&mut header, order);
        let kept = if form.is_42bsd { OLD_HEADER_BYTES } else { header.len() };
        block[..kept].copy_from_slice(&header[..kept]);
        for (at, map) in
            [(form.inode_map, &expected.inode_map), (form.frag_map, &expected.frag_map)]
        {
            block[at..at + map.len()].copy_from_slice(map);
        }
        expected.tally.put_clusters(form, block, order);
    }
}

/// The fields of a header that are not where or what they must be.
fn misplaced(old: &CylinderGroup, new: &CylinderGroup) -> Option<String> {
    let fields = |group: &CylinderGroup| {
        [
            ("cg_magic", group.magic),
            ("cg_cgx", group.number),
            ("cg_ndblk", group.frags),
            ("cg_old_niblk", group.old_inodes as u32),
            ("cg_old_btotoff", group.old_block_totals),
            ("cg_old_boff", group.old_positions),
            ("cg_iusedoff", group.inode_map),
            ("cg_freeoff", group.frag_map),
            ("cg_nextfreeoff", group.end),
            ("cg_clustersumoff", group.cluster_counts),
            ("cg_clusteroff", group.cluster_map),
            ("cg_nclusterblks", group.cluster_blocks),
            ("cg_niblk", group.inodes),
        ]
    };
    let wrong: Vec<String> = fields(old)
        .into_iter()
        .zip(fields(new))
        .filter(|(old, new)| old != new)
        .map(|((name, old), (_, new))| format!("{name} is {old}, not {new}"))
        .collect();
    (!wrong.is_empty()).then(|| wrong.join(", "))
}

/// The first bit in which two maps differ, how many are set only in the first, and how many only
/// in the second.
fn differences(new: &[u8], old: &[u8]) -> Option<(u32, u32, u32)> {
    let bytes = (0..new.len() as u32).filter(|&byte| new[byte as usize] != old[byte as usize]);
    let bits = bytes.flat_map(|byte| byte * 8..byte * 8 + 8);
    let mut differing = bits.filter(|&index| bit(new, index) != bit(old, index));
    let first = differing.next()?;
    let all = std::iter::once(first).chain(differing);
    let (only_new, only_old) =
        all.fold((0, 0), |(only_new, only_old), index| match bit(new, index) {
            true => (only_new + 1, only_old),
            false => (only_new, only_old + 1),
        });
    Some((first, only_new, only_old))
}

fn text(summary: &Summary) -> String {
    let Summary { directories, free_blocks, free_inodes, free_frags } = summary;
    format!(
        "{directories} directories, {free_blocks} free blocks, {free_inodes} free inodes, \
         {free_frags} free fragments"
    )
}
