//! Counts of what is free: `struct csum` of a cylinder group, `struct csum_total` of them all.

use super::record::record;

record! {
    /// Counts kept for each cylinder group, and in old UFS1 superblocks for all of them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    Summary [16] {
        /// cs_ndir: directories.
        0 => directories: i32,
        /// cs_nbfree: free full blocks.
        4 => free_blocks: i32,
        /// cs_nifree: free inodes.
        8 => free_inodes: i32,
        /// cs_nffree: free fragments outside free blocks.
        12 => free_frags: i32,
    }
}

impl Summary {
    /// The sum of both. Counts on disk may be any numbers: they wrap around.
    pub const fn plus(self, change: Self) -> Self {
        Self {
            directories: self.directories.wrapping_add(change.directories),
            free_blocks: self.free_blocks.wrapping_add(change.free_blocks),
            free_inodes: self.free_inodes.wrapping_add(change.free_inodes),
            free_frags: self.free_frags.wrapping_add(change.free_frags),
        }
    }
}

impl TotalSummary {
    /// These counts after one group's have changed.
    pub const fn plus(self, change: Summary) -> Self {
        Self {
            directories: self.directories.wrapping_add(change.directories as i64),
            free_blocks: self.free_blocks.wrapping_add(change.free_blocks as i64),
            free_inodes: self.free_inodes.wrapping_add(change.free_inodes as i64),
            free_frags: self.free_frags.wrapping_add(change.free_frags as i64),
            spare: self.spare,
        }
    }
}

record! {
    /// The counts of all cylinder groups, wide.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    TotalSummary [64] {
        /// cs_ndir: directories.
        0 => directories: i64,
        /// cs_nbfree: free full blocks.
        8 => free_blocks: i64,
        /// cs_nifree: free inodes.
        16 => free_inodes: i64,
        /// cs_nffree: free fragments outside free blocks.
        24 => free_frags: i64,
        /// cs_spare. FreeBSD keeps a count of free clusters in the first.
        32 => spare: [i64; 4],
    }
}

impl From<Summary> for TotalSummary {
    fn from(narrow: Summary) -> Self {
        Self {
            directories: narrow.directories.into(),
            free_blocks: narrow.free_blocks.into(),
            free_inodes: narrow.free_inodes.into(),
            free_frags: narrow.free_frags.into(),
            spare: [0; 4],
        }
    }
}
