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
//! | [`fsck`] | the same | checked, repaired, and nothing left to be found if that is what the check said |
//! | [`ffs_changes`] | changes to a small image, and operations | mounted for writing, used, left and mounted again, in bounded time |
//! | [`net_frames`] | what two hosts send each other, what is done to it on its way, and frames by nobody | no bound is passed, an idle stack holds nothing |
//! | [`net_streams`] | what peers that know nearly where they stand say to a host with connections in every state, calls, time | events, frames, bounds and deadlines are right, who falls silent is given up |
//! | [`net_pair`] | what two hosts send each other in streams, and what is done to it on its way | what arrives is what was sent; all of it, if nobody lied |
//! | [`fleet_file`] | a file that describes services | faults within bounds, or a plan whose services start and end |
//! | [`ffs_log`] | records of a log, and changes to it | refused without a trace, or replayed, and used as after any crash |
#![forbid(unsafe_code)]

mod changes;
mod disk;
mod fleet;
mod fsck;
mod image;
mod input;
mod log;
mod net;
mod nfs3;
mod records;

pub use changes::ffs_changes;
pub use fleet::fleet_file;
pub use fsck::fsck;
pub use image::ffs_image;
pub use log::ffs_log;
pub use net::{net_frames, net_pair, net_streams};
pub use nfs3::nfs3_calls;
pub use records::rpc_records;

/// A target: its name, which is also that of its corpus folder and its program, and what it does
/// with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("rpc_records", rpc_records),
    ("nfs3_calls", nfs3_calls),
    ("ffs_image", ffs_image),
    ("ffs_changes", ffs_changes),
    ("fsck", fsck),
    ("ffs_log", ffs_log),
    ("fleet_file", fleet_file),
    ("net_frames", net_frames),
    ("net_streams", net_streams),
    ("net_pair", net_pair),
];
