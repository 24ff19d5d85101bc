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
