//! What to make, and what newfs(8) would choose where nothing is said.

use super::Error;
use ffs::layout::{ByteOrder, Format};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Smallest and largest block, MINBSIZE and MAXBSIZE of BSD.
const BLOCK_BYTES: std::ops::RangeInclusive<u32> = 4096..=65536;
/// Smallest fragment: a sector.
const FRAGMENT_BYTES_MIN: u32 = 512;
/// Most fragments of a block.
const FRAGMENTS_MAX: u32 = 8;
/// Fragments for which newfs makes one inode.
const FRAGMENTS_PER_INODE: u32 = 4;

/// Whose use of space and files is counted, and can be limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Each user's.
    pub user: bool,
    /// Each group's.
    pub group: bool,
}

impl Quotas {
    /// How many files they take.
    pub(super) fn count(self) -> u32 {
        u32::from(self.user) + u32::from(self.group)
    }
}

/// What to make. `None` is newfs's choice, which depends on the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Size of the image in bytes; what is not a multiple of the fragment size stays unused.
    pub size_bytes: u64,
    /// UFS1 or UFS2.
    pub format: Format,
    /// The byte order of everything on disk.
    pub byte_order: ByteOrder,
    /// Block size in bytes, a power of two from 4096 to 65536.
    pub block_bytes: Option<u32>,
    /// Fragment size in bytes, a power of two: a block, or down to an eighth of one.
    pub fragment_bytes: Option<u32>,
    /// One inode for so many bytes.
    pub bytes_per_inode: Option<u32>,
    /// Percentage of the space kept for the superuser.
    pub reserved_percent: u32,
    /// Size of the log in bytes: zero for none. The choice is NetBSD's, where there is room.
    pub log_bytes: Option<u64>,
    /// Which quotas it keeps.
    pub quotas: Quotas,
    /// Name of the volume, at most 31 bytes.
    pub volume_name: String,
    /// Owner of the root directory.
    pub owner_uid: u32,
    /// Group of the root directory.
    pub owner_gid: u32,
}

impl Options {
    /// UFS2, little-endian, without a log or quotas, everything else as newfs chooses.
    pub fn new(size_bytes: u64) -> Self {
        Self {
            size_bytes,
            format: Format::Ufs2,
            byte_order: ByteOrder::Little,
            block_bytes: None,
            fragment_bytes: None,
            bytes_per_inode: None,
            reserved_percent: 5,
            log_bytes: Some(0),
            quotas: Quotas::default(),
            volume_name: String::new(),
            owner_uid: 0,
            owner_gid: 0,
        }
    }

    /// Block and fragment size in bytes, checked.
    pub(super) fn sizes(&self) -> Result<(u32, u32), Error> {
        let block = self.block_bytes.unwrap_or_else(|| self.usual_block_bytes());
        if !block.is_power_of_two() || !BLOCK_BYTES.contains(&block) {
            return Err(Error::BlockSize(block));
        }
        let fragment = self.fragment_bytes.unwrap_or(block / FRAGMENTS_MAX);
        let range = FRAGMENT_BYTES_MIN.max(block / FRAGMENTS_MAX)..=block;
        if !fragment.is_power_of_two() || !range.contains(&fragment) {
            return Err(Error::FragmentSize { fragment, block });
        }
        Ok((block, fragment))
    }

    /// newfs(8) takes larger blocks for larger disks. A fragment size asked for alone takes the
    /// block nearest to that which it can be a part of.
    fn usual_block_bytes(&self) -> u32 {
        let by_size = match self.size_bytes {
            size if size < 20 * MIB => 4096,
            size if size < 1000 * MIB => 8192,
            size if size < 128 * GIB => 16384,
            _ => 32768,
        };
        match self.fragment_bytes {
            Some(bytes) if bytes.is_power_of_two() => {
                let fragment = bytes.clamp(FRAGMENT_BYTES_MIN, *BLOCK_BYTES.end());
                by_size.clamp(fragment, fragment.saturating_mul(FRAGMENTS_MAX))
            }
            _ => by_size,
        }
    }

    /// Fragments for which there is one inode, at least one, checked.
    pub(super) fn fragments_per_inode(&self, fragment: u32) -> Result<u32, Error> {
        match self.bytes_per_inode {
            None => Ok(FRAGMENTS_PER_INODE),
            Some(0) => Err(Error::Density),
            Some(bytes) => Ok((bytes / fragment).max(1)),
        }
    }

    /// The other numbers, checked.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.reserved_percent > 99 {
            return Err(Error::Reserve(self.reserved_percent));
        }
        let name = self.volume_name.as_bytes();
        if name.len() > 31 || name.contains(&0) {
            return Err(Error::VolumeName);
        }
        Ok(())
    }
}
