//! Words every room shares: errors, credentials, attributes, times and ids.
//!
//! Nouns only. This room never waits, never keeps memory between calls, and knows neither a
//! protocol nor a disk format: protocols translate these words to their wire, file systems to
//! their layout.
#![no_std]
#![forbid(unsafe_code)]

mod attributes;
mod credentials;
mod errno;
mod id;
mod time;

pub use attributes::{Attributes, DeviceNumber, FileType, SetAttributes, SetTime};
pub use credentials::{Credentials, GROUPS_MAX};
pub use errno::{Errno, Result};
pub use id::{FileId, FileSystemId, InodeNo};
pub use time::{Instant, Timestamp};
