//! Changing what is in a file: blocks given to it, filled, and taken back.
//!
//! ```text
//!  write, resize        many transactions, each of bounded size
//!   │
//!  ready  cut           one block made long enough; blocks taken away from the end
//!   │
//!  tail                 fragments at a file's end: longer in place, or moved
//!   │
//!  pointers             the map, read and changed within a transaction
//! ```
//! What holds at the end of every transaction, so that no crash and no other system finds anything
//! to mend:
//! - Only the last block of a file, and only a direct one, is shorter than a full block; how long
//!   it is follows from the size of the file.
//! - No block lies beyond the end, and none that does was ever seen: a file is cut from its end,
//!   and its size follows, so a crash in the middle leaves a shorter file than before and a longer
//!   one than was asked for, in which every byte is what it was.
//! - The last block is there, unless the disk was too full for it: FreeBSD wants files not to end
//!   with a hole.
//! - What a transaction brings into a file without writing it reads as zeros. Bytes between the
//!   end of a file and the end of its last fragment are zeros where this room left them; where it
//!   did not (or a crash left data that was written before the size that would have included it),
//!   they become zeros, durably with the transaction, when the end moves beyond them.
//!
//! This room never looks at names, links or permissions.
//!
//! After `ffs_balloc.c`, `ffs_inode.c` and `ufs_readwrite.c` of NetBSD, and `ffs_inode.c` of FreeBSD.

mod bitmap;
mod cut;
mod dirty;
mod extended;
mod failures;
mod pointers;
mod ready;
mod resize;
mod tail;
#[cfg(test)]
mod tests;
mod throttle;
mod write;

use crate::layout::{FragNo, Inode};
use abi::FileType;

pub(crate) use dirty::DirtyFiles;
pub(crate) use failures::Failures;
pub(crate) use tail::Replaced;

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Data of a regular file; `stable` if it is to be durable with the transaction.
    Data {
        /// See [`Use::Data`].
        stable: bool,
    },
    /// A directory's entries, or a symbolic link's target.
    Metadata,
}

impl Use {
    /// What the blocks of a file are used for.
    fn of(inode: &Inode) -> Self {
        match inode.file_type() {
            Some(FileType::Regular) => Self::Data { stable: false },
            _ => Self::Metadata,
        }
    }
}

/// A block of a file, or the fragments of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The first fragment.
    pub(crate) frag: FragNo,
    pub(crate) frags: u32,
    /// It was no block of the file before.
    pub(crate) is_fresh: bool,
}
