//! UFS1 and UFS2, the Berkeley fast file system, in both byte orders.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod layout;
