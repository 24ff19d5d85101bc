//! Phase 1: every inode, its size, its blocks.
//!
//! Each fragment gets an owner here: the first file whose pointer leads to it. What a second one
//! wants is left to phase 1b. A bad pointer becomes a hole; a file with many of them is not
//! believed at all, and goes.

use super::Check;
use super::census::{Known, type_code};
use super::claim::{Claim, Claimed, Trouble};
use super::class::Class;
use super::error::Result;
use super::notes::CLEARED;
use super::report::{Phase, Place};
use super::volume::SNAPSHOT_FLAG;
use ffs::layout::{BlockArea, CHUNK_BYTES, CylGroup, CylinderGroup, Format, Inode, Maps, mode};

/// MAXDIRSIZE: larger directories no system reads.
const DIRECTORY_BYTES_MAX: u64 = 0x7fff_ffff;

impl Check<'_> {
    pub(super) fn check_inodes(&mut self) -> Result<()> {
        self.notes.phase = Phase::Inodes;
        self.take_metadata();
        let groups = self.volume.geometry.groups;
        for group in 0..groups {
            self.notes.progress(group.into(), groups.into());
            self.check_group_inodes(CylGroup(group))?;
        }
        self.notes.progress(groups.into(), groups.into());
        Ok(())
    }

    /// What belongs to the file system itself.
    fn take_metadata(&mut self) {
        let geometry = &self.volume.geometry;
        for group in 0..geometry.groups {
            let start = geometry.group_start(CylGroup(group)).0;
            let first = if group == 0 { 0 } else { start + u64::from(geometry.superblock_frag) };
            self.census.used.set(first..start + u64::from(geometry.data_frag));
        }
        let frags = u64::from(geometry.summary_bytes).div_ceil(geometry.frag_bytes().into());
        self.census.used.set(geometry.summary_frag.0..geometry.summary_frag.0 + frags);
    }

    fn check_group_inodes(&mut self, group: CylGroup) -> Result<()> {
        let count = self.written_inodes(group)?;
        let per_block = self.volume.geometry.inodes_per_block();
        let size = self.volume.inodes.bytes();
        for first in (0..count).step_by(per_block as usize) {
            let block = self.volume.inode_block(group, first)?;
            if block.iter().all(|&byte| byte == 0) {
                continue;
            }
            let number = group.0 * self.volume.geometry.inodes_per_group + first;
            let inodes = block.chunks_exact(size).take((count - first) as usize);
            for (number, bytes) in (number..).zip(inodes).filter(|&(number, _)| number >= 2) {
                self.check_inode(number, bytes)?;
            }
        }
        Ok(())
    }

    /// How many inodes of a group were ever written: all of them in UFS1. What stands behind is
    /// not an inode.
    fn written_inodes(&mut self, group: CylGroup) -> Result<u32> {
        let total = self.volume.geometry.inodes_per_group;
        let block = self.volume.group_block(group)?;
        let frags = self.volume.geometry.frags_per_group;
        let order = self.volume.geometry.order;
        let maps = Maps::of(&block, order, total, frags);
        let header = CylinderGroup::parse(&block, order);
        let is_own = header.is_none_or(|header| header.number == group.0);
        let Some(maps) = maps.filter(|_| is_own) else {
            let what = "the group block is none";
            self.notes.fixed(Class::Group, Place::group(group.0), what, "made again");
            self.census.broken_groups.insert(group.0);
            return Ok(total);
        };
        match header {
            Some(header) if self.volume.geometry.format == Format::Ufs2 => {
                let map = &block[maps.inode_map..];
                let last =
                    (0..total).rev().find(|bit| map[*bit as usize / 8] >> (bit % 8) & 1 != 0);
                let used = last.map_or(0, |last| last + 1);
                self.check_initialized(group, header.initialized_inodes, used)
            }
            _ => Ok(total),
        }
    }

    /// Inodes that the map has in use must have been written.
    fn check_initialized(&mut self, group: CylGroup, claimed: u32, used: u32) -> Result<u32> {
        let total = self.volume.geometry.inodes_per_group;
        let per_block = self.volume.geometry.inodes_per_block();
        let mut count = claimed;
        if claimed > total || used > claimed {
            count = used.next_multiple_of(per_block).max(per_block).min(total);
            let what = format!("{claimed} inodes of {total} are written, and {used} in use");
            self.notes.fixed(Class::InitializedInodes, Place::group(group.0), what, "corrected");
            if claimed < used {
                self.zero_unused(group, claimed..count)?;
            }
        }
        self.census.initialized.insert(group.0, count);
        Ok(count)
    }

    /// Inodes that were taken to be written and are not in use may be anything.
    fn zero_unused(&mut self, group: CylGroup, range: std::ops::Range<u32>) -> Result<()> {
        let block = self.volume.group_block(group)?;
        let order = self.volume.geometry.order;
        let Some(header) = CylinderGroup::parse(&block, order) else { return Ok(()) };
        for index in range {
            let bit = header.inode_map as usize + index as usize / 8;
            if block[bit] >> (index % 8) & 1 == 0 {
                self.volume.zero_inodes(group, index, 1)?;
            }
        }
        Ok(())
    }

    fn check_inode(&mut self, number: u32, bytes: &[u8]) -> Result<()> {
        let inode = self.volume.inodes.parse(bytes);
        if inode.mode & mode::TYPE == 0 {
            return self.check_free(number, &inode);
        }
        let size_bytes = inode.size_bytes;
        if inode.file_type().is_none() {
            let what = format!("mode {:#o} is no type of file", inode.mode);
            return self.clear(Class::UnknownType, number, what);
        }
        let is_directory = inode.mode & mode::TYPE == mode::DIRECTORY;
        let most = self.volume.geometry.file_bytes_max;
        let most = if is_directory { most.min(DIRECTORY_BYTES_MAX) } else { most };
        if size_bytes > most {
            let what = format!("{size_bytes} bytes, of at most {most}");
            return self.clear(Class::FileSize, number, what);
        }
        if is_directory && size_bytes == 0 {
            return self.clear(Class::EmptyDirectory, number, "a directory without blocks");
        }
        self.take_inode(number, inode)
    }

    fn clear(&mut self, class: Class, number: u32, what: impl Into<String>) -> Result<()> {
        self.notes.fixed(class, Place::inode(number), what, CLEARED);
        self.forget_inode(number)
    }

    fn check_free(&mut self, number: u32, inode: &Inode) -> Result<()> {
        let is_empty = inode.mode == 0 && inode.size_bytes == 0 && inode.area == Inode::free().area;
        if is_empty {
            return Ok(());
        }
        self.clear(Class::PartlyAllocated, number, "a free inode with a mode, size or blocks")
    }

    /// Everything of an inode whose type and size are possible.
    fn take_inode(&mut self, number: u32, before: Inode) -> Result<()> {
        let mut inode = before;
        self.check_extended(number, &mut inode);
        self.check_padding(number, &mut inode);
        let Some(claimed) = self.claim_blocks(number, &mut inode)? else { return Ok(()) };
        self.check_directory_size(number, &mut inode);
        self.check_sectors(number, &mut inode, claimed.frags);
        self.census.has_snapshots |= inode.flags & SNAPSHOT_FLAG != 0;
        let code = type_code(inode.mode);
        let known = Known { type_code: code, links: inode.links, ..Known::default() };
        *self.census.known_mut(number) = known;
        if known.is_directory() {
            self.census.directory_mut(number);
        }
        self.duplicates.extend(claimed.duplicates);
        match inode == before {
            true => Ok(()),
            false => self.volume.store_inode(number, &inode),
        }
    }

    fn check_extended(&mut self, number: u32, inode: &mut Inode) {
        let bytes = u64::from(inode.extended.size_bytes);
        if bytes > 2 * self.volume.block_bytes() {
            inode.extended = ffs::layout::ExtendedAttributes::default();
            let what = format!("{bytes} bytes of extended attributes");
            self.notes.fixed(Class::ExtendedAttributes, Place::inode(number), what, "removed");
        }
    }

    /// BSD's fsck takes what stands behind the text of a link in its inode for pointers.
    fn check_padding(&mut self, number: u32, inode: &mut Inode) {
        let BlockArea::Text(text) = &mut inode.area else { return };
        let word = self.volume.geometry.format.pointer_bytes() as usize;
        let end = (inode.size_bytes as usize).next_multiple_of(word).min(text.len());
        if text[end..].iter().any(|&byte| byte != 0) {
            text[end..].fill(0);
            let what = "bytes behind the text of the link";
            self.notes.fixed(Class::LinkPadding, Place::inode(number), what, "zeroed");
        }
    }

    /// Makes the file the owner of its blocks; `None` if it had to go.
    fn claim_blocks(&mut self, number: u32, inode: &mut Inode) -> Result<Option<Claimed>> {
        loop {
            let Self { volume, census, notes, .. } = self;
            let mut claim = Claim::new(volume, number, inode);
            volume.walk(inode, &mut |pointer| claim.judge(census, notes, pointer))?;
            let (claimed, trouble) = claim.finish(notes);
            match trouble {
                None => return Ok(Some(claimed)),
                Some(Trouble::Unbelievable(class, what)) => {
                    self.give_back(&claimed);
                    self.clear(class, number, what)?;
                    return Ok(None);
                }
                Some(Trouble::Hole { lbn }) => {
                    self.give_back(&claimed);
                    if !self.shorten_directory(number, inode, lbn)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn give_back(&mut self, claimed: &Claimed) {
        claimed.owned.iter().for_each(|range| self.census.used.clear(range.clone()));
    }

    /// Ends a directory before its first hole; if nothing is left of it, it goes.
    fn shorten_directory(&mut self, number: u32, inode: &mut Inode, lbn: u64) -> Result<bool> {
        let what = format!("block {lbn} of the directory is a hole");
        if lbn == 0 {
            self.clear(Class::DirectoryHole, number, what)?;
            return Ok(false);
        }
        inode.size_bytes = lbn * self.volume.block_bytes();
        self.notes.fixed(Class::DirectoryHole, Place::inode(number), what, "shortened");
        Ok(true)
    }

    fn check_directory_size(&mut self, number: u32, inode: &mut Inode) {
        let whole = inode.size_bytes.next_multiple_of(CHUNK_BYTES as u64);
        let is_directory = inode.mode & mode::TYPE == mode::DIRECTORY;
        if is_directory && whole != inode.size_bytes {
            let what = format!("a directory of {} bytes", inode.size_bytes);
            self.notes.fixed(Class::DirectorySize, Place::inode(number), what, "rounded up");
            inode.size_bytes = whole;
        }
    }

    fn check_sectors(&mut self, number: u32, inode: &mut Inode, frags: u64) {
        let sectors = frags << (self.volume.geometry.frag_shift - 9);
        if inode.sectors != sectors {
            let what = format!("takes {sectors} sectors, and says {}", inode.sectors);
            self.notes.fixed(Class::BlockCount, Place::inode(number), what, "corrected");
            inode.sectors = sectors;
        }
    }
}
