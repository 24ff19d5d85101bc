//! An inode, as a value: the same for both formats.

use super::{ByteOrder, Dinode, Dinode2, Field, Format, FragNo, InodeShape};
use abi::{DeviceNumber, FileType, InodeNo, Timestamp};

/// The root directory of every file system.
pub const ROOT_INODE: InodeNo = InodeNo(2);

/// Block pointers in an inode that lead to data.
pub const DIRECT_POINTERS: usize = 12;

/// Block pointers in an inode that lead to indirect blocks: single, double and triple.
pub const INDIRECT_POINTERS: usize = 3;

/// All of them.
pub const POINTERS: usize = DIRECT_POINTERS + INDIRECT_POINTERS;

/// Largest block area: UFS2's. UFS1's is half of it.
pub const AREA_BYTES_MAX: usize = POINTERS * 8;

/// What stands in the block area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockArea {
    /// Pointers to blocks. A device node keeps its number in the first.
    Pointers(Pointers),
    /// The text of a symbolic link, as long as the inode's size; the rest is padding.
    Text([u8; AREA_BYTES_MAX]),
}

/// The block pointers of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pointers {
    /// To the first blocks of data.
    pub direct: [FragNo; DIRECT_POINTERS],
    /// To a single, a double and a triple indirect block.
    pub indirect: [FragNo; INDIRECT_POINTERS],
}

/// Extended attributes of a UFS2 inode, which this room keeps but does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtendedAttributes {
    /// di_extsize: their size in bytes.
    pub size_bytes: u32,
    /// di_extb: their blocks.
    pub blocks: [FragNo; 2],
}

/// An inode of either format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    /// Type and permissions; zero if the inode is free.
    pub mode: u16,
    /// Names that lead here.
    pub links: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Space taken, in 512-byte sectors, indirect blocks included.
    pub sectors: u64,
    /// Last access.
    pub accessed: Timestamp,
    /// Last change of contents.
    pub modified: Timestamp,
    /// Last change of the inode.
    pub changed: Timestamp,
    /// Birth time; UFS1 keeps none.
    pub born: Option<Timestamp>,
    /// Changes when the number is given to another file.
    pub generation: u32,
    /// BSD file flags.
    pub flags: u32,
    /// UFS2: the kernel's own flags.
    pub kernel_flags: u32,
    /// UFS2: block size of this file; unused.
    pub block_bytes: u32,
    /// UFS2: extended attributes.
    pub extended: ExtendedAttributes,
    /// Blocks, device or link text.
    pub area: BlockArea,
    /// Counts changes, for NFSv4.
    pub revision: u64,
}

impl Inode {
    /// An inode of zeros: a free one.
    pub fn free() -> Self {
        Dinode2::get(&[0; Dinode2::BYTES], ByteOrder::Little).inode(&InodeShape {
            format: Format::Ufs2,
            order: ByteOrder::Little,
            old: false,
            inline_link_bytes_max: 0,
        })
    }

    /// The kind of file; `None` if the inode is free, a whiteout or damaged.
    pub fn file_type(&self) -> Option<FileType> {
        Some(match self.mode & mode::TYPE {
            mode::FIFO => FileType::Fifo,
            mode::CHARACTER_DEVICE => FileType::CharacterDevice,
            mode::DIRECTORY => FileType::Directory,
            mode::BLOCK_DEVICE => FileType::BlockDevice,
            mode::REGULAR => FileType::Regular,
            mode::SYMBOLIC_LINK => FileType::SymbolicLink,
            mode::SOCKET => FileType::Socket,
            _ => return None,
        })
    }

    /// The device that a device node stands for; zero for all others.
    pub fn device(&self) -> DeviceNumber {
        let is_device =
            matches!(self.mode & mode::TYPE, mode::CHARACTER_DEVICE | mode::BLOCK_DEVICE);
        match &self.area {
            BlockArea::Pointers(pointers) if is_device => {
                device_number(pointers.direct[0].0 as u32)
            }
            _ => DeviceNumber::default(),
        }
    }
}

/// Splits NetBSD's `dev_t`; the 16-bit numbers of old are a part of it.
const fn device_number(raw: u32) -> DeviceNumber {
    DeviceNumber { major: (raw >> 8) & 0xfff, minor: ((raw >> 12) & 0xf_ff00) | (raw & 0xff) }
}

/// NetBSD's `dev_t` of a device, as a device node keeps it in its first direct pointer.
pub const fn device_raw(device: DeviceNumber) -> u32 {
    ((device.major & 0xfff) << 8) | ((device.minor & 0xf_ff00) << 12) | (device.minor & 0xff)
}

/// Bits of an inode's mode.
pub mod mode {
    /// The bits that tell the type.
    pub const TYPE: u16 = 0o170_000;
    /// Named pipe.
    pub const FIFO: u16 = 0o010_000;
    /// Character device.
    pub const CHARACTER_DEVICE: u16 = 0o020_000;
    /// Directory.
    pub const DIRECTORY: u16 = 0o040_000;
    /// Block device.
    pub const BLOCK_DEVICE: u16 = 0o060_000;
    /// Regular file.
    pub const REGULAR: u16 = 0o100_000;
    /// Symbolic link.
    pub const SYMBOLIC_LINK: u16 = 0o120_000;
    /// Unix-domain socket.
    pub const SOCKET: u16 = 0o140_000;
    /// Permissions, set-id and sticky bits.
    pub const PERMISSIONS: u16 = 0o7777;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_split_as_netbsd_does() {
        for (major, minor) in [(0, 0), (5, 1), (0xfff, 0xf_ffff)] {
            let device = DeviceNumber { major, minor };
            assert_eq!(device_number(device_raw(device)), device);
        }
        assert_eq!(device_number(0x0501), DeviceNumber { major: 5, minor: 1 });
    }
}
