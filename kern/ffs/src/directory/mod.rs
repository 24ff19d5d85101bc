//! Directories: finding names, listing them, and an index for the large ones.
//!
//! A directory is a file of 512-byte chunks, each filled exactly by its records. A damaged chunk
//! costs only the names in it: a lookup goes on behind it, and answers `Io` instead of "no such
//! name" if it finds nothing.

mod index;
mod list;
mod lookup;
mod records;
mod scan;

pub(crate) use index::NameIndex;

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::CHUNK_BYTES;
use abi::{Errno, FileType, Result};

/// Largest directory whose names are looked up by reading it: one chunk, two dozen names. Beyond
/// that, finding them in an index is faster and takes always the same time.
pub(crate) const SCAN_BYTES_MAX: u64 = CHUNK_BYTES as u64;

/// What is read of a directory at once.
const STRIDE_BYTES: u64 = 256 << 10;

/// Largest directory (BSD's MAXDIRSIZE).
const DIRECTORY_BYTES_MAX: u64 = i32::MAX as u64;

impl Ffs {
    /// The size of a directory in whole chunks. One that is larger than the file system has
    /// blocks twice: reading it would be work without end.
    fn directory_bytes(&self, node: &Node) -> Result<u64> {
        if node.file_type != FileType::Directory {
            return Err(Errno::NotDirectory);
        }
        let size = node.inode.size_bytes;
        let limit = DIRECTORY_BYTES_MAX.min(self.geometry.size_frags << self.geometry.frag_shift);
        if size > limit {
            let inode = node.number.0;
            let line = format_args!("inode {inode}: directory of {size} bytes, at most {limit}");
            return Err(self.damaged(line));
        }
        Ok(size.next_multiple_of(CHUNK_BYTES as u64))
    }

    fn bad_record(&self, node: &Node, bad: records::Bad) -> Errno {
        let (inode, records::Bad { offset, fault }) = (node.number.0, bad);
        self.damaged(format_args!("inode {inode}: directory entry at byte {offset}: {fault}"))
    }
}
