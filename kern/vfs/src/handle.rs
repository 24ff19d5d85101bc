//! File handles: what names a file to a client for as long as the file exists.
//!
//! ```text
//! 0        4                 12                20            24
//! | format | file system id  | inode number    | generation  |   big-endian
//! ```
//! Nothing of the host is in them, so they outlive a restart, a move and a rename of the image.

use abi::{Errno, FileId, FileSystemId, InodeNo, Result};

/// Length of every handle; NFSv2 would allow 32.
pub const HANDLE_BYTES: usize = 24;

const FORMAT: u32 = 0x766e_6601;

/// Names one file of one file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileHandle {
    /// Which file system.
    pub file_system: FileSystemId,
    /// Which of its files.
    pub file: FileId,
}

impl FileHandle {
    /// The bytes a client keeps.
    pub fn to_bytes(self) -> [u8; HANDLE_BYTES] {
        let mut bytes = [0; HANDLE_BYTES];
        bytes[..4].copy_from_slice(&FORMAT.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.file_system.0.to_be_bytes());
        bytes[12..20].copy_from_slice(&self.file.inode.0.to_be_bytes());
        bytes[20..].copy_from_slice(&self.file.generation.to_be_bytes());
        bytes
    }

    /// The handle in bytes that a client sent.
    ///
    /// # Errors
    /// `BadHandle` if no service can have made it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes: &[u8; HANDLE_BYTES] = bytes.try_into().map_err(|_| Errno::BadHandle)?;
        let (format, rest) = bytes.split_first_chunk::<4>().ok_or(Errno::BadHandle)?;
        let (file_system, rest) = rest.split_first_chunk::<8>().ok_or(Errno::BadHandle)?;
        let (inode, rest) = rest.split_first_chunk::<8>().ok_or(Errno::BadHandle)?;
        let generation = rest.first_chunk::<4>().ok_or(Errno::BadHandle)?;
        if u32::from_be_bytes(*format) != FORMAT {
            return Err(Errno::BadHandle);
        }
        let inode = InodeNo(u64::from_be_bytes(*inode));
        let file = FileId { inode, generation: u32::from_be_bytes(*generation) };
        Ok(Self { file_system: FileSystemId(u64::from_be_bytes(*file_system)), file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_back() {
        let file = FileId { inode: InodeNo(7), generation: 9 };
        let handle = FileHandle { file_system: FileSystemId(u64::MAX - 1), file };
        let bytes = handle.to_bytes();
        assert_eq!(FileHandle::from_bytes(&bytes), Ok(handle));
        assert_eq!(FileHandle::from_bytes(&bytes[1..]), Err(Errno::BadHandle));
        assert_eq!(FileHandle::from_bytes(&[0; HANDLE_BYTES]), Err(Errno::BadHandle));
    }
}
