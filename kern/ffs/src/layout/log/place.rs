//! Where the log is: the superblock's fs_journal fields.
//!
//! ```text
//! fs_journal_version   1
//! fs_journal_location  1 behind the file system          2 in it
//! fs_journallocs[0..3] first block, blocks, their size   the same
//! fs_journallocs[3]    0                                 the inode that owns the blocks
//! ```
//! The owner has SF_LOG among its flags, one link and no name.

use super::super::check::check;
use crate::layout::{FieldFault, FragNo, Geometry, Superblock};
use abi::InodeNo;
use alloc::format;
use core::ops::RangeInclusive;

/// UFS_WAPBL_VERSION.
const VERSION: u8 = 1;
/// UFS_WAPBL_JOURNALLOC_END_PARTITION.
const BEHIND: u8 = 1;
/// UFS_WAPBL_JOURNALLOC_IN_FILESYSTEM.
const WITHIN: u8 = 2;
/// SF_LOG: what the owner of a log has among its inode's flags, and nobody else.
pub const OWNER_FLAG: u32 = 0x0040_0000;
/// UFS_WAPBL_JOURNAL_SCALE: a log byte for so many of the file system.
const SCALE: u64 = 1024;

/// What NetBSD's smallest log has, in bytes.
pub const SIZE_BYTES_MIN: u64 = 1 << 20;
/// What NetBSD's largest log has, in bytes.
pub const SIZE_BYTES_MAX: u64 = 64 << 20;
/// Sizes that a block of the log may have: NetBSD reads two of them into 64 KiB.
pub const BLOCK_BYTES: RangeInclusive<u64> = 512..=32768;
/// Fewest blocks: the headers, and room for the smallest records.
const BLOCKS_MIN: u64 = 8;

/// The size that NetBSD gives the log of a file system, in bytes.
pub fn usual_size_bytes(file_system_bytes: u64) -> u64 {
    (file_system_bytes / SCALE).clamp(SIZE_BYTES_MIN, SIZE_BYTES_MAX)
}

/// Which side of the file system's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the rest of the partition.
    Behind,
    /// Within the file system, in blocks that this inode owns.
    Within(InodeNo),
}

/// Where the log is, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which side of the file system's end.
    pub location: Location,
    /// Its first byte on the disk.
    pub offset_bytes: u64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Size of its blocks in bytes.
    pub block_bytes: u32,
}

impl Place {
    /// The place in a superblock, checked; `None` if it names none. That the owner of a log
    /// within the file system is such an inode is not checked here.
    ///
    /// # Errors
    /// The first field that cannot be right.
    pub fn of(
        superblock: &Superblock,
        geometry: &Geometry,
        disk_bytes: u64,
    ) -> Result<Option<Self>, FieldFault> {
        // Without an address the log is yet to be made: tunefs has only asked for it.
        if superblock.journal_version == 0 || superblock.journal_places[0] == 0 {
            return Ok(None);
        }
        let version = superblock.journal_version;
        check(version == VERSION, ("fs_journal_version", 864), version, || format!("{VERSION}"))?;
        let location = location(superblock, geometry)?;
        let place = Self::sizes(superblock, location, geometry)?;
        place.check_range(geometry, disk_bytes)?;
        Ok(Some(place))
    }

    fn sizes(
        superblock: &Superblock,
        location: Location,
        geometry: &Geometry,
    ) -> Result<Self, FieldFault> {
        let [first, blocks, block, _] = superblock.journal_places;
        let largest = (*BLOCK_BYTES.end()).min(geometry.frag_bytes().into());
        let holds = (*BLOCK_BYTES.start()..=largest).contains(&block) && block.is_power_of_two();
        check(holds, ("fs_journallocs[2]", 888), block as i64, || {
            format!("a power of two from {} to {largest}", BLOCK_BYTES.start())
        })?;
        let size_bytes = blocks.checked_mul(block).filter(|_| blocks >= BLOCKS_MIN);
        check(size_bytes.is_some(), ("fs_journallocs[1]", 880), blocks as i64, || {
            format!("{BLOCKS_MIN} or more, of {block} bytes")
        })?;
        let offset_bytes = first.checked_mul(block);
        check(offset_bytes.is_some(), ("fs_journallocs[0]", 872), first as i64, || {
            format!("a block of {block} bytes on the disk")
        })?;
        let (offset_bytes, size_bytes) = (offset_bytes.unwrap_or(0), size_bytes.unwrap_or(0));
        Ok(Self { location, offset_bytes, size_bytes, block_bytes: block as u32 })
    }

    /// Nothing else may be where the log is written.
    fn check_range(&self, geometry: &Geometry, disk_bytes: u64) -> Result<(), FieldFault> {
        let end = self.offset_bytes.checked_add(self.size_bytes);
        let file_system_end = geometry.size_frags << geometry.frag_shift;
        let (holds, where_to) = match self.location {
            Location::Behind => {
                let holds = end.is_some_and(|end| end <= disk_bytes);
                (holds && self.offset_bytes >= file_system_end, "behind the file system")
            }
            Location::Within(_) => (self.is_data(geometry), "among the data of one group"),
        };
        let first = self.offset_bytes / u64::from(self.block_bytes);
        check(holds, ("fs_journallocs[0]", 872), first as i64, || {
            format!("{} bytes {where_to}, on a disk of {disk_bytes}", self.size_bytes)
        })
    }

    fn is_data(&self, geometry: &Geometry) -> bool {
        let frag_bytes = u64::from(geometry.frag_bytes());
        let first = FragNo(self.offset_bytes / frag_bytes);
        let end = self.offset_bytes.saturating_add(self.size_bytes).div_ceil(frag_bytes);
        u32::try_from(end - first.0).is_ok_and(|count| geometry.is_data(first, count))
    }

    /// Names this place in a superblock.
    pub fn store(&self, superblock: &mut Superblock) {
        let block = u64::from(self.block_bytes);
        let (location, owner) = match self.location {
            Location::Behind => (BEHIND, 0),
            Location::Within(inode) => (WITHIN, inode.0),
        };
        (superblock.journal_version, superblock.journal_location) = (VERSION, location);
        superblock.journal_flags = 0;
        superblock.journal_places =
            [self.offset_bytes / block, self.size_bytes / block, block, owner];
    }

    /// Whether it has a byte in common with a range of the disk.
    pub fn overlaps(&self, offset_bytes: u64, length_bytes: u64) -> bool {
        offset_bytes < self.offset_bytes + self.size_bytes
            && self.offset_bytes < offset_bytes.saturating_add(length_bytes)
    }
}

fn location(superblock: &Superblock, geometry: &Geometry) -> Result<Location, FieldFault> {
    let location = superblock.journal_location;
    if location == BEHIND {
        return Ok(Location::Behind);
    }
    check(location == WITHIN, ("fs_journal_location", 865), location, || {
        format!("{BEHIND} behind the file system, or {WITHIN} in it")
    })?;
    let inode = superblock.journal_places[3];
    let holds = (3..geometry.inodes()).contains(&inode);
    check(holds, ("fs_journallocs[3]", 896), inode as i64, || {
        format!("an inode from 3 below {}", geometry.inodes())
    })?;
    Ok(Location::Within(InodeNo(inode)))
}

/// Makes a superblock name no log.
pub fn clear_place(superblock: &mut Superblock) {
    (superblock.journal_version, superblock.journal_location) = (0, 0);
    (superblock.journal_flags, superblock.journal_places) = (0, [0; 4]);
}
