//! What the unit tests of this room share.

use abi::{Attributes, DeviceNumber, FileId, FileType, InodeNo, Timestamp};

/// Attributes of an empty file.
pub(crate) fn file_of(file_type: FileType, mode: u32, uid: u32, gid: u32) -> Attributes {
    Attributes {
        file: FileId { inode: InodeNo(7), generation: 1 },
        file_type,
        mode,
        links: 1,
        uid,
        gid,
        size_bytes: 0,
        used_bytes: 0,
        device: DeviceNumber::default(),
        flags: 0,
        accessed: Timestamp::default(),
        modified: Timestamp::default(),
        changed: Timestamp::default(),
        born: None,
    }
}
