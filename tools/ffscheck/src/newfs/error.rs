//! Why a file system cannot be made.

use ffs::layout::log::{SIZE_BYTES_MAX, SIZE_BYTES_MIN};
use std::{fmt, io};

/// Why a file system cannot be made. Everything but [`Error::Io`] is found before a byte is
/// written.
#[derive(Debug)]
pub enum Error {
    /// Not a power of two from 4096 to 65536.
    BlockSize(u32),
    /// Not a power of two between an eighth of the block, or a sector, and the block.
    FragmentSize {
        /// What was asked for.
        fragment: u32,
        /// The block size.
        block: u32,
    },
    /// Zero bytes per inode.
    Density,
    /// A reserve of 100 percent or more.
    Reserve(u32),
    /// Longer than 31 bytes, or with NUL in it.
    VolumeName,
    /// No room for the metadata.
    TooSmall {
        /// The least that these options need.
        size_bytes_min: u64,
    },
    /// UFS1 counts fragments in 31 bits.
    TooLarge {
        /// The most at this fragment size.
        size_bytes_max: u64,
    },
    /// The inodes asked for cannot be numbered in 31 bits.
    TooManyInodes {
        /// The densest that works.
        bytes_per_inode_min: u64,
    },
    /// The summaries of all groups do not fit into the first.
    TooManyGroups,
    /// A log of this many bytes: too small or too large.
    LogSize(u64),
    /// No group has so many free blocks in a row.
    NoRoomForLog {
        /// The most in a row, in bytes.
        size_bytes_max: u64,
    },
    /// The destination failed.
    Io(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

// What it says holds its reason: whoever prints the chain of sources must not say that twice.
impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlockSize(bytes) => {
                write!(out, "block size {bytes}: choose a power of two from 4096 to 65536")
            }
            Self::FragmentSize { fragment, block } => {
                let least = (block / 8).max(512);
                write!(
                    out,
                    "fragment size {fragment}: for blocks of {block} bytes choose a power "
                )?;
                write!(out, "of two from {least} to {block}")
            }
            Self::Density => write!(out, "bytes per inode: choose one or more"),
            Self::Reserve(percent) => {
                write!(out, "reserve of {percent} percent: choose 0 to 99")
            }
            Self::VolumeName => write!(out, "volume name: choose at most 31 bytes without NUL"),
            Self::TooSmall { size_bytes_min } => {
                write!(out, "too small: these options need {size_bytes_min} bytes at least")
            }
            Self::TooLarge { size_bytes_max } => {
                write!(out, "too large for UFS1 with this fragment size, whose limit is ")?;
                write!(out, "{size_bytes_max} bytes: choose UFS2 or larger fragments")
            }
            Self::TooManyInodes { bytes_per_inode_min } => {
                write!(out, "too many inodes for their numbers: choose {bytes_per_inode_min} ")?;
                write!(out, "bytes per inode or more")
            }
            Self::TooManyGroups => {
                write!(out, "too many cylinder groups for the first to keep their summaries: ")?;
                write!(out, "choose larger blocks")
            }
            Self::LogSize(bytes) => write!(
                out,
                "log of {bytes} bytes: choose {SIZE_BYTES_MIN} to {SIZE_BYTES_MAX}, or 0 for none"
            ),
            Self::NoRoomForLog { size_bytes_max } => {
                write!(out, "no room for the log: a cylinder group has {size_bytes_max} bytes ")?;
                write!(out, "in a row at most: choose a smaller log or larger blocks")
            }
            Self::Io(error) => write!(out, "writing the image: {error}"),
        }
    }
}
