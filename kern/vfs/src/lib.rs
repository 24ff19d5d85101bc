//! Vnodes, mounts, names, file handles and access: what every file system has in common.
//!
//! A [`FileSystem`] answers questions about its own files by number. This room gives those
//! files vnodes with locks, checks who may do what, and offers each operation whole, as system
//! calls and protocols want it: checked, locked, and with the attributes before and after.
//! It has heard of no protocol and of no particular file system, and never touches a disk.
//!
//! # Lock order
//! 1. A mount's lock of directories, by whoever will hold one directory while waiting for
//!    another: rename and remove_directory.
//! 2. Directories, in any order.
//! 3. Files that are no directories; only a rename holds two.
//!
//! Who holds a file never waits for a directory: before another lock is waited for, the kind of
//! file behind it is asked, which needs no lock. Who holds a directory waits for another only
//! with the lock of directories. So no circle can close, not even on a damaged image, where
//! directories contain each other and an order by ancestry would mean nothing. An operation
//! that looks a name up and then works on the file by itself gives up the directory first.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod access;
mod file_system;
mod handle;
mod name;
mod operations;
mod permission;
mod share;
#[cfg(test)]
mod testing;
mod tree;
mod vnode;

pub use access::Access;
pub use file_system::{
    Entry, FileSystem, Limits, NewFile, NewKind, Stability, Usage, Visit, Wait, WritableFileSystem,
    Written,
};
pub use handle::{FileHandle, HANDLE_BYTES};
pub use name::Name;
pub use operations::{Caller, Changed, ReadData, Renamed, Seen};
pub use share::share;
pub use tree::{Mount, Tree};
pub use vnode::Vnode;
