//! The images that scenarios begin with.

use abi::{FileSystemId, Timestamp};
use ffs::layout::{ByteOrder, Format};
use ffscheck::newfs::{self, Memory, Options};
use sim::Image;
use std::fmt;

/// A format and a byte order, with or without a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// UFS1 or UFS2.
    pub format: Format,
    /// The byte order on disk.
    pub byte_order: ByteOrder,
    /// Whether changes of metadata go through a log.
    pub logged: bool,
}

impl Layout {
    /// The layout of this number: eight follow each other in a circle.
    pub fn numbered(number: u64) -> Self {
        let format = if number & 1 == 0 { Format::Ufs2 } else { Format::Ufs1 };
        let byte_order = if number & 2 == 0 { ByteOrder::Little } else { ByteOrder::Big };
        Self { format, byte_order, logged: number & 4 == 0 }
    }

    /// A new file system of this layout.
    pub fn image(self, id: FileSystemId, size_bytes: u64) -> Image {
        let options = Options {
            format: self.format,
            byte_order: self.byte_order,
            block_bytes: Some(4096),
            fragment_bytes: Some(512),
            reserved_percent: 0,
            ..Options::new(size_bytes)
        };
        let mut memory = Memory::default();
        let time = Timestamp { seconds: 1_600_000_000, nanoseconds: 0 };
        let made = newfs::newfs(&mut memory, &options, id, time);
        made.expect("these options make sense");
        Image::from_bytes(&memory.to_vec())
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.format == Format::Ufs1 { "ffs1" } else { "ffs2" };
        let order = if self.byte_order == ByteOrder::Little { "le" } else { "be" };
        let log = if self.logged { "log" } else { "no log" };
        write!(formatter, "{format} {order}, {log}")
    }
}
