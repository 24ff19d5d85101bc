//! A place that still holds what was there before: made zeros where a file system expects them,
//! and where an older one would be found.
//!
//! ```text
//! group 0    | boot | superblock ... inodes | summaries | root | quotas |  | data ...   | end |
//! group n    | data ... | copy | group | inodes | data ...
//!            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~  zeros first ~~~~~
//! ```
//! As BSD's newfs, it leaves alone what no file owns: data, and of UFS2 the inodes that systems
//! write when they come to need them.

use super::group::initialized_inodes;
use super::{Destination, Plan};
use ffs::layout::{Format, SUPERBLOCK_AREA_BYTES, SUPERBLOCK_OFFSETS};
use std::io;
use std::ops::Range;

/// The end of a disk, where others keep labels and copies of partition tables.
const END_BYTES: u64 = 1 << 20;
/// Zeros written at a time.
const PIECE_BYTES: u64 = 1 << 20;

/// Writes zeros over all metadata to be, and over what would be taken for an older file system.
pub(super) fn sweep(
    destination: &mut impl Destination,
    plan: &Plan,
    size_bytes: u64,
) -> io::Result<()> {
    let zeros = vec![0; PIECE_BYTES as usize];
    zero(destination, &zeros, 0..first_bytes(plan).min(size_bytes))?;
    for group in 1..plan.groups {
        zero(destination, &zeros, metadata(plan, group))?;
    }
    zero(destination, &zeros, size_bytes.saturating_sub(END_BYTES)..size_bytes)
}

/// The first group's metadata, and every place where a superblock is looked for.
fn first_bytes(plan: &Plan) -> u64 {
    let places =
        SUPERBLOCK_OFFSETS.iter().max().map_or(0, |place| place + SUPERBLOCK_AREA_BYTES as u64);
    places.max(plan.offset_bytes(plan.quota_frags().end.into()))
}

/// Where a group has its copy of the superblock, its block and the inodes that are initialized.
fn metadata(plan: &Plan, group: u32) -> Range<u64> {
    let start = plan.group_start(group);
    let end = match plan.format {
        Format::Ufs1 => plan.data_frag,
        Format::Ufs2 => {
            let blocks = initialized_inodes(plan).div_ceil(plan.inodes_per_block());
            plan.inode_frag + blocks * plan.frags_per_block()
        }
    };
    let place = |frag: u32| plan.offset_bytes(start + u64::from(frag));
    place(plan.superblock_frag)..place(end)
}

fn zero(destination: &mut impl Destination, zeros: &[u8], range: Range<u64>) -> io::Result<()> {
    let mut at = range.start;
    while at < range.end {
        let count = (range.end - at).min(PIECE_BYTES);
        destination.write_at(at, &zeros[..count as usize])?;
        at += count;
    }
    Ok(())
}
