//! Numbers that name things, each a type of its own.

/// An inode's number within its file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeNo(pub u64);

/// One file for as long as it exists: the inode's number and the generation that changes each
/// time the number is given to another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The inode's number.
    pub inode: InodeNo,
    /// The inode's generation, as the file system keeps it.
    pub generation: u32,
}

/// A file system's own identity, kept in the file system itself: it outlives a restart, a move
/// to another host and a rename of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileSystemId(pub u64);
