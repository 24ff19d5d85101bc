//! How much of the log a transaction takes.

use crate::layout::log::{extents_per_record, inodes_per_record};

/// What a transaction takes in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Records of revocations, and of blocks with their contents.
    pub(super) contents_bytes: u64,
    /// Records of inodes.
    pub(super) list_bytes: u64,
}

impl Need {
    /// What so many entries take: `extents` of `data_bytes` together.
    pub fn new(
        block_bytes: u32,
        revoked: usize,
        extents: usize,
        data_bytes: u64,
        inodes: usize,
    ) -> Self {
        let (per_list, per_inodes) =
            (extents_per_record(block_bytes), inodes_per_record(block_bytes));
        let blocks = revoked.div_ceil(per_list) + extents.div_ceil(per_list);
        let lists = inodes.div_ceil(per_inodes).max(1);
        Self {
            contents_bytes: blocks as u64 * u64::from(block_bytes) + data_bytes,
            list_bytes: lists as u64 * u64::from(block_bytes),
        }
    }

    /// All of it.
    pub const fn bytes(&self) -> u64 {
        self.contents_bytes + self.list_bytes
    }
}
