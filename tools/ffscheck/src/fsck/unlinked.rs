//! Files that had no name left when the power went: freed as whoever had them open would have done,
//! in the maps and counts of their groups, which a replay has made what the log says. Quotas follow
//! when they are checked.

use super::Check;
use super::allocate::is_snapshot_mark;
use super::error::Result;
use super::group_block::{Form, Tally, bit, set_bit};
use super::walk::{Home, Verdict};
use ffs::layout::{BlockArea, CylGroup, CylinderGroup, Field, Inode, Pointers, mode};
use std::collections::{BTreeMap, BTreeSet};

/// Fragments of one group: the first, and how many.
type Pieces = Vec<(u32, u32)>;

impl Check<'_> {
    /// Frees a file without a name, as whoever had it open would have done. Says whether it was
    /// still there.
    pub(super) fn finish_unlinked(&mut self, number: u32) -> Result<bool> {
        if number <= 2 || u64::from(number) >= self.volume.geometry.inodes() {
            return Ok(false);
        }
        let group = self.group_of(number);
        let index = number % self.volume.geometry.inodes_per_group;
        if !self.edit_group(group, |block, form| bit(&block[form.inode_map..], index))? {
            return Ok(false);
        }
        let mut inode = self.volume.inode(number)?;
        if inode.links != 0 {
            return Ok(false);
        }
        let is_directory = inode.mode & mode::TYPE == mode::DIRECTORY;
        self.note_freed(&inode);
        for (group, pieces) in self.pieces_of_unlinked(&mut inode)? {
            self.free_frags(group, &pieces)?;
        }
        self.volume.clear_inode(number)?;
        self.edit_group(group, |block, form| {
            set_bit(&mut block[form.inode_map..], index, false);
            true
        })?;
        self.recount(group, 1, i32::from(is_directory))?;
        Ok(true)
    }

    /// The blocks of a file that is about to go, by group; what is no place is passed over.
    fn pieces_of_unlinked(&mut self, inode: &mut Inode) -> Result<BTreeMap<CylGroup, Pieces>> {
        if inode.mode == 0 {
            inode.area = BlockArea::Pointers(Pointers::default());
        }
        let geometry = self.volume.geometry;
        let (whole, mut pieces) = (geometry.frags_per_block(), BTreeMap::<_, Pieces>::new());
        let per_group = u64::from(geometry.frags_per_group);
        let mut seen = BTreeSet::new();
        self.volume.walk(inode, &mut |pointer| {
            // How much of a block behind the end is the file's nobody knows, unless all of it is.
            let is_whole = !matches!(pointer.home, Home::Direct(_));
            let frags = if pointer.frags == 0 && is_whole { whole } else { pointer.frags };
            let fits = geometry.frag_in_block(pointer.to) + frags <= whole;
            let is_new = seen.insert(pointer.to);
            let is_data = frags > 0 && fits && geometry.is_data(pointer.to, frags);
            if is_snapshot_mark(pointer.to) || !is_new || !is_data {
                return Verdict::Pass;
            }
            let group = CylGroup((pointer.to.0 / per_group) as u32);
            pieces.entry(group).or_default().push(((pointer.to.0 % per_group) as u32, frags));
            Verdict::Keep
        })?;
        Ok(pieces)
    }

    fn free_frags(&mut self, group: CylGroup, pieces: &Pieces) -> Result<()> {
        self.edit_group(group, |block, form| {
            let map = &mut block[form.frag_map..];
            let frags = pieces.iter().flat_map(|&(start, count)| start..start + count);
            frags.for_each(|frag| set_bit(map, frag, true));
            true
        })?;
        self.recount(group, 0, 0)
    }

    /// Changes a group's maps; what is no group stays as it is.
    fn edit_group(
        &mut self,
        group: CylGroup,
        edit: impl FnOnce(&mut [u8], &Form) -> bool,
    ) -> Result<bool> {
        let mut block = self.volume.group_block(group)?;
        if CylinderGroup::parse(&block, self.volume.geometry.order).is_none() {
            return Ok(false);
        }
        let Some(form) = Form::of(&self.volume, &block) else { return Ok(false) };
        let answer = edit(&mut block, &form);
        self.volume.write(self.volume.geometry.group_block(group), &block)?;
        Ok(answer)
    }

    /// Derives a group's counts from its own map of fragments, after so many inodes and
    /// directories were freed.
    fn recount(&mut self, group: CylGroup, inodes: i32, directories: i32) -> Result<()> {
        let frags = self.volume.group_frags(group);
        let per_block = self.volume.block_frags();
        let order = self.volume.geometry.order;
        self.edit_group(group, |block, form| {
            let tally = Tally::new(&block[form.frag_map..], frags, per_block, form.cluster_sizes);
            tally.put_clusters(form, block, order);
            let mut header = CylinderGroup::get(block, order);
            header.free_runs = tally.free_runs;
            let summary = &mut header.summary;
            (summary.free_blocks, summary.free_frags) = (tally.free_blocks, tally.free_frags);
            summary.free_inodes = summary.free_inodes.wrapping_add(inodes);
            summary.directories = summary.directories.wrapping_sub(directories);
            header.put(block, order);
            true
        })?;
        Ok(())
    }
}
