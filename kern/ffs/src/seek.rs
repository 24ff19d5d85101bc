//! Where the data of a sparse file is: what lseek(2) calls `SEEK_DATA`.
//!
//! A missing indirect block is a hole of all that it would lead to, and is passed in one step: a
//! file of 2⁴⁶ bytes with nothing in it is no more work than its pointers.

use crate::file_system::Ffs;
use crate::layout::Lbn;
use crate::map::Map;
use abi::{Errno, FileId, FileType, Result};

impl Ffs {
    /// The first byte at or behind `offset_bytes` of a regular file that is in no hole; `None` if
    /// there is none before its end.
    ///
    /// # Errors
    /// `Stale`; `Invalid` if it is no regular file; `Io` if an indirect block is damaged.
    pub async fn next_data(&self, file: FileId, offset_bytes: u64) -> Result<Option<u64>> {
        let node = self.file(file).await?;
        if node.file_type != FileType::Regular {
            return Err(Errno::Invalid);
        }
        let shift = self.geometry.block_shift;
        let blocks = node.inode().size_bytes.div_ceil(1 << shift);
        let mut map = Map::new(self, &node);
        let mut lbn = offset_bytes >> shift;
        while lbn < blocks {
            match map.hole_blocks(Lbn(lbn)).await? {
                0 => return Ok(Some(offset_bytes.max(lbn << shift))),
                hole => lbn += hole,
            }
        }
        Ok(None)
    }
}
