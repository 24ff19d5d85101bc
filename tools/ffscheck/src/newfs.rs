//! newfs(8): makes an empty FFS file system.
//!
//! The layout is BSD's, so that BSD's fsck has nothing to say about it: a superblock at its
//! standard place and a copy in every cylinder group, a root directory, if wanted a log and quota
//! files, and nothing else in use.
//! Only metadata is written; the rest of the destination stays what it was cleared to, so an image
//! of a terabyte takes a moment and a few megabytes. A device that cannot be cleared keeps what it
//! holds where no file is: zeros are written where metadata is to be, and over older superblocks.
//! The same options, identity and time make the same bytes. Knows the format from [`ffs::layout`]
//! and shares nothing else with the file system it makes images for.
//!
//! After NetBSD's and FreeBSD's `newfs/mkfs.c`. Unlike those, it leaves the generation numbers of
//! free inodes zero: what makes a handle hard to mistake is the file system's identity.

mod destination;
mod error;
mod group;
mod log;
mod maps;
mod options;
mod plan;
mod quota;
mod root;
mod superblock;
mod sweep;

pub use destination::{Destination, Ground, Memory};
pub use error::Error;
pub use ffs::layout::{ByteOrder, Format};
pub use options::{Options, Quotas};

use abi::{FileSystemId, Timestamp};
use ffs::layout::{Field, Summary, Superblock, TotalSummary};
use maps::Maps;
use plan::Plan;

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// UFS1 or UFS2.
    pub format: Format,
    /// Size of the file system in bytes: that of the image, less what was too little to use.
    pub size_bytes: u64,
    /// Block size in bytes.
    pub block_bytes: u32,
    /// Fragment size in bytes.
    pub fragment_bytes: u32,
    /// Cylinder groups.
    pub groups: u32,
    /// Inodes in all.
    pub inodes: u64,
    /// Unused bytes.
    pub free_bytes: u64,
    /// Size of the log in bytes; zero if there is none.
    pub log_bytes: u64,
    /// What is where no file is yet.
    pub ground: Ground,
}

/// Makes a file system with the given identity and birth time that fills `destination`, whatever
/// was there before.
///
/// # Errors
/// If the options make no sense, in which case nothing is written, or the destination fails.
pub fn newfs(
    destination: &mut impl Destination,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Result<Made, Error> {
    let plan = Plan::new(options)?;
    let groups = Groups::new(&plan);
    let superblock = superblock::superblock(&plan, options, id, time, &groups.total());
    let ground = destination.clear(options.size_bytes)?;
    if ground == Ground::Unknown {
        sweep::sweep(destination, &plan, options.size_bytes)?;
    }
    write_groups(destination, &plan, &groups, &superblock, options, time)?;
    write_summaries(destination, &plan, &groups, options)?;
    write_root(destination, &plan, options, id, time)?;
    write_log(destination, &plan, options, id, time)?;
    write_quotas(destination, &plan, options, id, time)?;
    // Last, so that an image that was not finished is not taken for one.
    destination.sync()?;
    write_superblock(destination, plan.superblock_offset_bytes, &superblock, options)?;
    destination.sync()?;
    Ok(made(&plan, &superblock, ground))
}

/// The maps of all groups: those between the first and the last are alike, but for the one with
/// the log.
struct Groups {
    count: u32,
    first: Maps,
    middle: Maps,
    logged: Option<(u32, Maps)>,
    last: Maps,
}

impl Groups {
    fn new(plan: &Plan) -> Self {
        let last = plan.groups - 1;
        let logged = plan.log.map(|log| log.group).filter(|&group| group > 0 && group < last);
        let plain = Plan { log: None, ..*plan };
        Self {
            count: plan.groups,
            first: Maps::new(plan, 0),
            middle: Maps::new(&plain, 1.min(last)),
            logged: logged.map(|group| (group, Maps::new(plan, group))),
            last: Maps::new(plan, last),
        }
    }

    fn maps(&self, group: u32) -> &Maps {
        match &self.logged {
            _ if group == 0 => &self.first,
            _ if group == self.count - 1 => &self.last,
            Some((logged, maps)) if *logged == group => maps,
            _ => &self.middle,
        }
    }

    /// Whether this group's block is one of its own, and not that of all the others.
    fn is_special(&self, group: u32) -> bool {
        !std::ptr::eq(self.maps(group), &self.middle)
    }

    fn summaries(&self) -> impl Iterator<Item = Summary> {
        (0..self.count).map(|group| self.maps(group).summary)
    }

    fn total(&self) -> TotalSummary {
        let mut total = TotalSummary::default();
        for summary in self.summaries().map(TotalSummary::from) {
            total.directories += summary.directories;
            total.free_blocks += summary.free_blocks;
            total.free_inodes += summary.free_inodes;
            total.free_frags += summary.free_frags;
        }
        total
    }
}

fn write_groups(
    destination: &mut impl Destination,
    plan: &Plan,
    groups: &Groups,
    superblock: &Superblock,
    options: &Options,
    time: Timestamp,
) -> Result<(), Error> {
    let order = options.byte_order;
    let block = |group: u32, maps| group::block(plan, group, maps, order, time);
    let mut middle = block(0, &groups.middle);
    for group in 0..plan.groups {
        let start = plan.group_start(group);
        let copy = plan.offset_bytes(start + u64::from(plan.superblock_frag));
        write_superblock(destination, copy, superblock, options)?;
        group::renumber(&mut middle, group, order);
        let special = groups.is_special(group).then(|| block(group, groups.maps(group)));
        let bytes = special.as_ref().unwrap_or(&middle);
        destination.write_at(plan.offset_bytes(start + u64::from(plan.group_frag)), bytes)?;
    }
    Ok(())
}

fn write_superblock(
    destination: &mut impl Destination,
    offset_bytes: u64,
    superblock: &Superblock,
    options: &Options,
) -> Result<(), Error> {
    Ok(destination.write_at(offset_bytes, &superblock.to_bytes(options.byte_order))?)
}

fn write_summaries(
    destination: &mut impl Destination,
    plan: &Plan,
    groups: &Groups,
    options: &Options,
) -> Result<(), Error> {
    let mut table = vec![0; plan.summary_bytes as usize];
    for (entry, summary) in table.chunks_exact_mut(Summary::BYTES).zip(groups.summaries()) {
        summary.put(entry, options.byte_order);
    }
    Ok(destination.write_at(plan.offset_bytes(plan.data_frag.into()), &table)?)
}

fn write_root(
    destination: &mut impl Destination,
    plan: &Plan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Result<(), Error> {
    let inode = root::inode_bytes(plan, options, id, time);
    write_inode(destination, plan, root::ROOT_INODE, &inode)?;
    let mut contents = root::directory_bytes(options).to_vec();
    contents.resize(plan.frag_bytes as usize, 0);
    Ok(destination.write_at(plan.offset_bytes(plan.root_frag().into()), &contents)?)
}

fn write_log(
    destination: &mut impl Destination,
    plan: &Plan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Result<(), Error> {
    let (Some(log), Some(place)) = (plan.log, plan.log_place()) else { return Ok(()) };
    let inode = log::inode_bytes(plan, &log.run, options, id, time);
    write_inode(destination, plan, log::LOG_INODE, &inode)?;
    let indirect = log.run.indirect_bytes(options.byte_order);
    destination.write_at(plan.offset_bytes(log.run.first.0), &indirect)?;
    let headers = log::header_bytes(&place, options.byte_order, time);
    Ok(destination.write_at(place.offset_bytes, &headers)?)
}

fn write_quotas(
    destination: &mut impl Destination,
    plan: &Plan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Result<(), Error> {
    for file in plan.quota_files() {
        let inode = quota::inode_bytes(plan, &file, options, id, time);
        write_inode(destination, plan, file.inode, &inode)?;
        let block = quota::block_bytes(plan, file.kind, options);
        destination.write_at(plan.offset_bytes(file.frag.into()), &block)?;
    }
    Ok(())
}

/// Writes one of the first group's inodes.
fn write_inode(
    destination: &mut impl Destination,
    plan: &Plan,
    number: u32,
    inode: &[u8],
) -> Result<(), Error> {
    let before = u64::from(number) * inode.len() as u64;
    Ok(destination.write_at(plan.offset_bytes(plan.inode_frag.into()) + before, inode)?)
}

fn made(plan: &Plan, superblock: &Superblock, ground: Ground) -> Made {
    let total = &superblock.total;
    let free_frags =
        total.free_blocks as u64 * u64::from(plan.frags_per_block()) + total.free_frags as u64;
    Made {
        format: plan.format,
        size_bytes: plan.offset_bytes(plan.size_frags),
        block_bytes: plan.block_bytes,
        fragment_bytes: plan.frag_bytes,
        groups: plan.groups,
        inodes: u64::from(plan.groups) * u64::from(plan.inodes_per_group),
        free_bytes: plan.offset_bytes(free_frags),
        log_bytes: plan.log_place().map_or(0, |place| place.size_bytes),
        ground,
    }
}
