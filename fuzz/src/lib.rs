//! What is done with one input of each fuzz target.
//!
//! The functions here run an input and panic where the code under test breaks a promise; they
//! know no fuzzer. `fuzz/driver` links them to LLVM's, which `cargo xtask fuzz` builds and runs;
//! `tests/replay.rs` runs them on the corpus kept in the repository, as any test.
//!
//! | target | what the input is | what must hold |
//! |---|---|---|
//! | [`rpc_records`] | bytes of several connections, in splits, and the order in which calls end | every reply is a whole record of a call that was made, limits are kept |
//! | [`nfs3_calls`] | calls of every procedure on a small file system in memory | one reply to each call |
//! | [`ffs_image`] | changes to a small image, or an image | mounted or refused, everything read, bounded I/O |
#![forbid(unsafe_code)]

mod image;
mod input;
mod nfs3;
mod records;

pub use image::ffs_image;
pub use nfs3::nfs3_calls;
pub use records::rpc_records;

/// A target: its name, which is also that of its corpus folder and its program, and what it does
/// with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 3] =
    [("rpc_records", rpc_records), ("nfs3_calls", nfs3_calls), ("ffs_image", ffs_image)];
