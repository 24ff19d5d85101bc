//! The two on-disk formats, and the sizes in which they differ.

/// The two on-disk formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 32-bit block numbers, 128-byte inodes.
    Ufs1,
    /// 64-bit block numbers, 256-byte inodes.
    Ufs2,
}

impl Format {
    /// Size of an inode on disk.
    pub const fn inode_bytes(self) -> u32 {
        match self {
            Self::Ufs1 => 128,
            Self::Ufs2 => 256,
        }
    }

    /// Size of a block pointer on disk.
    pub const fn pointer_bytes(self) -> u32 {
        match self {
            Self::Ufs1 => 4,
            Self::Ufs2 => 8,
        }
    }
}
