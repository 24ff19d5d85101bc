//! Inodes: given out and taken back (`ffs_valloc`, `ffs_nodealloccg`, `ffs_freefile`).

use super::bits;
use super::group::Group;
use super::order::groups_from;
use crate::layout::{CylGroup, Format, Inode, ROOT_INODE, Summary};
use crate::transaction::{Halt, Step, Transaction};
use abi::{Errno, InodeNo};
use block::Sectors;
use core::ops::Range;

impl Transaction<'_> {
    /// An inode for a new file in directory `parent`, and the generation it is to have. What
    /// stands in it until the caller has set it is nothing.
    ///
    /// # Errors
    /// `NoSpace` if all are in use; `QuotaExceeded`.
    pub(crate) fn allocate_inode(
        &mut self,
        parent: InodeNo,
        is_directory: bool,
    ) -> Step<(InodeNo, u32)> {
        let first = match is_directory {
            true => self.group_for_directory(parent),
            false => self.group_of_inode(parent),
        };
        for number in groups_from(first, self.ffs.geometry.groups) {
            if let Some(found) = self.inode_in(number, is_directory)? {
                self.note_placed(first, is_directory);
                return Ok(found);
            }
        }
        Err(Errno::NoSpace.into())
    }

    /// An inode of a group, and its generation, if the group has one to give.
    fn inode_in(&mut self, number: CylGroup, is_directory: bool) -> Step<Option<(InodeNo, u32)>> {
        if self.counts_of(number).free_inodes <= 0 {
            return Ok(None);
        }
        let Some(mut group) = self.group(number)? else { return Ok(None) };
        let Some(index) = self.find_inode(&mut group)? else { return Ok(None) };
        let inode = self.inode_number(number, index);
        self.expect_in_place(inode)?;
        self.initialize_inodes(&mut group, index)?;
        let old = self.inode(inode)?;
        if old.mode != 0 {
            let inode = inode.0;
            let why = format_args!("inode {inode} is not free, as its map says");
            self.leave_out(number, why);
            return Ok(None);
        }
        self.take_inode(group, index, is_directory)?;
        self.note_new_inode(inode)?;
        Ok(Some((inode, self.next_generation(inode, old.generation))))
    }

    /// Takes back an inode. Its generation stays where it was, for the next file to have another.
    ///
    /// # Errors
    /// `Stale` if there is no such inode.
    pub(crate) fn free_inode(&mut self, number: InodeNo, was_directory: bool) -> Step<()> {
        let inode = self.inode(number)?;
        self.release_file(&inode)?;
        self.set_inode(number, Inode { generation: inode.generation, ..Inode::free() })?;
        let Some(mut group) = self.group(self.group_of_inode(number))? else { return Ok(()) };
        let index = (number.0 % u64::from(self.ffs.geometry.inodes_per_group)) as u32;
        if !self.set_inode_bit(&group, index, false)? {
            let number = number.0;
            self.ffs.damaged(format_args!("inode {number} is in use, and free in its map"));
            return Ok(());
        }
        group.header.inode_rotor = group.header.inode_rotor.min(index);
        let directories = -i32::from(was_directory);
        group.count(Summary { free_inodes: 1, directories, ..Summary::default() });
        self.put_group(group)
    }

    fn inode_number(&self, group: CylGroup, index: u32) -> InodeNo {
        let per_group = u64::from(self.ffs.geometry.inodes_per_group);
        InodeNo(u64::from(group.0) * per_group + u64::from(index))
    }

    /// The group whose inode this is.
    pub(super) fn group_of_inode(&self, number: InodeNo) -> CylGroup {
        let geometry = &self.ffs.geometry;
        let group = number.0 / u64::from(geometry.inodes_per_group);
        CylGroup((group % u64::from(geometry.groups)) as u32)
    }

    fn inode_map(&self, group: &Group) -> Range<usize> {
        let start = group.header.inode_map as usize;
        start..start + self.ffs.geometry.inodes_per_group.div_ceil(8) as usize
    }

    /// The next free inode of a group behind the one given out last.
    fn find_inode(&self, group: &mut Group) -> Step<Option<u32>> {
        let count = self.ffs.geometry.inodes_per_group;
        let view = self.page(group.page)?;
        let map = view.get(self.inode_map(group)).unwrap_or_default();
        let rotor = group.header.inode_rotor;
        let start = if rotor < count { rotor } else { 0 };
        let behind = bits::first_clear(map, start..count);
        let found = behind.or_else(|| bits::first_clear(map, 0..start));
        let first = self.inode_number(group.number, 0);
        match found {
            Some(index) if first.0 + u64::from(index) > ROOT_INODE.0 => {
                group.header.inode_rotor = index;
                Ok(Some(index))
            }
            _ => {
                let counted = group.header.summary.free_inodes;
                self.leave_out(
                    group.number,
                    format_args!("{counted} free inodes are counted, and none is in its map"),
                );
                Ok(None)
            }
        }
    }

    fn take_inode(&mut self, mut group: Group, index: u32, is_directory: bool) -> Step<()> {
        self.set_inode_bit(&group, index, true)?;
        let directories = is_directory.into();
        group.count(Summary { free_inodes: -1, directories, ..Summary::default() });
        self.put_group(group)
    }

    /// Marks an inode as used or free; says whether it was not so before.
    fn set_inode_bit(&mut self, group: &Group, index: u32, is_used: bool) -> Step<bool> {
        let byte = self.inode_map(group).start + index as usize / 8;
        let place = self.metadata_mut(group.page, byte..byte + 1)?;
        let before = place[0];
        place[0] = bits::with_block(before, index, 1, is_used.into());
        Ok(place[0] != before)
    }

    fn note_new_inode(&mut self, number: InodeNo) -> Step<()> {
        let (frag, offset) = self.ffs.geometry.inode_place(number).ok_or(Errno::Io)?;
        let end = offset + self.ffs.geometry.format.inode_bytes() as usize;
        self.note_new(self.ffs.page(frag), Sectors::of(offset..end));
        Ok(())
    }

    /// Without a log, what initialized this inode must be durable before anything tells of it.
    fn expect_in_place(&self, number: InodeNo) -> Step<()> {
        let (frag, _) = self.ffs.geometry.inode_place(number).ok_or(Errno::Io)?;
        let is_fresh = self.writer.open.borrow().fresh.contains(&self.ffs.page(frag));
        if is_fresh && !self.writer.has_log() { Err(Halt::Commit) } else { Ok(()) }
    }

    /// UFS2 writes a block of inodes when the one before it comes into use: always one ahead, so
    /// that what is written in place before the commit is never what the commit is about.
    fn initialize_inodes(&mut self, group: &mut Group, index: u32) -> Step<()> {
        let geometry = &self.ffs.geometry;
        if geometry.format == Format::Ufs1 {
            return Ok(());
        }
        let (count, per_block) = (geometry.inodes_per_group, geometry.inodes_per_block());
        let mut initialized = group.header.initialized_inodes.min(count);
        initialized -= initialized % per_block;
        while initialized < count && initialized < index + per_block {
            self.clear_inodes(self.inode_number(group.number, initialized))?;
            initialized += per_block;
        }
        group.header.initialized_inodes = initialized;
        Ok(())
    }

    /// Makes the block that begins with inode `first` free inodes: zeros, which are in place
    /// before the group tells of them.
    fn clear_inodes(&mut self, first: InodeNo) -> Step<()> {
        let (frag, _) = self.ffs.geometry.inode_place(first).ok_or(Errno::Io)?;
        let page = self.ffs.page(frag);
        self.clear_page(page);
        self.data_mut(page, 0..self.ffs.geometry.block_bytes() as usize)?;
        self.note_fresh(page);
        Ok(())
    }
}
