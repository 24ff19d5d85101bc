//! The page cache above a [`hyper::Disk`]: read-ahead, dirty pages, write-back.
//!
//! A disk is seen as pages of one size, which a file system chooses as its block size: a full
//! block is one page, a fragment lies inside one, and no byte is ever cached twice. Pages are
//! handed out shared and are never changed while somebody holds them: new contents are a new page.
//! This room knows nothing of files, and it alone waits for disks.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod cache;
mod clock;
mod device;
mod dirty;
mod dirty_page;
mod loan;
mod pages;
mod room;
mod sectors;
mod traffic;
mod versions;
mod write_back;
mod writing;

pub use cache::{Cache, CacheUse, PageNo, Pinned, REQUEST_BYTES_MAX};
pub use clock::Clock;
pub use device::Device;
pub use loan::Loan;
pub use pages::Lookups;
pub use sectors::{SECTOR_BYTES, Sectors};
pub use traffic::Traffic;
pub use write_back::WriteBack;

/// Where an owner of a cache has what is dirty counted.
pub use hyper::{Account, Grant};
pub use room::Room;

#[cfg(test)]
mod tests;
