//! What a client can do, in the words of the model: files are numbers, given once and for ever.

use abi::DeviceNumber;
use std::fmt;
use vfs::Stability;

/// A file in the model. The root directory is number zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileNo(pub u32);

/// The root directory.
pub const ROOT: FileNo = FileNo(0);

impl fmt::Display for FileNo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "file {}", self.0)
    }
}

/// A name in a directory.
pub type Place = (FileNo, String);

/// What a new name shall lead to.
#[derive(Clone, PartialEq, Eq)]
pub enum New {
    /// CREATE of any mode.
    Regular(How),
    /// MKDIR.
    Directory,
    /// SYMLINK.
    SymbolicLink(String),
    /// MKNOD of a named pipe.
    Fifo,
    /// MKNOD of a socket.
    Socket,
    /// MKNOD of a character device.
    CharacterDevice(DeviceNumber),
    /// MKNOD of a block device.
    BlockDevice(DeviceNumber),
}

impl fmt::Debug for New {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regular(how) => write!(formatter, "{how:?}"),
            Self::Directory => formatter.write_str("Directory"),
            Self::SymbolicLink(target) => write!(formatter, "link of {} bytes", target.len()),
            Self::Fifo => formatter.write_str("Fifo"),
            Self::Socket => formatter.write_str("Socket"),
            Self::CharacterDevice(device) => write!(formatter, "character {device:?}"),
            Self::BlockDevice(device) => write!(formatter, "block {device:?}"),
        }
    }
}

/// The modes of CREATE (RFC 1813 §3.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// What is there is used, and gets this size if one is given.
    Unchecked(Option<u64>),
    /// What is there is in the way.
    Guarded,
    /// What is there is in the way, unless it was made with this verifier.
    Exclusive([u8; 8]),
}

/// A change of attributes; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
    /// Modification time, in seconds and nanoseconds.
    pub modified: Option<(u32, u32)>,
}

/// One call of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// CREATE, MKDIR, SYMLINK, MKNOD: the file gets this number if the call makes one.
    Make {
        /// Where.
        place: Place,
        /// What.
        new: New,
        /// Its permission bits.
        mode: u32,
        /// Its number.
        file: FileNo,
    },
    /// LINK.
    Link {
        /// What.
        file: FileNo,
        /// Its other name.
        place: Place,
    },
    /// REMOVE.
    Remove(Place),
    /// RMDIR.
    RemoveDirectory(Place),
    /// RENAME.
    Rename(Place, Place),
    /// WRITE of the pattern that this version of the file has there.
    Write {
        /// Which file.
        file: FileNo,
        /// Where.
        offset_bytes: u64,
        /// How much.
        length_bytes: u32,
        /// How safely.
        stability: Stability,
        /// The number of the write.
        version: u32,
    },
    /// COMMIT; a length of zero means to the end.
    Commit {
        /// Which file.
        file: FileNo,
        /// Where.
        offset_bytes: u64,
        /// How much.
        length_bytes: u32,
    },
    /// SETATTR.
    SetAttributes {
        /// Which file.
        file: FileNo,
        /// What.
        change: Change,
    },
}

/// A part of the world that an operation relies on nobody else to change meanwhile. Operations
/// whose claims exclude each other are never under way together: so each has one outcome that can
/// be foreseen, and whether it happened can be told by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A name.
    Entry(FileNo, String),
    /// A file as it is: for itself, or shared with others that leave it so.
    File(FileNo, bool),
    /// Bytes of a file, from and to whole sectors.
    Range(FileNo, u64, u64),
    /// The shape of the tree of directories.
    Tree,
}

impl Claim {
    /// Whether two claims cannot be held together.
    pub fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a, mine), Self::File(b, theirs)) => a == b && (*mine || *theirs),
            (Self::File(a, exclusive), Self::Range(b, ..))
            | (Self::Range(b, ..), Self::File(a, exclusive)) => a == b && *exclusive,
            (Self::Range(a, from, to), Self::Range(b, start, end)) => {
                a == b && from < end && start < to
            }
            _ => self == other,
        }
    }
}
