//! Everything the conformance tests need: servers to start, trees and images to serve, clients
//! to ask, and a Linux guest to mount from.
//!
//! The suite judges the program from outside, as people use it: it runs the real `vnfsd`, and
//! shares no code with it. Images come from makefs(8), the NFS types from a crate by others, and
//! what it knows of RPC and of the disk format it knows by itself. `tests/` holds the scenarios.

pub mod compare;
pub mod entry;
pub mod fleet;
pub mod guest;
pub mod image;
pub mod lan;
pub mod load;
pub mod look;
pub mod namespace;
pub mod nfs;
pub mod process;
pub mod program;
pub mod require;
pub mod rpc;
pub mod server;
pub mod surgery;
pub mod trace;
pub mod tree;
pub mod untar;
pub mod work;
