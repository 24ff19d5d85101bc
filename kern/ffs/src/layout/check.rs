//! Checking a superblock, field by field.
//!
//! Nothing is taken from disk that can be computed; what is taken is bounded by the disk's size.
//! BSD's `ffs_superblock_validate` asks less; `fsck` asks more.

use super::{
    BLOCK_BYTES, CylGroup, FRAG_BYTES_MIN, FRAGS_PER_BLOCK_MAX, Format, FragNo, Geometry,
    INODE_FORMAT_44, Kind, POINTERS, SUPERBLOCK_AREA_BYTES, SUPERBLOCK_BYTES, Superblock,
};
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::ops::RangeInclusive;

/// A field of the superblock that cannot be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Its name in `struct fs`.
    pub field: &'static str,
    /// Where it stands in the superblock, in bytes.
    pub offset_bytes: u32,
    /// Its value.
    pub value: i64,
    /// What it should have been.
    pub expected: String,
}

impl fmt::Display for FieldFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, offset_bytes, value, expected } = self;
        write!(formatter, "{field} at byte {offset_bytes} is {value}, expected {expected}")
    }
}

impl core::error::Error for FieldFault {}

/// One check: a value, the field it came from, and what it ought to be.
pub(super) fn check(
    holds: bool,
    (field, offset_bytes): (&'static str, u32),
    value: impl Into<i64>,
    expected: impl FnOnce() -> String,
) -> Result<(), FieldFault> {
    if holds {
        return Ok(());
    }
    Err(FieldFault { field, offset_bytes, value: value.into(), expected: expected() })
}

/// A 32-bit number of fragments that is at least 1 and a multiple of a block's.
fn aligned(
    field: (&'static str, u32),
    value: i32,
    range: RangeInclusive<i64>,
    unit: u32,
) -> Result<u32, FieldFault> {
    let holds = range.contains(&value.into()) && value.unsigned_abs().is_multiple_of(unit);
    let (low, high) = (range.start(), range.end());
    check(holds, field, value, || format!("a multiple of {unit} from {low} to {high}"))?;
    Ok(value.unsigned_abs())
}

impl Geometry {
    /// Checks a superblock (see [`Superblock::widened`]) on a disk of `disk_bytes`.
    ///
    /// # Errors
    /// The first field that cannot be right.
    pub fn new(kind: Kind, superblock: &Superblock, disk_bytes: u64) -> Result<Self, FieldFault> {
        check_superblock_bytes(superblock)?;
        let (block_shift, frag_shift) = block_sizes(superblock)?;
        let is_old = kind.format == Format::Ufs1 && superblock.old_inode_format < INODE_FORMAT_44;
        let mut geometry = Self {
            format: kind.format,
            order: kind.order,
            is_old,
            block_shift,
            frag_shift,
            size_frags: size(superblock, disk_bytes >> frag_shift)?,
            data_frags: superblock.data_frags.unsigned_abs(),
            groups: superblock.groups,
            frags_per_group: 0,
            inodes_per_group: 0,
            superblock_frag: 0,
            group_frag: 0,
            inode_frag: 0,
            data_frag: 0,
            summary_frag: FragNo::HOLE,
            summary_bytes: 0,
            file_bytes_max: 0,
            inline_link_bytes_max: superblock.inline_link_bytes_max,
            stagger_frags: 0,
            stagger_mask: 0,
        };
        geometry.take_groups(superblock)?;
        geometry.take_group_areas(superblock)?;
        geometry.take_stagger(superblock)?;
        geometry.check_last_group()?;
        geometry.take_summary(superblock)?;
        geometry.take_links(superblock)?;
        geometry.file_bytes_max = geometry.addressable_bytes().min(superblock.file_bytes_max);
        Ok(geometry)
    }

    fn take_groups(&mut self, superblock: &Superblock) -> Result<(), FieldFault> {
        let frags = self.frags_per_block();
        let size = self.size_frags;
        // A group's fragments are one bitmap in one block.
        let frags_max = i64::from(self.block_bytes()) * 8;
        let field = ("fs_fpg", 188);
        self.frags_per_group =
            aligned(field, superblock.frags_per_group, i64::from(frags)..=frags_max, frags)?;
        let groups = size.div_ceil(self.frags_per_group.into());
        check(u64::from(self.groups) == groups, ("fs_ncg", 44), self.groups, || {
            format!("{groups}: {size} fragments in groups of {}", self.frags_per_group)
        })?;
        let per_block = self.inodes_per_block();
        let inodes = superblock.inodes_per_group;
        let inodes_max = self.block_bytes() * 8;
        let holds = (1..=inodes_max).contains(&inodes) && inodes.is_multiple_of(per_block);
        check(holds, ("fs_ipg", 184), inodes, || {
            format!("a multiple of {per_block} up to {inodes_max}")
        })?;
        let inodes_total = u64::from(inodes) * groups;
        check(inodes_total <= u32::MAX.into(), ("fs_ncg", 44), self.groups, || {
            format!("few enough that {inodes} inodes in each are below 2³²")
        })?;
        self.inodes_per_group = inodes;
        Ok(())
    }

    fn take_group_areas(&mut self, superblock: &Superblock) -> Result<(), FieldFault> {
        let frags = self.frags_per_block();
        let end = u64::from(self.frags_per_group).min(self.size_frags) as i64;
        let block = i64::from(frags);
        self.superblock_frag =
            aligned(("fs_sblkno", 8), superblock.superblock_frag, 0..=end, frags)?;
        let mut low = i64::from(self.superblock_frag) + 1;
        self.group_frag = aligned(("fs_cblkno", 12), superblock.group_frag, low..=end, frags)?;
        low = i64::from(self.group_frag) + block;
        self.inode_frag = aligned(("fs_iblkno", 16), superblock.inode_frag, low..=end, frags)?;
        low = i64::from(self.inode_frag) + i64::from(self.inode_table_frags());
        self.data_frag = aligned(("fs_dblkno", 20), superblock.data_frag, low..=end, frags)?;
        Ok(())
    }

    fn take_stagger(&mut self, superblock: &Superblock) -> Result<(), FieldFault> {
        if self.format == Format::Ufs2 || superblock.old_group_offset_frags == 0 {
            return Ok(());
        }
        let field = ("fs_old_cgoffset", 24);
        let offset = superblock.old_group_offset_frags;
        let end = i64::from(self.frags_per_group);
        self.stagger_frags = aligned(field, offset, 0..=end, self.frags_per_block())?;
        self.stagger_mask = superblock.old_group_mask as u32;
        // A cycle is 2ⁿ groups long, so the last of each is staggered most.
        let steps = u64::from(!self.stagger_mask).min(u64::from(self.groups - 1));
        let most = steps * u64::from(self.stagger_frags) + u64::from(self.data_frag);
        check(most <= u64::from(self.frags_per_group), field, offset, || {
            format!("at most what leaves {} fragments for inodes", self.data_frag)
        })?;
        Ok(())
    }

    /// Every inode of the last group must exist, however short that group is.
    fn check_last_group(&self) -> Result<(), FieldFault> {
        let start = self.group_start(CylGroup(self.groups - 1));
        let end = start.0 + u64::from(self.data_frag);
        check(end <= self.size_frags, ("fs_size", 1080), self.size_frags as i64, || {
            format!("at least {end}: the last group must hold its inodes")
        })
    }

    fn take_summary(&mut self, superblock: &Superblock) -> Result<(), FieldFault> {
        let needed = i64::from(self.groups) * 16;
        let bytes = i64::from(superblock.summary_bytes);
        let end = (self.size_frags << self.frag_shift) as i64;
        check((needed..=end).contains(&bytes), ("fs_cssize", 156), bytes, || {
            format!("{needed} to {end}")
        })?;
        let frags = (bytes as u64).div_ceil(self.frag_bytes().into());
        let first = superblock.summary_frag;
        let last = (self.size_frags - frags.min(self.size_frags)) as i64;
        let low = i64::from(self.data_frag);
        check((low..=last).contains(&first), ("fs_csaddr", 1096), first, || {
            format!("{low} to {last}")
        })?;
        self.summary_frag = FragNo(first as u64);
        self.summary_bytes = bytes as u32;
        Ok(())
    }

    fn take_links(&self, superblock: &Superblock) -> Result<(), FieldFault> {
        let area = POINTERS as i32 * self.format.pointer_bytes() as i32;
        let value = superblock.inline_link_bytes_max;
        check(value <= area, ("fs_maxsymlinklen", 1320), value, || format!("at most {area}"))
    }
}

fn check_superblock_bytes(superblock: &Superblock) -> Result<(), FieldFault> {
    let range = SUPERBLOCK_BYTES as i32..=SUPERBLOCK_AREA_BYTES as i32;
    check(
        range.contains(&superblock.superblock_bytes),
        ("fs_sbsize", 104),
        superblock.superblock_bytes,
        || format!("{SUPERBLOCK_BYTES} to {SUPERBLOCK_AREA_BYTES}"),
    )
}

/// log2 of the block and of the fragment size.
fn block_sizes(superblock: &Superblock) -> Result<(u32, u32), FieldFault> {
    let block = superblock.block_bytes;
    let size = u32::try_from(block).unwrap_or(0);
    let holds = BLOCK_BYTES.contains(&size) && size.is_power_of_two();
    check(holds, ("fs_bsize", 48), block, || "a power of two from 4096 to 65536".into())?;
    let low = FRAG_BYTES_MIN.max(size / FRAGS_PER_BLOCK_MAX);
    let frag = u32::try_from(superblock.frag_bytes).unwrap_or(0);
    let holds = (low..=size).contains(&frag) && frag.is_power_of_two();
    check(holds, ("fs_fsize", 52), superblock.frag_bytes, || {
        format!("a power of two from {low} to {size}")
    })?;
    let ratio = (size / frag) as i32;
    check(
        superblock.frags_per_block == ratio,
        ("fs_frag", 56),
        superblock.frags_per_block,
        || format!("{ratio}"),
    )?;
    Ok((size.trailing_zeros(), frag.trailing_zeros()))
}

fn size(superblock: &Superblock, disk_frags: u64) -> Result<u64, FieldFault> {
    let frags = superblock.size_frags;
    let limit = disk_frags.min(1 << 50) as i64;
    check((1..=limit).contains(&frags), ("fs_size", 1080), frags, || {
        format!("1 to {limit}, the size of the disk in fragments")
    })?;
    let data = superblock.data_frags;
    check((0..=frags).contains(&data), ("fs_dsize", 1088), data, || format!("0 to {frags}"))?;
    Ok(frags as u64)
}
