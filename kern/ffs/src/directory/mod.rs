//! Directories: finding names, listing them, putting them in and taking them out, and an index
//! for the large ones.
//!
//! A directory is a file of 512-byte chunks, each filled exactly by its records. A damaged chunk
//! costs only the names in it: lookups and listings go on behind it. A lookup answers `Io` instead of
//! "no such name" if it finds nothing, a listing ends with `Io` instead of its end. No name is put
//! into such a chunk.
//!
//! A change is prepared under the directory's lock, by what waits (`entry_of`, `room_for`), and
//! made by a transaction, which looks again whether everything is as it was found.
//!
//! A record's offset is the cookie that a listing resumes at: a name that stays never moves.
//! Directories grow by a chunk, and are cut when names are struck from them (4.4BSD does it when
//! the next one is entered): only once a whole block at the end is free of names, so that names
//! that come and go there do not take and give back space each time.

mod change;
mod chunk;
mod findings;
mod free_space;
mod grow;
mod index;
mod list;
mod lookup;
mod records;
mod room;
mod scan;
#[cfg(test)]
mod tests;

pub(crate) use findings::Findings;
pub(crate) use index::{IndexChange, NameIndex};
pub(crate) use lookup::Found;
pub(crate) use room::Room;

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{CHUNK_BYTES, Lbn};
use crate::map::Map;
use abi::{Errno, FileType, InodeNo, Result};
use hashbrown::HashSet;

/// Largest directory whose names are looked up by reading it: one chunk, two dozen names. Beyond
/// that, finding them in an index is faster and takes always the same time.
pub(crate) const SCAN_BYTES_MAX: u64 = CHUNK_BYTES as u64;

/// What is read of a directory before others get their turn.
const STRIDE_BYTES: u64 = 256 << 10;

/// Largest directory (BSD's MAXDIRSIZE).
const DIRECTORY_BYTES_MAX: u64 = i32::MAX as u64;

impl Ffs {
    /// The size of a directory in whole chunks. One that is larger than the file system has
    /// blocks twice: reading it would be work, and listing it memory, that no image justifies.
    async fn directory_bytes(&self, node: &Node) -> Result<u64> {
        if node.file_type != FileType::Directory {
            return Err(Errno::NotDirectory);
        }
        let (inode, size) = (node.number.0, node.inode().size_bytes);
        let limit = self.directory_bytes_max();
        if size > limit {
            let line = format_args!("inode {inode}: directory of {size} bytes, at most {limit}");
            return Err(self.damaged(line));
        }
        if self.is_folded(node).await {
            return Err(self.damaged(format_args!("inode {inode}: a directory with a block twice")));
        }
        Ok(size.next_multiple_of(CHUNK_BYTES as u64))
    }

    fn directory_bytes_max(&self) -> u64 {
        DIRECTORY_BYTES_MAX.min(self.geometry.data_frags << self.geometry.frag_shift)
    }

    /// Whether a block stands in a directory twice.
    async fn is_folded(&self, node: &Node) -> bool {
        if node.inode().size_bytes <= self.geometry.block_bytes().into() {
            return false;
        }
        if node.findings.is_folded.get().is_none() {
            node.findings.is_folded.set(Some(self.has_block_twice(node).await));
        }
        node.findings.is_folded.get() == Some(true)
    }

    /// Looks at pointers only. What cannot be read of them holds no names either.
    async fn has_block_twice(&self, node: &Node) -> bool {
        let (mut map, mut seen) = (Map::new(self, node), HashSet::new());
        let blocks = node.inode().size_bytes.div_ceil(self.geometry.block_bytes().into());
        for lbn in (0..blocks).map(Lbn) {
            match map.pointer(lbn).await {
                Ok(pointer) if !pointer.is_hole() && !seen.insert(pointer.0) => return true,
                _ => {}
            }
        }
        false
    }

    fn bad_record(&self, directory: InodeNo, bad: records::Bad) -> Errno {
        let (inode, records::Bad { offset, fault }) = (directory.0, bad);
        self.damaged(format_args!("inode {inode}: directory entry at byte {offset}: {fault}"))
    }
}
