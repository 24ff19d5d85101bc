//! A cylinder group as the allocator sees it: its header, checked, and the places of its maps.
//!
//! ```text
//! | header | old tables | inodes in use | free fragments | cluster counts | free blocks |
//!   168    (old UFS1)                     (entry 0 of the counts ends the map before them)
//! ```
//! A group whose header contradicts the superblock is named once and left out from then on:
//! nothing is allocated in it, and what is freed in it stays marked as used until `fsck`.

use super::bits;
use crate::layout::{CylGroup, CylinderGroup, Field, Format, FragNo, GROUP_HEADER_BYTES, Summary};
use crate::transaction::{Step, Transaction};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use block::PageNo;
use core::fmt;
use core::ops::Range;

/// Most entries of the table of cluster counts (`FS_MAXCONTIG`), as far as we keep it.
const CLUSTER_SIZES_MAX: u32 = 64;

/// A group that was read, and is perhaps being changed.
pub(super) struct Group {
    pub(super) number: CylGroup,
    /// Its block, which is a page.
    pub(super) page: PageNo,
    pub(super) header: CylinderGroup,
    /// Fragments: in the last group fewer than in the others.
    pub(super) frags: u32,
    pub(super) frags_per_block: u32,
    /// Sizes of clusters that are counted; zero if none are.
    pub(super) cluster_sizes: u32,
    /// What was changed of its counts since it was read.
    pub(super) change: Summary,
}

impl Group {
    /// Blocks, the last one perhaps short.
    pub(super) fn blocks(&self) -> u32 {
        self.frags.div_ceil(self.frags_per_block)
    }

    /// The fragments that a block has: none beyond the end of the group.
    fn frags_of(&self, block: u32) -> Range<u32> {
        let rest = self.frags.saturating_sub(block * self.frags_per_block);
        0..rest.min(self.frags_per_block)
    }

    /// Whether these are the bits of a block that is free as a whole.
    pub(super) fn is_whole(&self, bits: u8) -> bool {
        bits == bits::all(self.frags_per_block)
    }

    /// Where the map of free fragments is in the page.
    pub(super) fn frag_map(&self) -> Range<usize> {
        let start = self.header.frag_map as usize;
        start..start + self.frags.div_ceil(8) as usize
    }

    /// The free fragments of a block in a map of them.
    pub(super) fn free_bits(&self, map: &[u8], block: u32) -> u8 {
        bits::get_block(map, block, self.frags_per_block) & bits::of(self.frags_of(block))
    }

    /// Changes the counts, in the header and what is to become of the others.
    pub(super) fn count(&mut self, change: Summary) {
        self.header.summary = self.header.summary.plus(change);
        self.change = self.change.plus(change);
    }

    fn check(&self, inodes: u32, block_bytes: usize) -> Result<(), String> {
        let header = &self.header;
        if header.number != self.number.0 {
            return Err(format!("its block says it is group {}", header.number));
        }
        if header.frags != self.frags {
            return Err(format!("{} fragments instead of {}", header.frags, self.frags));
        }
        let mut end = GROUP_HEADER_BYTES;
        for (name, start, bytes) in self.areas(inodes) {
            let start = start as usize;
            if start < end || bytes > block_bytes.saturating_sub(start) {
                return Err(format!(
                    "the {name} at byte {start}, expected between {end} and {block_bytes}"
                ));
            }
            end = start + bytes;
        }
        Ok(())
    }

    /// What must follow the header, in this order: name, place and length in bytes.
    fn areas(&self, inodes: u32) -> impl Iterator<Item = (&'static str, u32, usize)> {
        let header = &self.header;
        let counts = header.cluster_counts.saturating_add(4);
        let maps = [
            ("map of inodes", header.inode_map, inodes.div_ceil(8) as usize),
            ("map of free fragments", header.frag_map, self.frag_map().len()),
        ];
        let blocks = (self.frags / self.frags_per_block).div_ceil(8) as usize;
        let clusters = [
            ("counts of clusters", counts, self.cluster_sizes as usize * 4),
            ("map of free blocks", header.cluster_map, blocks),
        ];
        let clusters = clusters.into_iter().filter(|_| self.cluster_sizes > 0);
        maps.into_iter().chain(clusters)
    }
}

impl Transaction<'_> {
    /// A group to allocate in; `None` if it is damaged.
    pub(super) fn group(&self, number: CylGroup) -> Step<Option<Group>> {
        if self.writer.placement.borrow().is_damaged(number) {
            return Ok(None);
        }
        let geometry = &self.ffs.geometry;
        let page = self.ffs.page(geometry.group_block(number));
        let view = self.page(page)?;
        let Some(header) = CylinderGroup::parse(&view, geometry.order) else {
            self.leave_out(number, format_args!("no magic number in its block"));
            return Ok(None);
        };
        let group = self.described(number, page, header);
        if let Err(fault) = group.check(geometry.inodes_per_group, view.len()) {
            self.leave_out(number, format_args!("{fault}"));
            return Ok(None);
        }
        Ok(Some(group))
    }

    fn described(&self, number: CylGroup, page: PageNo, header: CylinderGroup) -> Group {
        let geometry = &self.ffs.geometry;
        let start = u64::from(number.0) * u64::from(geometry.frags_per_group);
        let rest = geometry.size_frags.saturating_sub(start);
        let sizes = u32::try_from(self.ffs.superblock.cluster_sizes).unwrap_or(0);
        Group {
            number,
            page,
            header,
            frags: rest.min(geometry.frags_per_group.into()) as u32,
            frags_per_block: geometry.frags_per_block(),
            cluster_sizes: sizes.min(CLUSTER_SIZES_MAX),
            change: Summary::default(),
        }
    }

    /// Names a damaged group, the first time, and allocates nothing in it any more.
    pub(super) fn leave_out(&self, number: CylGroup, fault: fmt::Arguments<'_>) {
        if self.writer.placement.borrow_mut().leave_out(number) {
            let block = self.ffs.geometry.group_block(number);
            let number = number.0;
            self.ffs.damaged(format_args!(
                "cylinder group {number} (block at fragment {block}): {fault}; nothing is \
                 allocated there before fsck has repaired it"
            ));
        }
    }

    /// Ends the change of a group: its header is written, and the counts follow.
    pub(super) fn put_group(&mut self, mut group: Group) -> Step<()> {
        self.stamp(&mut group.header);
        let order = self.ffs.geometry.order;
        group.header.put(self.metadata_mut(group.page, 0..GROUP_HEADER_BYTES)?, order);
        self.count(group.number, group.change);
        Ok(())
    }

    /// The time of the last change: UFS1 has a field of its own, and a new one once it was updated.
    fn stamp(&self, header: &mut CylinderGroup) {
        let seconds = self.time.seconds;
        if self.ffs.geometry.format == Format::Ufs1 {
            header.old_time = seconds.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        }
        if self.ffs.superblock.is_updated() {
            header.time = seconds;
        }
    }

    /// The map of free fragments of a group, without those that may not be given out yet; `page`
    /// is the group's.
    pub(super) fn usable_map<'p>(&self, group: &Group, page: &'p [u8]) -> Cow<'p, [u8]> {
        let mut map = Cow::Borrowed(page.get(group.frag_map()).unwrap_or_default());
        let withheld = self.writer.withheld.borrow();
        if withheld.frags_in(group.number) > 0 {
            withheld.take_from(group.number, map.to_mut());
        }
        for extent in self.freed() {
            let (number, first) = self.ffs.geometry.place_in_group(extent.at);
            if number == group.number {
                let frags = first..first + extent.frags;
                frags.for_each(|frag| bits::clear(map.to_mut(), frag));
            }
        }
        map
    }

    /// Sets which fragments of a block are free, with every sum that depends on it.
    pub(super) fn set_free_bits(&mut self, group: &mut Group, block: u32, after: u8) -> Step<()> {
        let map = group.frag_map();
        let view = self.page(group.page)?;
        let before = group.free_bits(view.get(map.clone()).unwrap_or_default(), block);
        drop(view);
        let byte = map.start + (block * group.frags_per_block / 8) as usize;
        let place = self.metadata_mut(group.page, byte..byte + 1)?;
        place[0] = bits::with_block(place[0], block, group.frags_per_block, after);
        group.count_bits(before, -1);
        group.count_bits(after, 1);
        match (group.is_whole(before), group.is_whole(after)) {
            (true, false) => self.count_block(group, block, -1),
            (false, true) => self.count_block(group, block, 1),
            _ => Ok(()),
        }
    }

    fn count_block(&mut self, group: &Group, block: u32, change: i32) -> Step<()> {
        self.count_cluster(group, block, change)?;
        self.count_rotation(group, block, change)
    }

    /// The first fragment of a block of a group.
    pub(super) fn first_frag(&self, group: &Group, block: u32) -> FragNo {
        let start = u64::from(group.number.0) * u64::from(self.ffs.geometry.frags_per_group);
        FragNo(start + u64::from(block * group.frags_per_block))
    }
}

impl Group {
    /// Counts the free fragments of a block in (`change` is 1) or out (-1).
    fn count_bits(&mut self, bits: u8, change: i32) {
        if self.is_whole(bits) {
            self.count(Summary { free_blocks: change, ..Summary::default() });
            return;
        }
        for run in bits::runs(bits) {
            let sum = &mut self.header.free_runs[run.len()];
            *sum = sum.wrapping_add_signed(change);
        }
        let frags = bits.count_ones() as i32 * change;
        self.count(Summary { free_frags: frags, ..Summary::default() });
    }
}
