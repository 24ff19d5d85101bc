//! UFS1 and UFS2, the Berkeley fast file system: both byte orders, old and new inode formats,
//! one body of code.
//!
//! ```text
//!  glue       the contract of `vfs::FileSystem`, and nothing else
//!   │
//!  directory  records, names, cookies, the index of a large directory
//!   │
//!  data       ranges of a file: cache pages in, slices of them out; read-ahead
//!   │
//!  map        block of a file ──► fragment of the disk, through indirect blocks
//!   │
//!  inodes     decoded inodes, the most used ones kept
//!   │
//!  mount      the superblock found, checked, described
//!   │
//!  layout     the disk format alone: shared with newfs and fsck
//! ```
//! And the half that changes:
//!
//! ```text
//!  operations   what VFS asks for           contents   writing, lengthening, cutting
//!          └──────────────────┬─────────────────┘    reclaim   files without names
//!                        transaction ◄───────────────────┘
//!                 ┌───────────┼───────────┐
//!              allocate     quota      commit ──► log, recover
//! ```
//! Everything on disk is untrusted: what is damaged answers `Io`, for that object only, and is
//! named to a [`Damage`] sink. This room never checks permissions, never keeps file data of its
//! own (pages belong to `block`), and knows no clock.
//!
//! After McKusick, Joy, Leffler and Fabry, "A Fast File System for UNIX" (1984), and the
//! `ufs/ffs` of NetBSD and FreeBSD.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod layout;

mod ahead;
mod allocate;
mod commit;
mod contents;
mod damage;
mod data;
mod description;
mod directory;
mod file_system;
mod glue;
mod inodes;
pub mod log;
mod map;
mod mount;
mod node_table;
mod operations;
mod quota;
mod reclaim;
mod recover;
mod seek;
#[cfg(test)]
mod testing;
mod transaction;
mod under_way;
mod writer;

pub use commit::Counters;
pub use damage::Damage;
pub use description::{Condition, Description};
pub use file_system::Ffs;
pub use mount::{MountError, Options, mount};
pub use quota::{LimitChange, QuotaKind, Quotas};
