//! The page cache and read-ahead above a [`hyper::Disk`].
//!
//! A disk is seen as pages of one size, which a file system chooses as its block size: a full
//! block is one page, a fragment lies inside one, and no byte is ever cached twice. Pages are
//! handed out shared and are never changed while somebody holds them.
//! This room knows nothing of files, and it alone waits for disks.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod cache;
mod clock;
mod device;

pub use cache::{Cache, PageNo, REQUEST_BYTES_MAX};
pub use clock::Clock;
pub use device::Device;

#[cfg(test)]
mod tests;
