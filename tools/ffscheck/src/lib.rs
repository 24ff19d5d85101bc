//! The independent judge of FFS images: makes them, checks them and repairs them.
//!
//! Shares with `ffs` where each field stands on disk ([`ffs::layout`]) and nothing else: what it
//! makes and checks is right by BSD's rules, not by agreement with the code under test. Never
//! part of a service.
#![forbid(unsafe_code)]

mod disk;
pub mod fsck;
mod image;
pub mod newfs;
mod pages;

pub use disk::MemoryDisk;
pub use image::Image;
