//! The independent judge of FFS images: makes them, and will check them.
//!
//! Shares with `ffs` where each field stands on disk ([`ffs::layout`]) and nothing else: what it
//! makes and checks is right by BSD's rules, not by agreement with the code under test. Never
//! part of a service.
#![forbid(unsafe_code)]

mod disk;
pub mod newfs;

pub use disk::MemoryDisk;
