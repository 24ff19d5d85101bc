//! Where everything goes: the numbers of a file system, found from its options alone.
//!
//! ```text
//! group 0    | boot | superblock | copy | group | inodes | summaries | root | quotas | data |
//! group n    | data ............ | copy | group | inodes | data ...                         |
//!            0                superblock group  inode    data                   frags_per_group
//! ```
//! A group's maps must fit in one block, which bounds its size. As many fragments as that allows
//! go into each group, so that there are as few groups as possible, and the groups share the
//! space evenly (NetBSD's rule); a group at the end too small to hold its own inodes is left off.
//!
//! All lengths and places are in fragments unless a name says otherwise.

use super::log::LogPlan;
use super::{Error, Options, Quotas};
use ffs::layout::{Format, InodeShape, SUPERBLOCK_AREA_BYTES, SUPERBLOCK_OFFSETS};

/// Groups that newfs likes to have at least, where there is room (MINCYLGRPS).
const GROUPS_MIN: u64 = 4;
/// Entries in the table of free clusters (FS_MAXCONTIG).
const CLUSTER_SIZES: u32 = 16;
/// Size of the fixed part of a group's block as CGSIZE counts it.
const GROUP_HEADER_BYTES: u64 = 180;
/// The tables of one old cylinder, behind the fixed part in UFS1: an i32 and an i16.
const OLD_TABLE_BYTES: u64 = 6;
/// UFS1 keeps the inodes of a group in an i16.
const UFS1_GROUP_INODES_MAX: u64 = i16::MAX as u64;
/// Inode numbers fit in 31 bits, as NetBSD has it.
const INODES_MAX: u64 = 1 << 31;
/// Size of a group's entry in the summary table.
const SUMMARY_ENTRY_BYTES: u64 = 16;

/// The numbers of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub format: Format,
    pub block_bytes: u32,
    pub frag_bytes: u32,
    /// Where the superblock stands, in bytes.
    pub superblock_offset_bytes: u64,
    pub superblock_frag: u32,
    pub group_frag: u32,
    pub inode_frag: u32,
    pub data_frag: u32,
    /// Of the whole file system.
    pub size_frags: u64,
    pub groups: u32,
    pub frags_per_group: u32,
    pub inodes_per_group: u32,
    pub cluster_sizes: u32,
    /// Size of a group's block, in whole fragments.
    pub group_bytes: u32,
    /// Size of the summary table, in whole fragments.
    pub summary_bytes: u32,
    pub quotas: Quotas,
    pub log: Option<LogPlan>,
}

impl Plan {
    pub fn new(options: &Options) -> Result<Self, Error> {
        options.check()?;
        let (block_bytes, frag_bytes) = options.sizes()?;
        let size_frags = options.size_bytes / u64::from(frag_bytes);
        if options.format == Format::Ufs1 && size_frags > i32::MAX as u64 {
            let size_bytes_max = i32::MAX as u64 * u64::from(frag_bytes);
            return Err(Error::TooLarge { size_bytes_max });
        }
        let plan = Self {
            quotas: options.quotas,
            ..Self::empty(options.format, block_bytes, frag_bytes, size_frags)
        };
        plan.check_room()?;
        let density = plan.density(options)?;
        plan.with_groups(density)?.with_summaries()?.with_log(options)
    }

    /// The places that are the same in every group; no groups yet.
    fn empty(format: Format, block_bytes: u32, frag_bytes: u32, size_frags: u64) -> Self {
        let superblock_offset_bytes = match format {
            Format::Ufs1 => SUPERBLOCK_OFFSETS[1],
            Format::Ufs2 => SUPERBLOCK_OFFSETS[0],
        };
        let frags_per_block = block_bytes / frag_bytes;
        let whole_blocks = |bytes: u64| bytes.div_ceil(block_bytes.into()) as u32 * frags_per_block;
        let area_bytes = SUPERBLOCK_AREA_BYTES as u64;
        let superblock_frag = whole_blocks(superblock_offset_bytes + area_bytes);
        let group_frag = superblock_frag + whole_blocks(area_bytes);
        let inode_frag = group_frag + frags_per_block;
        Self {
            format,
            block_bytes,
            frag_bytes,
            superblock_offset_bytes,
            superblock_frag,
            group_frag,
            inode_frag,
            data_frag: inode_frag,
            size_frags,
            groups: 0,
            frags_per_group: 0,
            inodes_per_group: 0,
            cluster_sizes: CLUSTER_SIZES,
            group_bytes: 0,
            summary_bytes: 0,
            quotas: Quotas::default(),
            log: None,
        }
    }

    /// One block each of inodes, summaries, root directory and every quota file must fit.
    fn check_room(&self) -> Result<(), Error> {
        let blocks = 3 + self.quotas.count();
        let least = u64::from(self.inode_frag + blocks * self.frags_per_block());
        match self.size_frags < least {
            true => Err(Error::TooSmall { size_bytes_min: least * u64::from(self.frag_bytes) }),
            false => Ok(()),
        }
    }

    /// Fragments for which there is one inode. Where the choice is ours, there are fewer inodes
    /// on a file system so large that their numbers would run out.
    fn density(&self, options: &Options) -> Result<u64, Error> {
        let asked = u64::from(options.fragments_per_inode(self.frag_bytes)?);
        let least = (self.size_frags / (INODES_MAX / 2)).max(1);
        match options.bytes_per_inode {
            Some(_) if asked < least => Err(Error::TooManyInodes {
                bytes_per_inode_min: least * u64::from(self.frag_bytes),
            }),
            _ => Ok(asked.max(least)),
        }
    }

    fn with_groups(self, density: u64) -> Result<Self, Error> {
        let largest = self.largest_group(density);
        let fewest = self.size_frags.div_ceil(largest);
        let roomy = |groups: &u64| {
            let plan = self.divided(*groups, density);
            plan.frags_per_group >= 2 * plan.data_frag
        };
        let groups = (fewest + 1..=GROUPS_MIN).rev().find(roomy).unwrap_or(fewest);
        let mut plan = self.divided(groups, density);
        let (whole, rest) =
            (self.size_frags / plan.group_size(), self.size_frags % plan.group_size());
        let last_is_usable = rest >= u64::from(plan.data_frag);
        if !last_is_usable && whole > 0 {
            plan.size_frags -= rest;
        }
        let groups = whole + u64::from(last_is_usable || whole == 0);
        plan.groups = u32::try_from(groups).map_err(|_| Error::TooManyGroups)?;
        plan.group_bytes = plan.map_bytes().next_multiple_of(plan.frag_bytes.into()) as u32;
        Ok(plan)
    }

    /// The most fragments of a group whose maps fit in a block; full bytes of the map.
    fn largest_group(&self, density: u64) -> u64 {
        let fits = |bytes: u64| {
            let plan = self.with_group_size(bytes * 8, density);
            plan.map_bytes() <= u64::from(self.block_bytes)
                && plan.inodes_per_group <= self.group_inodes_max() as u32
        };
        let (mut low, mut high) = (1, u64::from(self.block_bytes));
        while high - low > 1 {
            let middle = low.midpoint(high);
            *(if fits(middle) { &mut low } else { &mut high }) = middle;
        }
        low * 8
    }

    fn group_inodes_max(&self) -> u64 {
        match self.format {
            Format::Ufs1 => UFS1_GROUP_INODES_MAX,
            Format::Ufs2 => INODES_MAX - 1,
        }
    }

    /// The same plan with the space shared evenly by `groups`.
    fn divided(&self, groups: u64, density: u64) -> Self {
        self.with_group_size(self.size_frags.div_ceil(groups).next_multiple_of(8), density)
    }

    fn with_group_size(self, frags: u64, density: u64) -> Self {
        let inodes_per_block = u64::from(self.inodes_per_block());
        let space = frags.min(self.size_frags);
        let inodes_wanted = space.div_ceil(density).next_multiple_of(inodes_per_block);
        // A group keeps two blocks for data, however dense inodes were asked to be.
        let overhead = u64::from(self.inode_frag + 2 * self.frags_per_block());
        let blocks_max = space.saturating_sub(overhead) / u64::from(self.frags_per_block());
        let inodes = inodes_wanted.min(blocks_max.max(1) * inodes_per_block);
        let inode_blocks = (inodes / inodes_per_block) as u32;
        Self {
            frags_per_group: frags as u32,
            inodes_per_group: inodes as u32,
            data_frag: self.inode_frag + inode_blocks * self.frags_per_block(),
            ..self
        }
    }

    /// Size of a group's block before it is rounded: CGSIZE of `fs.h`.
    fn map_bytes(&self) -> u64 {
        let frags = u64::from(self.frags_per_group);
        let blocks = frags / u64::from(self.frags_per_block());
        GROUP_HEADER_BYTES
            + if self.format == Format::Ufs1 { OLD_TABLE_BYTES } else { 0 }
            + u64::from(self.inodes_per_group).div_ceil(8)
            + frags.div_ceil(8)
            + u64::from(self.cluster_sizes) * 4
            + blocks.div_ceil(8)
    }

    /// Makes room for the summary table, which stands in the first group with the root directory
    /// and the quota files.
    fn with_summaries(self) -> Result<Self, Error> {
        let bytes = u64::from(self.groups) * SUMMARY_ENTRY_BYTES;
        let frags = bytes.div_ceil(self.frag_bytes.into());
        let files = 1 + u64::from(self.quotas.count());
        let blocks = frags.div_ceil(self.frags_per_block().into()) + files;
        let end = u64::from(self.data_frag) + blocks * u64::from(self.frags_per_block());
        if end > self.group_end(0) {
            return Err(if self.groups == 1 {
                Error::TooSmall { size_bytes_min: end * u64::from(self.frag_bytes) }
            } else {
                Error::TooManyGroups
            });
        }
        Ok(Self { summary_bytes: frags as u32 * self.frag_bytes, ..self })
    }

    pub fn frags_per_block(&self) -> u32 {
        self.block_bytes / self.frag_bytes
    }

    pub fn inodes_per_block(&self) -> u32 {
        self.block_bytes / self.format.inode_bytes()
    }

    /// How inodes stand on disk.
    pub fn inode_shape(&self, options: &Options) -> InodeShape {
        InodeShape {
            format: self.format,
            order: options.byte_order,
            old: false,
            inline_link_bytes_max: 15 * self.format.pointer_bytes() as i32,
        }
    }

    pub fn summary_frags(&self) -> u32 {
        self.summary_bytes / self.frag_bytes
    }

    fn group_size(&self) -> u64 {
        self.frags_per_group.into()
    }

    /// The first fragment of a group.
    pub fn group_start(&self, group: u32) -> u64 {
        u64::from(group) * self.group_size()
    }

    /// Fragments of a group: only the last may have fewer than the others.
    pub fn group_end(&self, group: u32) -> u64 {
        (self.size_frags - self.group_start(group)).min(self.group_size())
    }

    /// The place of a fragment in bytes.
    pub fn offset_bytes(&self, frag: u64) -> u64 {
        frag * u64::from(self.frag_bytes)
    }

    /// Where the root directory's only fragment is: the first block behind the summaries.
    pub fn root_frag(&self) -> u32 {
        (self.data_frag + self.summary_frags()).next_multiple_of(self.frags_per_block())
    }
}
