//! File handles as NFS hands them out: a file, and the export it was reached through.
//!
//! ```text
//! 0                                24          28
//! | handle of the file (vfs)       | export id |   big-endian
//! ```
//! NFSv2's handles have 32 bytes, so there it ends in zeros.

use crate::exports::ExportId;
use abi::{Errno, Result};
use vfs::FileHandle;

/// Length of every handle.
pub const HANDLE_BYTES: usize = vfs::HANDLE_BYTES + 4;

/// Names one file to those who reached it through one export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    /// Which file.
    pub file: FileHandle,
    /// Through which export.
    pub export: ExportId,
}

impl Handle {
    /// The bytes a client keeps.
    pub fn to_bytes(self) -> [u8; HANDLE_BYTES] {
        let mut bytes = [0; HANDLE_BYTES];
        bytes[..vfs::HANDLE_BYTES].copy_from_slice(&self.file.to_bytes());
        bytes[vfs::HANDLE_BYTES..].copy_from_slice(&self.export.0.to_be_bytes());
        bytes
    }

    /// The handle in bytes that a client sent.
    ///
    /// # Errors
    /// `BadHandle` if no service can have made it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (file, export) = bytes.split_last_chunk().ok_or(Errno::BadHandle)?;
        let export = ExportId(u32::from_be_bytes(*export));
        Ok(Self { file: FileHandle::from_bytes(file)?, export })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::{FileId, FileSystemId, InodeNo};

    #[test]
    fn bytes_and_back() {
        let file = FileId { inode: InodeNo(7), generation: 9 };
        let file = FileHandle { file_system: FileSystemId(1), file };
        let handle = Handle { file, export: ExportId(0x0102_0304) };
        let bytes = handle.to_bytes();
        assert_eq!(bytes[24..], [1, 2, 3, 4]);
        assert_eq!(Handle::from_bytes(&bytes), Ok(handle));
        for length in 0..HANDLE_BYTES {
            assert_eq!(Handle::from_bytes(&bytes[..length]), Err(Errno::BadHandle));
        }
        assert_eq!(Handle::from_bytes(&[&bytes[..], &[0]].concat()), Err(Errno::BadHandle));
    }
}
