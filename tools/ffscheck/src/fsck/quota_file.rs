//! A quota file: limits and counts of every user or group, as NetBSD keeps them (quota2).
//!
//! ```text
//! 0       4      5       6      8               104    112
//! | magic | kind | shift | size | default entry | free | heads of 2^shift lists | entries ...
//! ```
//! An entry of 96 bytes has limits and counts of sectors and of files, the offset of the next
//! entry of its list, and its user or group. Offsets count from the beginning of the file; 0 ends
//! a list. Entries do not cross blocks. After `ufs/quota2.h`.

use super::directory::Piece;
use super::error::Result;
use super::volume::Volume;
use ffs::layout::{ByteOrder, Field};

/// Q2_HEAD_MAGIC.
pub(super) const MAGIC: u32 = 0xb746_915e;

const DEFAULT_AT: usize = 8;
const FREE_AT: u64 = 104;
const HEADS_AT: u64 = 112;
const ENTRY_BYTES: u64 = 96;
/// In an entry: what is used of sectors and of files, the next entry, and whose it is.
const USED_AT: [usize; 2] = [16, 56];
const NEXT_AT: usize = 80;
const OWNER_AT: usize = 88;

/// What somebody uses: sectors, and files.
pub(super) type Used = [u64; 2];

/// An entry as it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    bytes: Vec<u8>,
    order: ByteOrder,
}

impl Entry {
    pub fn owner(&self) -> u32 {
        u32::get(&self.bytes[OWNER_AT..], self.order)
    }

    pub fn next(&self) -> u64 {
        u64::get(&self.bytes[NEXT_AT..], self.order)
    }

    pub fn used(&self) -> Used {
        USED_AT.map(|at| u64::get(&self.bytes[at..], self.order))
    }

    pub fn set_owner(&mut self, owner: u32) {
        owner.put(&mut self.bytes[OWNER_AT..], self.order);
    }

    pub fn set_next(&mut self, next: u64) {
        next.put(&mut self.bytes[NEXT_AT..], self.order);
    }

    pub fn set_used(&mut self, used: Used) {
        for (at, value) in USED_AT.into_iter().zip(used) {
            value.put(&mut self.bytes[at..], self.order);
        }
    }
}

/// A quota file whose header makes sense.
pub(super) struct QuotaFile {
    pub pieces: Vec<Piece>,
    block_bytes: u64,
    order: ByteOrder,
    /// How many lists there are: a power of two.
    pub lists: u64,
    header_bytes: u64,
}

impl QuotaFile {
    /// Checks the header of the file in `pieces`: `kind` is 0 for users, 1 for groups.
    pub fn open(volume: &Volume<'_>, pieces: Vec<Piece>, kind: u8) -> Result<Option<Self>> {
        let block_bytes = volume.block_bytes();
        let is_whole = |piece: &Piece| piece.bytes as u64 == block_bytes;
        let Some(first) = pieces.first().filter(|_| pieces.iter().all(is_whole)) else {
            return Ok(None);
        };
        let header = volume.read_frags(first.at, first.frags)?;
        let order = volume.geometry.order;
        let lists = 1_u64.checked_shl(header[5].into()).unwrap_or(0);
        let header_bytes = lists.saturating_mul(8).saturating_add(HEADS_AT);
        let holds = u32::get(&header, order) == MAGIC
            && header[4] == kind
            && u64::from(u16::get(&header[6..], order)) == lists
            && header_bytes + ENTRY_BYTES <= block_bytes;
        Ok(holds.then_some(Self { pieces, block_bytes, order, lists, header_bytes }))
    }

    /// Where the head of the list of free entries stands, and those of all others.
    pub const fn free_head(&self) -> u64 {
        FREE_AT
    }

    pub const fn head(&self, list: u64) -> u64 {
        HEADS_AT + 8 * list
    }

    pub const fn list_of(&self, owner: u32) -> u64 {
        owner as u64 & (self.lists - 1)
    }

    /// Where entries are, block by block.
    pub fn slots(&self) -> impl Iterator<Item = u64> + use<> {
        let (block_bytes, header_bytes) = (self.block_bytes, self.header_bytes);
        (0..self.pieces.len() as u64).flat_map(move |block| {
            let first = if block == 0 { header_bytes } else { 0 };
            let count = (block_bytes - first) / ENTRY_BYTES;
            (0..count).map(move |index| block * block_bytes + first + index * ENTRY_BYTES)
        })
    }

    pub fn is_slot(&self, at: u64) -> bool {
        let first = if at < self.block_bytes { self.header_bytes } else { 0 };
        let inside = at % self.block_bytes;
        at / self.block_bytes < self.pieces.len() as u64
            && inside >= first
            && (inside - first).is_multiple_of(ENTRY_BYTES)
            && inside + ENTRY_BYTES <= self.block_bytes
    }

    fn offset_bytes(&self, volume: &Volume<'_>, at: u64) -> u64 {
        let piece = &self.pieces[(at / self.block_bytes) as usize];
        (piece.at.0 << volume.geometry.frag_shift) + at % self.block_bytes
    }

    pub fn read_head(&self, volume: &Volume<'_>, at: u64) -> Result<u64> {
        let mut bytes = [0; 8];
        volume.overlay.read(self.offset_bytes(volume, at), &mut bytes)?;
        Ok(u64::get(&bytes, self.order))
    }

    pub fn write_head(&self, volume: &mut Volume<'_>, at: u64, value: u64) -> Result<()> {
        let mut bytes = [0; 8];
        value.put(&mut bytes, self.order);
        let offset_bytes = self.offset_bytes(volume, at);
        volume.overlay.write(offset_bytes, &bytes)
    }

    pub fn entry(&self, volume: &Volume<'_>, at: u64) -> Result<Entry> {
        let mut bytes = vec![0; ENTRY_BYTES as usize];
        volume.overlay.read(self.offset_bytes(volume, at), &mut bytes)?;
        Ok(Entry { bytes, order: self.order })
    }

    /// What a new entry begins with.
    pub fn default_entry(&self, volume: &Volume<'_>) -> Result<Entry> {
        self.entry(volume, DEFAULT_AT as u64)
    }

    pub fn put(&self, volume: &mut Volume<'_>, at: u64, entry: &Entry) -> Result<()> {
        let offset_bytes = self.offset_bytes(volume, at);
        volume.overlay.write(offset_bytes, &entry.bytes)
    }
}
