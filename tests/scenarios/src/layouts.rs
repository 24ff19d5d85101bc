//! The images that scenarios begin with.

use crate::observe::Mounted;
use abi::{FileSystemId, Timestamp};
use ffs::layout::{ByteOrder, Format};
use ffscheck::newfs::{self, Error, Memory, Options, Quotas};
use sim::{Image, Luck};
use std::fmt;

/// A test for each of some layouts, by their numbers, which `play` is told.
#[macro_export]
macro_rules! test_layouts {
    ($play:ident: $($name:ident = $number:literal,)*) => {
        $(#[test] fn $name() { $play($number); })*
    };
}

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

    /// A new file system of this layout and shape, as much larger as its log needs.
    pub fn image(self, id: FileSystemId, shape: Shape) -> Image {
        let mut options = Options {
            format: self.format,
            byte_order: self.byte_order,
            block_bytes: Some(shape.block_bytes),
            fragment_bytes: Some(shape.fragment_bytes),
            bytes_per_inode: Some(shape.bytes_per_inode),
            reserved_percent: 0,
            log_bytes: Some(if self.logged { LOG_BYTES } else { 0 }),
            quotas: Quotas { user: shape.limits.is_some(), group: shape.limits.is_some() },
            ..Options::new(shape.size_bytes)
        };
        let mut memory = Memory::default();
        let time = Timestamp { seconds: 1_600_000_000, nanoseconds: 0 };
        loop {
            match newfs::newfs(&mut memory, &options, id, time) {
                Ok(_) => return limited(Image::from_bytes(&memory.to_vec()), shape.limits),
                Err(Error::NoRoomForLog { .. }) => options.size_bytes += shape.size_bytes / 4,
                Err(why) => panic!("{shape:?}: {why}"),
            }
        }
    }
}

/// The image with these limits for everybody but the superuser.
fn limited(image: Image, limits: Option<Limits>) -> Image {
    let Some(limits) = limits else { return image };
    let mounted = Mounted::new(image).expect("a new image can be mounted");
    mounted.limit(limits).expect("it keeps quotas");
    mounted.unmount().expect("it can be unmounted")
}

/// How much each user and each group may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Space.
    pub sectors: u64,
    /// Files.
    pub files: u64,
}

/// The smallest log there can be, so that it comes round soon.
const LOG_BYTES: u64 = 1 << 20;

/// The sizes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// All of it, if its log has room in that.
    pub size_bytes: u64,
    /// A block.
    pub block_bytes: u32,
    /// A fragment.
    pub fragment_bytes: u32,
    /// The space for which there is one inode.
    pub bytes_per_inode: u32,
    /// Quotas, if there are any.
    pub limits: Option<Limits>,
}

impl Shape {
    /// Small blocks and fragments, as many as possible.
    pub fn small(size_bytes: u64) -> Self {
        Self {
            size_bytes,
            block_bytes: 4096,
            fragment_bytes: 512,
            bytes_per_inode: 4096,
            limits: None,
        }
    }

    /// A shape with blocks chosen by luck.
    pub fn of_luck(size_bytes: u64, luck: &Luck) -> Self {
        let small = (4096, 512);
        let blocks = [small, small, small, (4096, 4096), (8192, 1024), (16384, 2048)];
        let (block_bytes, fragment_bytes) = *luck.pick(&blocks);
        let bytes_per_inode = *luck.pick(&[4096, 8192, 32768]);
        Self { size_bytes, block_bytes, fragment_bytes, bytes_per_inode, limits: None }
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
