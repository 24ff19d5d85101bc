//! Where a new directory goes: `ffs_dirpref`.
//!
//! A directory of the first level goes to a group with few directories and much room, so that
//! trees are spread. Any other stays near its parent, as long as the group keeps enough inodes and
//! space for the files that are to come, and not too many directories were made there in a row.

use super::order::groups_after;
use crate::layout::{CylGroup, ROOT_INODE};
use crate::transaction::Transaction;
use abi::InodeNo;
use core::hash::Hasher;
use siphasher::sip::SipHasher13;

/// What BSD expects where the superblock says nothing (`AVFILESIZ`, `AFPDIR`).
const FILE_BYTES: u64 = 16384;
const FILES_PER_DIRECTORY: u64 = 64;
/// `fs_contigdirs` is a byte.
const DIRECTORIES_IN_ROW_MAX: u64 = 255;

/// What a group must have to take another directory.
struct Limits {
    directories: i64,
    free_inodes: i64,
    free_blocks: i64,
    in_row: u64,
}

/// The groups' average.
struct Average {
    directories: i64,
    free_inodes: i64,
    free_blocks: i64,
}

impl Transaction<'_> {
    /// The group to try first for a directory in `parent`.
    pub(super) fn group_for_directory(&self, parent: InodeNo) -> CylGroup {
        let average = self.average();
        if parent == ROOT_INODE {
            return self.roomy_group(&average);
        }
        let home = self.group_of_inode(parent);
        let limits = self.limits(&average);
        let count = self.ffs.geometry.groups;
        groups_after(home, count)
            .find(|&group| self.takes_directory(group, &limits))
            .or_else(|| {
                let has_inodes = |group: &CylGroup| {
                    i64::from(self.counts_of(*group).free_inodes) >= average.free_inodes
                };
                groups_after(home, count).find(has_inodes)
            })
            .unwrap_or(home)
    }

    fn average(&self) -> Average {
        let (total, groups) = (self.total(), i64::from(self.ffs.geometry.groups));
        Average {
            directories: total.directories / groups,
            free_inodes: total.free_inodes / groups,
            free_blocks: total.free_blocks / groups,
        }
    }

    /// The group with the fewest directories of those with average room, from anywhere on.
    fn roomy_group(&self, average: &Average) -> CylGroup {
        let count = self.ffs.geometry.groups;
        let start = CylGroup(self.somewhere(count));
        let has_room = |group: &CylGroup| {
            let counts = self.counts_of(*group);
            i64::from(counts.free_inodes) >= average.free_inodes
                && i64::from(counts.free_blocks) >= average.free_blocks
        };
        groups_after(start, count)
            .filter(has_room)
            .min_by_key(|&group| self.counts_of(group).directories)
            .unwrap_or(start)
    }

    /// A group by chance, another one whenever a directory was made.
    fn somewhere(&self, count: u32) -> u32 {
        let [first, second] = self.ffs.options.hash_key;
        let mut hasher = SipHasher13::new_with_keys(first, second);
        hasher.write_i64(self.total().directories);
        (hasher.finish() % u64::from(count)) as u32
    }

    fn limits(&self, average: &Average) -> Limits {
        let geometry = &self.ffs.geometry;
        let inodes = i64::from(geometry.inodes_per_group);
        let blocks = i64::from(geometry.frags_per_group >> geometry.frags_per_block_shift());
        Limits {
            directories: average.directories.saturating_add(inodes / 16).min(inodes),
            free_inodes: average.free_inodes.saturating_sub(inodes / 4).max(0),
            free_blocks: average.free_blocks.saturating_sub(blocks / 4).max(0),
            in_row: self.directories_in_row_max(average),
        }
    }

    /// As many as the files that are to come leave room for.
    fn directories_in_row_max(&self, average: &Average) -> u64 {
        let geometry = &self.ffs.geometry;
        let (file_bytes, files) = self.expected_files();
        let group_bytes = u64::from(geometry.frags_per_group) << geometry.frag_shift;
        let free_bytes = u64::try_from(average.free_blocks).unwrap_or(0) << geometry.block_shift;
        let used_bytes = group_bytes.saturating_sub(free_bytes);
        let now = used_bytes.checked_div(u64::try_from(average.directories).unwrap_or(0));
        let directory_bytes = file_bytes.saturating_mul(files).max(now.unwrap_or(0)).max(1);
        let by_space = group_bytes / directory_bytes;
        let by_inodes = u64::from(geometry.inodes_per_group) / files;
        by_space.min(by_inodes).clamp(1, DIRECTORIES_IN_ROW_MAX)
    }

    /// How long files are expected to be, in bytes, and how many in a directory; never zero.
    fn expected_files(&self) -> (u64, u64) {
        let superblock = &self.ffs.superblock;
        if !superblock.is_updated() {
            return (FILE_BYTES, FILES_PER_DIRECTORY);
        }
        let or = |value: u32, usual| if value == 0 { usual } else { value.into() };
        (
            or(superblock.average_file_bytes, FILE_BYTES),
            or(superblock.average_files_per_directory, FILES_PER_DIRECTORY),
        )
    }

    fn takes_directory(&self, group: CylGroup, limits: &Limits) -> bool {
        let counts = self.counts_of(group);
        let in_row = self.writer.placement.borrow().directories_in_row(group);
        i64::from(counts.directories) < limits.directories
            && i64::from(counts.free_inodes) >= limits.free_inodes
            && i64::from(counts.free_blocks) >= limits.free_blocks
            && u64::from(in_row) < limits.in_row
    }
}
