//! The disk format of UFS1 and UFS2, and nothing else: bytes to values and back.
//!
//! ```text
//! | boot | superblock | ... group 0 ... | group 1 | ... | group n-1 |
//! group: | superblock copy | group block | inodes | blocks and fragments of data |
//! ```
//! This room waits for nothing, keeps nothing, allocates nothing but error messages, and has
//! never heard of VFS. `newfs`, `fsck` and the mounted file system share it. Where UFS1 and
//! UFS2 differ, they differ in a table of offsets; there is one body of code for both, and for
//! both byte orders.

mod check;
mod cylinder_group;
mod dinode;
mod directory;
mod format;
mod geometry;
mod inode;
mod inode_shape;
pub mod log;
mod numbers;
mod quota;
mod record;
mod summary;
mod superblock;

pub use check::FieldFault;
pub use cylinder_group::{CylinderGroup, GROUP_HEADER_BYTES, GROUP_MAGIC, Maps};
pub use dinode::{Dinode, Dinode1, Dinode2};
pub use directory::{
    CHUNK_BYTES, DirectoryEntry, DirectoryShape, ENTRY_HEADER_BYTES, EntryFault, NAME_BYTES_MAX,
    record_bytes_min, type_code,
};
pub use format::Format;
pub use geometry::{BLOCK_BYTES, FRAG_BYTES_MIN, FRAGS_PER_BLOCK_MAX, Geometry};
pub use inode::{
    AREA_BYTES_MAX, BlockArea, DIRECT_POINTERS, ExtendedAttributes, INDIRECT_POINTERS, Inode,
    POINTERS, Pointers, ROOT_INODE, device_raw, mode,
};
pub use inode_shape::InodeShape;
pub use numbers::{CylGroup, FragNo, Lbn};
pub use quota::{QUOTA_HEAD_BYTES, QUOTA_MAGIC, QuotaEntry, QuotaHeader, QuotaValue};
pub use record::{ByteOrder, Field};
pub use summary::{Summary, TotalSummary};
pub use superblock::{
    INODE_FORMAT_44, Kind, MAGIC_UFS1, MAGIC_UFS2, MAGIC_UFS2_EXTATTR, SUPERBLOCK_AREA_BYTES,
    SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS, Superblock, clean, flags,
};
