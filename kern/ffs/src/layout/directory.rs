//! Directory entries.
//!
//! ```text
//! 0       4        6      7      8
//! | inode | record | type | name | name, at least one NUL, padded to 4 bytes |
//! |       | bytes  |      | bytes|
//! ```
//! A directory is made of chunks of 512 bytes, and the records of a chunk fill it exactly. A
//! free record has inode 0; free space also hides behind a name, in a record longer than the
//! name needs. The 4.3BSD format has no type: its name length is 16 bits wide, so on a
//! little-endian disk it stands where the type would be, and big-endian where it always was.

use super::{ByteOrder, Field};
use abi::FileType;
use core::fmt;

/// Records never cross a multiple of this.
pub const CHUNK_BYTES: usize = 512;

/// Longest name.
pub const NAME_BYTES_MAX: usize = 255;

/// Bytes of a record before its name.
pub const ENTRY_HEADER_BYTES: usize = 8;

/// How a file system writes its directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryShape {
    /// Byte order.
    pub order: ByteOrder,
    /// Whether entries keep the type of their file (not in 4.3BSD's format).
    pub has_types: bool,
}

/// One record of a directory; a free one has inode 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryEntry<'a> {
    /// d_ino.
    pub inode: u32,
    /// d_reclen: from this record to the next, in bytes.
    pub record_bytes: usize,
    /// d_type: a [`FileType`] as [`type_code`] writes it; 0 if unknown.
    pub type_code: u8,
    /// d_name.
    pub name: &'a [u8],
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// Its length is no multiple of 4, too short for its name, or crosses the end of the chunk.
    RecordLength(usize),
    /// Its name is empty or longer than [`NAME_BYTES_MAX`].
    NameLength(usize),
    /// Its name holds NUL or `/`.
    NameByte(u8),
    /// There is no such inode; only who knows how many there are finds this.
    Inode(u32),
}

impl fmt::Display for EntryFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordLength(bytes) => {
                write!(formatter, "record length {bytes} does not fit its name or its chunk")
            }
            Self::NameLength(bytes) => {
                write!(formatter, "name length {bytes}, expected 1 to {NAME_BYTES_MAX}")
            }
            Self::Inode(inode) => write!(formatter, "no inode {inode} exists"),
            Self::NameByte(byte) => write!(formatter, "byte {byte:#04x} in a name"),
        }
    }
}

/// Smallest record for a name: header, name and at least one NUL, a multiple of 4.
pub const fn record_bytes_min(name_bytes: usize) -> usize {
    ENTRY_HEADER_BYTES + (name_bytes / 4 + 1) * 4
}

/// `d_type` of a kind of file: the type bits of its mode, moved down.
pub const fn type_code(file_type: FileType) -> u8 {
    match file_type {
        FileType::Fifo => 1,
        FileType::CharacterDevice => 2,
        FileType::Directory => 4,
        FileType::BlockDevice => 6,
        FileType::Regular => 8,
        FileType::SymbolicLink => 10,
        FileType::Socket => 12,
    }
}

impl<'a> DirectoryEntry<'a> {
    /// Whether this is a name: neither a free record nor a whiteout, which leads to inode 1.
    pub const fn is_name(&self) -> bool {
        self.inode > 1
    }

    /// The kind of file, where the directory tells.
    pub const fn file_type(&self) -> Option<FileType> {
        Some(match self.type_code {
            1 => FileType::Fifo,
            2 => FileType::CharacterDevice,
            4 => FileType::Directory,
            6 => FileType::BlockDevice,
            8 => FileType::Regular,
            10 => FileType::SymbolicLink,
            12 => FileType::Socket,
            _ => return None,
        })
    }

    /// Checks and reads the record at `offset` of a chunk. A free record need not have a valid
    /// name; it is given an empty one.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub fn parse(
        chunk: &'a [u8],
        offset: usize,
        shape: DirectoryShape,
    ) -> Result<Self, EntryFault> {
        let rest = chunk.get(offset..).unwrap_or_default();
        let header = rest.first_chunk::<ENTRY_HEADER_BYTES>();
        let header = header.ok_or(EntryFault::RecordLength(rest.len()))?;
        let inode = u32::get(header, shape.order);
        let record_bytes = usize::from(u16::get(&header[4..], shape.order));
        let (type_code, name_bytes) = shape.type_and_name_bytes(header);
        // The smallest record that can exist has room for a header and nothing else: so free
        // ones look in a fresh chunk of some systems.
        let needed = if inode == 0 { ENTRY_HEADER_BYTES } else { record_bytes_min(name_bytes) };
        if record_bytes % 4 != 0 || record_bytes < needed || record_bytes > rest.len() {
            return Err(EntryFault::RecordLength(record_bytes));
        }
        if inode == 0 {
            return Ok(Self { inode, record_bytes, type_code: 0, name: &[] });
        }
        let name = &rest[ENTRY_HEADER_BYTES..ENTRY_HEADER_BYTES + name_bytes];
        check_name(name)?;
        Ok(Self { inode, record_bytes, type_code, name })
    }

    /// Writes the record at the start of `bytes`, its name ended and padded by NUL up to
    /// [`record_bytes_min`]; what lies behind in a longer record stays as it is.
    ///
    /// # Panics
    /// If the record does not fit, or the name does not fit the record.
    pub fn emit(&self, bytes: &mut [u8], shape: DirectoryShape) {
        let needed = record_bytes_min(self.name.len());
        assert!(needed <= self.record_bytes && self.name.len() <= NAME_BYTES_MAX);
        let (header, name) = bytes[..needed].split_at_mut(ENTRY_HEADER_BYTES);
        self.inode.put(header, shape.order);
        shape.put_record_bytes(header, self.record_bytes);
        if shape.has_types {
            header[6..].copy_from_slice(&[self.type_code, self.name.len() as u8]);
        } else {
            (self.name.len() as u16).put(&mut header[6..], shape.order);
        }
        name.fill(0);
        name[..self.name.len()].copy_from_slice(self.name);
    }
}

impl DirectoryShape {
    /// Gives the record at the start of `record` another inode, and its type where types are kept.
    ///
    /// # Panics
    /// If there is no room for a header.
    pub fn put_inode(self, record: &mut [u8], inode: u32, type_code: u8) {
        inode.put(record, self.order);
        if self.has_types {
            record[6] = type_code;
        }
    }

    /// Makes the record at the start of `record` end elsewhere.
    ///
    /// # Panics
    /// If there is no room for a header.
    pub fn put_record_bytes(self, record: &mut [u8], record_bytes: usize) {
        (record_bytes as u16).put(&mut record[4..], self.order);
    }

    fn type_and_name_bytes(self, header: &[u8; ENTRY_HEADER_BYTES]) -> (u8, usize) {
        if self.has_types {
            (header[6], header[7].into())
        } else {
            (0, u16::get(&header[6..], self.order).into())
        }
    }
}

fn check_name(name: &[u8]) -> Result<(), EntryFault> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(EntryFault::NameLength(name.len()));
    }
    let is_bad = |&byte: &u8| byte == 0 || byte == b'/';
    // Every lookup comes here for every name it passes: no early exit, so no branch a byte.
    if !name.iter().fold(false, |bad, byte| bad | is_bad(byte)) {
        return Ok(());
    }
    Err(EntryFault::NameByte(name.iter().copied().find(is_bad).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [DirectoryShape; 4] = [
        DirectoryShape { order: ByteOrder::Little, has_types: true },
        DirectoryShape { order: ByteOrder::Big, has_types: true },
        DirectoryShape { order: ByteOrder::Little, has_types: false },
        DirectoryShape { order: ByteOrder::Big, has_types: false },
    ];

    #[test]
    fn bytes_and_back_in_every_shape() {
        for shape in SHAPES {
            let type_code = if shape.has_types { type_code(FileType::Socket) } else { 0 };
            let entry = DirectoryEntry { inode: 77, record_bytes: 24, type_code, name: b"a name" };
            let mut chunk = [0xff; 32];
            entry.emit(&mut chunk[4..], shape);
            assert_eq!(DirectoryEntry::parse(&chunk, 4, shape), Ok(entry));
            assert_eq!(chunk[20..], [0xff; 12]);
        }
    }

    #[test]
    fn the_old_length_stands_where_the_byte_order_puts_it() {
        let entry = DirectoryEntry { inode: 3, record_bytes: 12, type_code: 0, name: b"abc" };
        let mut chunk = [0; 12];
        entry.emit(&mut chunk, SHAPES[2]);
        assert_eq!(chunk[6..8], [3, 0]);
        entry.emit(&mut chunk, SHAPES[3]);
        assert_eq!(chunk[6..8], [0, 3]);
    }

    #[test]
    fn faults_are_named() {
        let shape = SHAPES[1];
        let parse = |bytes: &[u8]| DirectoryEntry::parse(bytes, 0, shape).map(|_| ());
        let length = |bytes| Err(EntryFault::RecordLength(bytes));
        assert_eq!(parse(&[0, 0, 0, 2, 0, 12, 4, 1, b'a', 0, 0, 0]), Ok(()));
        assert_eq!(parse(&[0, 0, 0, 2, 0, 10, 4, 1, b'a', 0, 0, 0]), length(10));
        assert_eq!(parse(&[0, 0, 0, 2, 0, 16, 4, 1, b'a', 0, 0, 0]), length(16));
        assert_eq!(parse(&[0, 0, 0, 2, 0, 12, 4, 4, b'a', 0, 0, 0]), length(12));
        assert_eq!(parse(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), length(0));
        assert_eq!(parse(&[0, 0, 0, 2, 0, 12, 4]), length(7));
        assert_eq!(
            parse(&[0, 0, 0, 2, 0, 12, 4, 0, b'a', 0, 0, 0]),
            Err(EntryFault::NameLength(0))
        );
        assert_eq!(
            parse(&[0, 0, 0, 2, 0, 12, 4, 2, b'a', b'/', 0, 0]),
            Err(EntryFault::NameByte(b'/'))
        );
    }
}
