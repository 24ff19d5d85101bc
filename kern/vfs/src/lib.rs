//! Vnodes, mounts, names, file handles and access: what every file system has in common.
//!
//! A [`FileSystem`] answers questions about its own files by number. This room gives those
//! files vnodes with locks, checks who may do what, and offers each operation whole, as system
//! calls and protocols want it: checked, locked, and with the attributes before and after.
//! It has heard of no protocol and of no particular file system, and never touches a disk.
//!
//! # Lock order
//! The rename lock of a mount; then vnode locks, a directory before what it contains, two
//! directories ancestor first. An operation that looks a name up and then works on the file by
//! itself gives up the directory first.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod access;
mod file_system;
mod handle;
mod name;
mod operations;
mod tree;

pub use access::Access;
pub use file_system::{
    Entry, FileSystem, Limits, NewFile, NewKind, Stability, Usage, Visit, Wait, WritableFileSystem,
    Written,
};
pub use handle::{FileHandle, HANDLE_BYTES};
pub use name::Name;
pub use operations::{Caller, Changed, ReadData, Renamed, Seen};
pub use tree::{Mount, Tree, Vnode};
