//! Superblocks, groups and counts.

use super::{NOTHING, plant, plant_in};
use crate::builder::inode::SMALL;
use crate::surgery::Patient;
use ffs::layout::{ByteOrder, Format, FragNo};
use ffscheck::fsck::Class;

#[test]
fn headers() {
    plant(
        |patient| patient.alter_group(1, |group| group.magic = 7),
        "group 1: the group block is none (made again)",
        &[Class::Group],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(1, |group| group.number = 7),
        "group 1: the group block is none (made again)",
        &[Class::Group],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.frags += 8),
        "phase 5: group 0: cg_ndblk is ",
        &[Class::GroupHeader],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.inode_rotor = u32::MAX),
        "phase 5: group 0: rotors [",
        &[Class::Rotor],
        NOTHING,
    );
    let unwritten =
        |patient: &mut Patient| patient.alter_group(0, |group| group.initialized_inodes = 1);
    let line = "phase 1: group 0: 1 inodes of ";
    for order in [ByteOrder::Little, ByteOrder::Big] {
        plant_in(Format::Ufs2, order, &unwritten, line, &[Class::InitializedInodes], NOTHING);
    }
}

#[test]
fn maps() {
    plant(
        |patient| patient.flip(0, |group| group.inode_map, SMALL),
        "1 inodes in use are free in the map, 0 free ones in use (corrected)",
        &[Class::InodeMap],
        NOTHING,
    );
    plant(
        |patient| patient.flip(0, |group| group.frag_map, 3),
        "phase 5: group 0: 1 fragments in use are free in the map, 0 free ones in use (corrected)",
        &[Class::FragmentMap],
        NOTHING,
    );
    plant(
        |patient| patient.flip(1, |group| group.cluster_map, 2),
        "phase 5: group 1: the map of free blocks, or the counts of their runs (corrected)",
        &[Class::ClusterMap],
        NOTHING,
    );
}

#[test]
fn counts() {
    plant(
        |patient| patient.alter_group(0, |group| group.free_runs[3] += 1),
        "phase 5: group 0: runs are ",
        &[Class::FreeRuns],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.summary.free_blocks -= 1),
        ", and the group says ",
        &[Class::GroupCounts],
        NOTHING,
    );
    plant(
        |patient| {
            let place = Patient::frag_place(FragNo(patient.superblock.summary_frag as u64));
            patient.write(place + 16, &[0xff; 4]);
        },
        "phase 5: group 1: 0 directories, ",
        &[Class::SummaryTable],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.total.directories += 1),
        "phase 5: file system: directories, free blocks, inodes and fragments are ",
        &[Class::Totals],
        NOTHING,
    );
}

#[test]
fn superblocks() {
    plant(
        |patient| patient.alter_superblock(|fs| fs.magic = 0),
        "phase 0: file system: no superblock where one should be (restored from a copy)",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.frags_per_group = 13),
        "fs_fpg at byte 188 is 13, expected",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.size_frags -= 8),
        "phase 0: file system: the superblock contradicts its copies, which agree, in size_frags",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.pointers_per_block += 1),
        "contradicts its copies, which agree, in pointers_per_block",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.reserve_percent = -5),
        "phase 0: file system: fs_minfree is -5, not 5 (corrected)",
        &[Class::SuperblockField],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.file_bytes_max = 5),
        "phase 0: file system: fs_maxfilesize is 5, not ",
        &[Class::SuperblockField],
        NOTHING,
    );
    plant(
        |patient| {
            let copy = patient.group_place(1, patient.superblock.superblock_frag);
            patient.write(copy, &[0; 1376]);
        },
        "phase 0: group 1: no copy of the superblock (written again)",
        &[Class::SuperblockCopy],
        NOTHING,
    );
}
