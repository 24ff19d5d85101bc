//! The superblock of a new file system.

use super::{Options, Plan, quota};
use abi::{FileSystemId, Timestamp};
use ffs::layout::{
    Format, INODE_FORMAT_44, MAGIC_UFS1, MAGIC_UFS2, SUPERBLOCK_AREA_BYTES, SUPERBLOCK_BYTES,
    Summary, Superblock, TotalSummary, clean, flags,
};

const SECTOR_BYTES: u32 = 512;
/// What BSD expects of the files to come (AVFILESIZ, AFPDIR): guides where directories go.
const AVERAGE_FILE_BYTES: u32 = 16384;
const AVERAGE_FILES_PER_DIRECTORY: u32 = 64;
/// Direct pointers of an inode.
const DIRECT_POINTERS: u64 = 12;

/// The superblock that `plan` amounts to, clean and with the counts in `total`.
pub(super) fn superblock(
    plan: &Plan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
    total: &TotalSummary,
) -> Superblock {
    let mut superblock = Superblock::zeroed();
    set_places(&mut superblock, plan);
    set_sizes(&mut superblock, plan);
    set_habits(&mut superblock, plan, options);
    superblock.id = [(id.0 >> 32) as u32, id.0 as u32];
    superblock.time = time.seconds;
    superblock.total = *total;
    superblock.clean = clean::IS_CLEAN;
    superblock.old_flags = flags::FLAGS_UPDATED;
    if let Some(place) = plan.log_place() {
        place.store(&mut superblock);
    }
    quota::store(plan, &mut superblock);
    match plan.format {
        Format::Ufs1 => set_old_fields(&mut superblock, plan),
        Format::Ufs2 => superblock.magic = MAGIC_UFS2,
    }
    superblock
}

fn set_places(superblock: &mut Superblock, plan: &Plan) {
    superblock.superblock_offset_bytes = plan.superblock_offset_bytes as i64;
    superblock.superblock_frag = plan.superblock_frag as i32;
    superblock.group_frag = plan.group_frag as i32;
    superblock.inode_frag = plan.inode_frag as i32;
    superblock.data_frag = plan.data_frag as i32;
    superblock.summary_frag = plan.data_frag.into();
    superblock.summary_bytes = plan.summary_bytes as i32;
    superblock.size_frags = plan.size_frags as i64;
    superblock.data_frags = data_frags(plan);
    superblock.groups = plan.groups;
    superblock.frags_per_group = plan.frags_per_group as i32;
    superblock.inodes_per_group = plan.inodes_per_group;
    superblock.group_bytes = plan.group_bytes as i32;
}

/// What is neither boot area, nor a group's metadata, nor the summary table.
fn data_frags(plan: &Plan) -> i64 {
    let metadata = i64::from(plan.groups) * i64::from(plan.data_frag - plan.superblock_frag);
    let first = i64::from(plan.superblock_frag) + i64::from(plan.summary_frags());
    plan.size_frags as i64 - metadata - first
}

fn set_sizes(superblock: &mut Superblock, plan: &Plan) {
    let (block, frag) = (plan.block_bytes as i32, plan.frag_bytes as i32);
    superblock.block_bytes = block;
    superblock.frag_bytes = frag;
    superblock.frags_per_block = block / frag;
    (superblock.block_mask, superblock.frag_mask) = (-block, -frag);
    (superblock.block_offset_mask, superblock.frag_offset_mask) =
        (i64::from(block) - 1, i64::from(frag) - 1);
    superblock.block_shift = block.ilog2() as i32;
    superblock.frag_shift = frag.ilog2() as i32;
    superblock.frags_per_block_shift = (block / frag).ilog2() as i32;
    superblock.sector_shift = (plan.frag_bytes / SECTOR_BYTES).ilog2() as i32;
    superblock.superblock_bytes = SUPERBLOCK_BYTES
        .next_multiple_of(plan.frag_bytes as usize)
        .min(SUPERBLOCK_AREA_BYTES) as i32;
    superblock.pointers_per_block = (plan.block_bytes / plan.format.pointer_bytes()) as i32;
    superblock.inodes_per_block = plan.inodes_per_block();
    superblock.file_bytes_max = file_bytes_max(plan);
}

/// As many bytes as the direct pointers and three levels of indirect blocks reach.
fn file_bytes_max(plan: &Plan) -> u64 {
    let pointers = u64::from(plan.block_bytes / plan.format.pointer_bytes());
    let blocks = DIRECT_POINTERS + pointers + pointers.pow(2) + pointers.pow(3);
    blocks * u64::from(plan.block_bytes) - 1
}

fn set_habits(superblock: &mut Superblock, plan: &Plan, options: &Options) {
    superblock.reserve_percent = options.reserved_percent as i32;
    superblock.contiguous_blocks_max = plan.cluster_sizes as i32;
    superblock.cluster_sizes = plan.cluster_sizes as i32;
    superblock.file_blocks_per_group_max = superblock.pointers_per_block;
    superblock.extent_bytes_max = superblock.block_bytes;
    superblock.average_file_bytes = AVERAGE_FILE_BYTES;
    superblock.average_files_per_directory = AVERAGE_FILES_PER_DIRECTORY;
    superblock.old_inode_format = INODE_FORMAT_44;
    superblock.inline_link_bytes_max = 15 * plan.format.pointer_bytes() as i32;
    let name = options.volume_name.as_bytes();
    superblock.volume_name[..name.len()].copy_from_slice(name);
}

/// UFS1 keeps narrow copies of some fields, and describes a disk whose groups are one cylinder
/// each: that is how newfs fits it to disks whose geometry nobody knows.
fn set_old_fields(superblock: &mut Superblock, plan: &Plan) {
    let sectors_per_frag = (plan.frag_bytes / SECTOR_BYTES) as i32;
    let sectors_per_cylinder = superblock.frags_per_group.saturating_mul(sectors_per_frag);
    superblock.magic = MAGIC_UFS1;
    superblock.old_group_mask = -1;
    superblock.old_time = superblock.time.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    superblock.old_size_frags = superblock.size_frags as i32;
    superblock.old_data_frags = superblock.data_frags as i32;
    superblock.old_summary_frag = superblock.summary_frag as i32;
    superblock.old_total = narrow(&superblock.total);
    superblock.old_rotations = 60;
    superblock.old_interleave = 1;
    superblock.old_sectors_per_frag = sectors_per_frag;
    superblock.old_physical_sectors = sectors_per_cylinder;
    superblock.old_sectors_per_track = sectors_per_cylinder;
    superblock.old_sectors_per_cylinder = sectors_per_cylinder;
    superblock.old_cylinders = plan.groups as i32;
    superblock.old_cylinders_per_group = 1;
    superblock.old_rotation_format = 1;
    superblock.old_rotation_positions = 1;
}

fn narrow(total: &TotalSummary) -> Summary {
    Summary {
        directories: total.directories as i32,
        free_blocks: total.free_blocks as i32,
        free_inodes: total.free_inodes as i32,
        free_frags: total.free_frags as i32,
    }
}
