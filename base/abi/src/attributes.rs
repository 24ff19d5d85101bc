//! What a file is: the answer to stat(2), and the question of chmod, chown, utimes and truncate.

use crate::{FileId, Timestamp};

/// The kinds of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileType {
    /// Regular file.
    Regular,
    /// Directory.
    Directory,
    /// Block device.
    BlockDevice,
    /// Character device.
    CharacterDevice,
    /// Symbolic link.
    SymbolicLink,
    /// Unix-domain socket.
    Socket,
    /// Named pipe.
    Fifo,
}

/// Major and minor number of a device node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeviceNumber {
    /// Which driver.
    pub major: u32,
    /// Which of its devices.
    pub minor: u32,
}

/// Everything known of a file but its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Which file.
    pub file: FileId,
    /// What kind.
    pub file_type: FileType,
    /// Permission, set-id and sticky bits: the low twelve bits of st_mode.
    pub mode: u32,
    /// Names that lead here.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Space taken on disk, in bytes.
    pub used_bytes: u64,
    /// Device number; zero unless the file is a device node.
    pub device: DeviceNumber,
    /// BSD file flags (chflags(2)).
    pub flags: u32,
    /// Last access.
    pub accessed: Timestamp,
    /// Last change of contents.
    pub modified: Timestamp,
    /// Last change of contents or attributes; strictly increasing.
    pub changed: Timestamp,
    /// Birth time, where the file system keeps one.
    pub born: Option<Timestamp>,
}

/// How to set one time stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    #[default]
    Keep,
    /// The time of the operation.
    Now,
    /// This time.
    To(Timestamp),
}

/// A change of attributes: what is `None` or [`SetTime::Keep`] stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAttributes {
    /// Permission, set-id and sticky bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Size in bytes: truncates, or extends with a hole.
    pub size_bytes: Option<u64>,
    /// Access time.
    pub accessed: SetTime,
    /// Modification time.
    pub modified: SetTime,
}
