//! Inodes on disk: how each format keeps an [`Inode`].
//!
//! ```text
//!          UFS1, 128 bytes                        UFS2, 256 bytes
//!   0  mode links | old owner, group       0  mode links | owner | group | block size
//!   8  size                               16  size | sectors
//!  16  three times, 32 bits each          32  four times, 64 bits each, then nanoseconds
//!  40  block area: 12 + 3 pointers        80  generation | flags | extended attributes
//! 100  flags | sectors | generation      112  block area: 12 + 3 pointers of 64 bits
//! 112  owner | group | revision          232  revision, spare
//! ```
//! The block area holds pointers, a device number, or the text of a short symbolic link.

use super::record::record;
use super::{ExtendedAttributes, Field, FragNo, Inode, InodeShape};
use abi::Timestamp;

record! {
    /// `struct ufs1_dinode`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Dinode1 [128] {
        /// di_mode.
        0 => mode: u16,
        /// di_nlink.
        2 => links: u16,
        /// di_ouid and di_ogid: owner and group in the 4.3BSD format.
        4 => old_ids: [u16; 2],
        /// di_size.
        8 => size_bytes: u64,
        /// di_atime, seconds and nanoseconds.
        16 => accessed: [i32; 2],
        /// di_mtime.
        24 => modified: [i32; 2],
        /// di_ctime.
        32 => changed: [i32; 2],
        /// di_db and di_ib.
        40 => area: [u8; 60],
        /// di_flags.
        100 => flags: u32,
        /// di_blocks.
        104 => sectors: u32,
        /// di_gen.
        108 => generation: u32,
        /// di_uid.
        112 => uid: u32,
        /// di_gid.
        116 => gid: u32,
        /// di_modrev.
        120 => revision: u64,
    }
}

record! {
    /// `struct ufs2_dinode`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Dinode2 [256] {
        /// di_mode.
        0 => mode: u16,
        /// di_nlink.
        2 => links: u16,
        /// di_uid.
        4 => uid: u32,
        /// di_gid.
        8 => gid: u32,
        /// di_blksize.
        12 => block_bytes: u32,
        /// di_size.
        16 => size_bytes: u64,
        /// di_blocks.
        24 => sectors: u64,
        /// di_atime.
        32 => accessed: i64,
        /// di_mtime.
        40 => modified: i64,
        /// di_ctime.
        48 => changed: i64,
        /// di_birthtime.
        56 => born: i64,
        /// di_mtimensec.
        64 => modified_nanoseconds: i32,
        /// di_atimensec.
        68 => accessed_nanoseconds: i32,
        /// di_ctimensec.
        72 => changed_nanoseconds: i32,
        /// di_birthnsec.
        76 => born_nanoseconds: i32,
        /// di_gen.
        80 => generation: u32,
        /// di_kernflags.
        84 => kernel_flags: u32,
        /// di_flags.
        88 => flags: u32,
        /// di_extsize.
        92 => extended_bytes: u32,
        /// di_extb.
        96 => extended_blocks: [i64; 2],
        /// di_db and di_ib.
        112 => area: [u8; 120],
        /// di_modrev.
        232 => revision: u64,
        /// di_spare. FreeBSD keeps a check hash here.
        240 => spare: [u32; 4],
    }
}

/// A format of inodes on disk.
pub trait Dinode: Field {
    /// The inode as a value.
    fn inode(&self, shape: &InodeShape) -> Inode;

    /// Takes over everything that a value carries.
    fn set(&mut self, inode: &Inode, shape: &InodeShape);
}

/// Nanoseconds out of range are as good as none.
fn timestamp(seconds: i64, nanoseconds: i32) -> Timestamp {
    let valid = u32::try_from(nanoseconds).ok().filter(|&value| value < 1_000_000_000);
    Timestamp { seconds, nanoseconds: valid.unwrap_or(0) }
}

fn narrow_timestamp([seconds, nanoseconds]: [i32; 2]) -> Timestamp {
    timestamp(seconds.into(), nanoseconds)
}

/// UFS1 ends in 2038, and stays there.
fn narrowed(time: Timestamp) -> [i32; 2] {
    let seconds = time.seconds.clamp(i32::MIN.into(), i32::MAX.into());
    [seconds as i32, time.nanoseconds as i32]
}

impl Dinode for Dinode1 {
    fn inode(&self, shape: &InodeShape) -> Inode {
        let is_text = shape.is_inline_link(self.mode, self.size_bytes, self.sectors.into());
        let [old_uid, old_gid] = self.old_ids.map(u32::from);
        let (uid, gid) = if shape.old { (old_uid, old_gid) } else { (self.uid, self.gid) };
        Inode {
            mode: self.mode,
            links: self.links,
            uid,
            gid,
            size_bytes: self.size_bytes,
            sectors: self.sectors.into(),
            accessed: narrow_timestamp(self.accessed),
            modified: narrow_timestamp(self.modified),
            changed: narrow_timestamp(self.changed),
            born: None,
            generation: self.generation,
            flags: self.flags,
            kernel_flags: 0,
            block_bytes: 0,
            extended: ExtendedAttributes::default(),
            area: shape.area(&self.area, is_text),
            revision: self.revision,
        }
    }

    fn set(&mut self, inode: &Inode, shape: &InodeShape) {
        self.mode = inode.mode;
        self.links = inode.links;
        if shape.old {
            self.old_ids = [inode.uid as u16, inode.gid as u16];
        } else {
            (self.uid, self.gid) = (inode.uid, inode.gid);
        }
        self.size_bytes = inode.size_bytes;
        self.sectors = inode.sectors as u32;
        self.accessed = narrowed(inode.accessed);
        self.modified = narrowed(inode.modified);
        self.changed = narrowed(inode.changed);
        self.generation = inode.generation;
        self.flags = inode.flags;
        shape.store_area(&inode.area, &mut self.area);
        self.revision = inode.revision;
    }
}

impl Dinode for Dinode2 {
    fn inode(&self, shape: &InodeShape) -> Inode {
        let is_text = shape.is_inline_link(self.mode, self.size_bytes, self.sectors);
        Inode {
            mode: self.mode,
            links: self.links,
            uid: self.uid,
            gid: self.gid,
            size_bytes: self.size_bytes,
            sectors: self.sectors,
            accessed: timestamp(self.accessed, self.accessed_nanoseconds),
            modified: timestamp(self.modified, self.modified_nanoseconds),
            changed: timestamp(self.changed, self.changed_nanoseconds),
            born: Some(timestamp(self.born, self.born_nanoseconds)),
            generation: self.generation,
            flags: self.flags,
            kernel_flags: self.kernel_flags,
            block_bytes: self.block_bytes,
            extended: ExtendedAttributes {
                size_bytes: self.extended_bytes,
                blocks: self.extended_blocks.map(FragNo::from),
            },
            area: shape.area(&self.area, is_text),
            revision: self.revision,
        }
    }

    fn set(&mut self, inode: &Inode, shape: &InodeShape) {
        self.mode = inode.mode;
        self.links = inode.links;
        (self.uid, self.gid) = (inode.uid, inode.gid);
        self.block_bytes = inode.block_bytes;
        self.size_bytes = inode.size_bytes;
        self.sectors = inode.sectors;
        let parts = |time: Timestamp| (time.seconds, time.nanoseconds as i32);
        (self.accessed, self.accessed_nanoseconds) = parts(inode.accessed);
        (self.modified, self.modified_nanoseconds) = parts(inode.modified);
        (self.changed, self.changed_nanoseconds) = parts(inode.changed);
        (self.born, self.born_nanoseconds) = parts(inode.born.unwrap_or_default());
        self.generation = inode.generation;
        self.kernel_flags = inode.kernel_flags;
        self.flags = inode.flags;
        self.extended_bytes = inode.extended.size_bytes;
        self.extended_blocks = inode.extended.blocks.map(|block| block.0 as i64);
        shape.store_area(&inode.area, &mut self.area);
        self.revision = inode.revision;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{AREA_BYTES_MAX, BlockArea, ByteOrder, Format, Pointers, mode};

    fn shapes() -> impl Iterator<Item = InodeShape> {
        let orders = [ByteOrder::Little, ByteOrder::Big].into_iter();
        let formats = [(Format::Ufs1, false), (Format::Ufs1, true), (Format::Ufs2, false)];
        orders.flat_map(move |order| {
            formats.map(|(format, old)| InodeShape {
                format,
                order,
                old,
                inline_link_bytes_max: if old { 0 } else { 60 },
            })
        })
    }

    fn sample(shape: &InodeShape) -> Inode {
        let time = |seconds| Timestamp { seconds, nanoseconds: 7 };
        let is_wide = shape.format == Format::Ufs2;
        let mut pointers = Pointers::default();
        (pointers.direct[11], pointers.indirect[2]) = (FragNo(123_456), FragNo::from(-2_i32));
        Inode {
            mode: mode::REGULAR | 0o4751,
            links: 3,
            uid: 501,
            gid: 65000,
            size_bytes: 1 << 33,
            sectors: 99,
            accessed: time(-5),
            modified: time(1_000_000_000),
            changed: time(2_000_000_000),
            born: is_wide.then(|| time(1 << 40)),
            generation: 0x8000_0001,
            flags: 2,
            area: BlockArea::Pointers(pointers),
            revision: 11,
            ..Inode::free()
        }
    }

    #[test]
    fn an_inode_survives_every_shape() {
        for shape in shapes() {
            let mut bytes = [0xa5; 256];
            let inode = sample(&shape);
            shape.store(&Inode { size_bytes: 1, ..inode }, &mut bytes);
            shape.store(&inode, &mut bytes);
            let mut seen = shape.parse(&bytes);
            (seen.kernel_flags, seen.block_bytes) = (inode.kernel_flags, inode.block_bytes);
            assert_eq!(seen, inode, "{shape:?}");
        }
    }

    #[test]
    fn what_an_inode_does_not_carry_stays() {
        for shape in shapes() {
            let mut bytes = [0xa5; 256];
            shape.store(&sample(&shape), &mut bytes);
            // UFS1: the owners of the other format. UFS2: the spare words.
            let kept = match (shape.format, shape.old) {
                (Format::Ufs1, true) => 112..120,
                (Format::Ufs1, false) => 4..8,
                (Format::Ufs2, _) => 240..256,
            };
            assert!(bytes[kept].iter().all(|&byte| byte == 0xa5), "{shape:?}");
        }
    }

    #[test]
    fn link_text_is_not_swapped() {
        for shape in shapes() {
            let mut text = [0; AREA_BYTES_MAX];
            text[..8].copy_from_slice(b"a/target");
            let link = Inode {
                mode: mode::SYMBOLIC_LINK,
                size_bytes: 8,
                area: BlockArea::Text(text),
                ..Inode::free()
            };
            let mut bytes = [0; 256];
            shape.store(&link, &mut bytes);
            assert_eq!(shape.parse(&bytes).area, link.area, "{shape:?}");
        }
    }

    #[test]
    fn impossible_nanoseconds_count_as_none() {
        assert_eq!(timestamp(3, -1), Timestamp { seconds: 3, nanoseconds: 0 });
        assert_eq!(timestamp(3, 1_000_000_000), Timestamp { seconds: 3, nanoseconds: 0 });
    }
}
