//! What is known of every inode and fragment while a check runs.

use super::sparse::{Bits, Sparse};
use ffs::layout::mode;
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of an inode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The type bits of its mode, moved down: what directories call `d_type`. 0 if it is free.
    pub type_code: u8,
    /// Names that it says lead to it.
    pub links: u16,
    /// Names that were found.
    pub names: u32,
    /// A directory with such a name, or 0.
    pub directory: u32,
}

/// `d_type` of a directory.
pub(super) const DIRECTORY: u8 = 4;
/// `d_type` of a regular file.
pub(super) const REGULAR: u8 = 8;

/// The type bits of a mode as directories keep them.
pub(super) const fn type_code(inode_mode: u16) -> u8 {
    ((inode_mode & mode::TYPE) >> 12) as u8
}

impl Known {
    pub fn is_free(&self) -> bool {
        self.type_code == 0
    }

    pub fn is_directory(&self) -> bool {
        self.type_code == DIRECTORY
    }
}

/// What is kept of a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    /// The directory with its name, or 0 if none is known.
    pub parent: u32,
    /// Where its `..` leads.
    pub dot_dot: u32,
    /// Whether a path from the root leads there.
    pub is_reached: bool,
    /// Whether it was asked where its name should be.
    pub is_asked: bool,
    /// Whether it has names besides `.` and `..`.
    pub has_names: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// Fragments that have an owner.
    pub used: Bits,
    /// Inodes in use.
    pub inodes: Sparse<Known>,
    pub directories: BTreeMap<u32, Directory>,
    /// Inodes that have no names and are none the worse for it: the log's and quotas'.
    pub unnamed: BTreeSet<u32>,
    /// How many inodes of a group are written, where not all of them are.
    pub initialized: BTreeMap<u32, u32>,
    /// Groups whose block is not believed.
    pub broken_groups: BTreeSet<u32>,
    pub has_snapshots: bool,
}

impl Census {
    pub fn known(&self, number: u32) -> Known {
        self.inodes.get(number.into())
    }

    pub fn known_mut(&mut self, number: u32) -> &mut Known {
        self.inodes.at(number.into())
    }

    pub fn directory(&self, number: u32) -> Directory {
        self.directories.get(&number).copied().unwrap_or_default()
    }

    pub fn directory_mut(&mut self, number: u32) -> &mut Directory {
        self.directories.entry(number).or_default()
    }
}
