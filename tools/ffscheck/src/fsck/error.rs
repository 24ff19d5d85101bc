//! Why an image cannot be checked.

use ffs::layout::FieldFault;
use std::{fmt, io};

/// Why an image cannot be checked at all. Damage is no error, but a finding.
#[derive(Debug)]
pub enum Error {
    /// It cannot be read.
    Read {
        /// Where, in bytes.
        offset_bytes: u64,
        /// Why.
        error: io::Error,
    },
    /// It cannot be written.
    Write {
        /// Where, in bytes.
        offset_bytes: u64,
        /// Why.
        error: io::Error,
    },
    /// Its size is unknown.
    Size(io::Error),
    /// There is no superblock, and no copy of one that makes sense.
    NotFound {
        /// Size of the image.
        size_bytes: u64,
        /// What is wrong with the superblock, if there is something like it: where it stands.
        fault: Option<(u64, FieldFault)>,
    },
}

/// A result of this module.
pub(super) type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { offset_bytes, error } => {
                write!(out, "cannot be read at byte {offset_bytes}: {error}")
            }
            Self::Write { offset_bytes, error } => {
                write!(out, "cannot be written at byte {offset_bytes}: {error}")
            }
            Self::Size(error) => write!(out, "its size is unknown: {error}"),
            Self::NotFound { size_bytes, fault: None } => write!(
                out,
                "no UFS superblock and no copy of one in {size_bytes} bytes: is it an FFS image, \
                 without a partition table around it?"
            ),
            Self::NotFound { fault: Some((offset, fault)), .. } => {
                write!(out, "superblock at byte {offset}: {fault}; and no copy of it makes sense")
            }
        }
    }
}

// What it says holds its reason: whoever prints the chain of sources must not say that twice.
impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn a_reason_is_said_once() {
        let error = Error::Write { offset_bytes: 7, error: io::ErrorKind::StorageFull.into() };
        assert_eq!(error.to_string(), "cannot be written at byte 7: no storage space");
        assert!(error.source().is_none());
    }
}
