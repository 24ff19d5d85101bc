//! MOUNT and NFS: exports, version-free operations, version 3.
//!
//! A call's arguments come in as bytes and its result leaves as bytes; in between, `ops` says
//! what NFS means and [`vfs`] does it. This room knows no file system, opens no socket, asks no
//! clock and remembers nothing of a client that any answer depends on: version 3 has no state.
//!
//! ```text
//! rpc ──► mount/  ──► ops/ ──► vfs
//!     ──► v3/     ──►
//! ```
//!
//! | folder | what is in it |
//! |---|---|
//! | `exports/` | what may be mounted, and as whom its clients act |
//! | `handle.rs` | what names a file to a client |
//! | `ops/` | the meaning of each operation, whatever the version |
//! | `v3/` | NFS version 3: rows, types, statuses (RFC 1813) |
//! | `mount/` | MOUNT version 3 (RFC 1813 appendix I) |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod exports;
mod handle;
mod mount;
mod ops;
mod procedure;
mod programs;
mod server;
pub mod v3;

pub use exports::{
    Export, ExportError, ExportId, Exports, Flavor, Flavors, NOBODY, Network, NoFlavors, NoNetwork,
    Rules, Squash,
};
pub use handle::{HANDLE_BYTES, Handle};
pub use programs::programs;
pub use server::Server;
