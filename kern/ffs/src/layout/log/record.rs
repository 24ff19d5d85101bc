//! The records: `struct wapbl_wc_blocklist` and `struct wapbl_wc_inodelist`.
//!
//! ```text
//! 0      4        8       12        16
//! | type | length | count | clear   | extents: sector 8, unused 4, bytes 4 | ...
//! |      |        |       |         | inodes: number 4, mode 4 | ...
//! ```
//! The length counts the block that the record begins with and, for blocks, the data behind it.

use super::super::check::check;
use super::super::record::record;
use crate::layout::{ByteOrder, Field, FieldFault};
use abi::InodeNo;
use alloc::format;

const TYPE_INODES: u32 = 0x5741_424d;
const TYPE_REVOCATIONS: u32 = 0x5741_424e;
const TYPE_BLOCKS: u32 = 0x5741_424f;

/// The unit of places in the log (DEV_BSIZE), whatever the device's blocks are.
const SECTOR_BYTES: u64 = 512;

record! {
    /// What every record begins with.
    RawRecord [16] {
        /// wc_type.
        0 => kind: u32,
        /// wc_len.
        4 => length_bytes: i32,
        /// wc_blkcount, wc_inocnt.
        8 => count: i32,
        /// wc_clear of a list of inodes, unused in others.
        12 => clear: i32,
    }
}

record! {
    /// An entry of wc_blocks.
    RawExtent [16] {
        /// wc_daddr: in sectors of 512 bytes.
        0 => sector: i64,
        /// wc_unused.
        8 => unused: i32,
        /// wc_dlen.
        12 => length_bytes: i32,
    }
}

record! {
    /// An entry of wc_inodes.
    RawInode [8] {
        /// wc_inumber.
        0 => inode: u32,
        /// wc_imode.
        4 => mode: u32,
    }
}

/// How many extents a record names.
pub const fn extents_per_record(block_bytes: u32) -> usize {
    (block_bytes as usize - RawRecord::BYTES) / RawExtent::BYTES
}

/// How many inodes a record names.
pub const fn inodes_per_record(block_bytes: u32) -> usize {
    (block_bytes as usize - RawRecord::BYTES) / RawInode::BYTES
}

/// A run of bytes of the disk: whole blocks of the log's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    /// Where on the disk.
    pub offset_bytes: u64,
    /// How many.
    pub length_bytes: u32,
}

impl Extent {
    /// The first byte behind it.
    pub const fn end_bytes(&self) -> u64 {
        self.offset_bytes + self.length_bytes as u64
    }
}

/// An inode to be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlinked {
    /// Its number.
    pub inode: InodeNo,
    /// Its mode when it was listed.
    pub mode: u32,
}

/// A record, checked; what it lists is read from its block as it is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// Extents whose new contents follow, one after another.
    Blocks(Extents<'a>),
    /// Extents whose contents so far are void.
    Revocations(Extents<'a>),
    /// Inodes to be freed.
    Inodes(Inodes<'a>),
}

/// The extents of a record.
#[derive(Clone, Copy, Debug)]
pub struct Extents<'a> {
    entries: &'a [u8],
    order: ByteOrder,
}

/// The inodes of a record.
#[derive(Clone, Copy, Debug)]
pub struct Inodes<'a> {
    /// Whether this is the first record of a list, and makes all earlier ones void.
    pub is_first: bool,
    entries: &'a [u8],
    order: ByteOrder,
}

impl<'a> Extents<'a> {
    /// In the order of the record.
    pub fn iter(&self) -> impl Iterator<Item = Extent> + use<'a> {
        let order = self.order;
        self.entries.chunks_exact(RawExtent::BYTES).map(move |entry| {
            let raw = RawExtent::get(entry, order);
            Extent {
                offset_bytes: (raw.sector as u64).wrapping_mul(SECTOR_BYTES),
                length_bytes: raw.length_bytes as u32,
            }
        })
    }

    /// Bytes of all of them together.
    fn data_bytes(&self) -> u64 {
        self.iter().map(|extent| u64::from(extent.length_bytes)).sum()
    }

    fn check(&self, block_bytes: u32) -> Result<(), FieldFault> {
        for entry in self.entries.chunks_exact(RawExtent::BYTES) {
            let raw = RawExtent::get(entry, self.order);
            let length = raw.length_bytes;
            let holds = length > 0 && length.unsigned_abs().is_multiple_of(block_bytes);
            check(holds, ("wc_dlen", 12), length, || format!("a multiple of {block_bytes}"))?;
            let most = (i64::MAX - i64::from(length)) / SECTOR_BYTES as i64;
            check((0..=most).contains(&raw.sector), ("wc_daddr", 0), raw.sector, || {
                format!("0 to {most}")
            })?;
        }
        Ok(())
    }
}

impl<'a> Inodes<'a> {
    /// In the order of the record.
    pub fn iter(&self) -> impl Iterator<Item = Unlinked> + use<'a> {
        let order = self.order;
        self.entries.chunks_exact(RawInode::BYTES).map(move |entry| {
            let raw = RawInode::get(entry, order);
            Unlinked { inode: InodeNo(raw.inode.into()), mode: raw.mode }
        })
    }
}

impl<'a> Record<'a> {
    /// Checks and reads the record that begins with the block `block`; and its length in bytes,
    /// which is a multiple of the block's.
    ///
    /// # Errors
    /// The first field that cannot be right.
    pub fn parse(block: &'a [u8], order: ByteOrder) -> Result<(Self, u64), FieldFault> {
        let block_bytes = block.len() as u32;
        let raw = RawRecord::get(block, order);
        let (record, expected) = match raw.kind {
            TYPE_INODES => {
                let entries = raw.entries(block, RawInode::BYTES)?;
                let inodes = Inodes { is_first: raw.clear != 0, entries, order };
                (Record::Inodes(inodes), u64::from(block_bytes))
            }
            TYPE_REVOCATIONS | TYPE_BLOCKS => {
                let extents = Extents { entries: raw.entries(block, RawExtent::BYTES)?, order };
                extents.check(block_bytes)?;
                match raw.kind {
                    TYPE_BLOCKS => {
                        let length_bytes = u64::from(block_bytes) + extents.data_bytes();
                        (Record::Blocks(extents), length_bytes)
                    }
                    _ => (Record::Revocations(extents), u64::from(block_bytes)),
                }
            }
            kind => return Err(type_fault(kind)),
        };
        let length = raw.length_bytes;
        check(u64::try_from(length) == Ok(expected), ("wc_len", 4), length, || {
            format!("{expected}, as its entries say")
        })?;
        Ok((record, expected))
    }
}

impl RawRecord {
    fn entries<'a>(&self, block: &'a [u8], entry_bytes: usize) -> Result<&'a [u8], FieldFault> {
        let most = (block.len() - Self::BYTES) / entry_bytes;
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        check(count <= most, ("wc_blkcount, wc_inocnt", 8), self.count, || format!("0 to {most}"))?;
        Ok(&block[Self::BYTES..Self::BYTES + count * entry_bytes])
    }
}

fn type_fault(kind: u32) -> FieldFault {
    let expected = format!("{TYPE_INODES:#x}, {TYPE_REVOCATIONS:#x} or {TYPE_BLOCKS:#x}");
    FieldFault { field: "wc_type", offset_bytes: 0, value: kind.into(), expected }
}

/// What a list of extents is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Their new contents follow.
    Blocks,
    /// Their contents so far are void.
    Revocations,
}

/// Writes the first block of a record of extents; of [`ListKind::Blocks`] the contents are to
/// follow.
///
/// # Panics
/// If there are more than [`extents_per_record`].
pub fn emit_extents(kind: ListKind, extents: &[Extent], block: &mut [u8], order: ByteOrder) {
    let data_bytes: u32 = match kind {
        ListKind::Blocks => extents.iter().map(|extent| extent.length_bytes).sum(),
        ListKind::Revocations => 0,
    };
    let raw = RawRecord {
        kind: if kind == ListKind::Blocks { TYPE_BLOCKS } else { TYPE_REVOCATIONS },
        length_bytes: (block.len() as u32 + data_bytes) as i32,
        count: extents.len() as i32,
        clear: 0,
    };
    let entries = extents.iter().map(|extent| RawExtent {
        sector: (extent.offset_bytes / SECTOR_BYTES) as i64,
        unused: 0,
        length_bytes: extent.length_bytes as i32,
    });
    emit(&raw, entries, block, order);
}

/// Writes a record of inodes.
///
/// # Panics
/// If there are more than [`inodes_per_record`].
pub fn emit_inodes(inodes: &[Unlinked], is_first: bool, block: &mut [u8], order: ByteOrder) {
    let raw = RawRecord {
        kind: TYPE_INODES,
        length_bytes: block.len() as i32,
        count: inodes.len() as i32,
        clear: is_first.into(),
    };
    let entries = inodes
        .iter()
        .map(|unlinked| RawInode { inode: unlinked.inode.0 as u32, mode: unlinked.mode });
    emit(&raw, entries, block, order);
}

fn emit<E: Field>(
    raw: &RawRecord,
    entries: impl Iterator<Item = E>,
    block: &mut [u8],
    order: ByteOrder,
) {
    block.fill(0);
    raw.put(block, order);
    for (index, entry) in entries.enumerate() {
        entry.put(&mut block[RawRecord::BYTES + index * E::BYTES..], order);
    }
}
