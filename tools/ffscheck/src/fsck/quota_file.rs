//! A quota file: where its entries and lists are (see `ffs::layout`'s `quota`). Offsets count from
//! the beginning of the file.

use super::directory::Piece;
use super::error::Result;
use super::volume::Volume;
use ffs::layout::{ByteOrder, Field, QUOTA_HEAD_BYTES, QUOTA_MAGIC, QuotaEntry, QuotaHeader};

/// Where the head of the list of free entries stands in the header.
const FREE_AT: u64 = (QuotaHeader::BYTES - QUOTA_HEAD_BYTES) as u64;
const HEADS_AT: u64 = QuotaHeader::BYTES as u64;
const ENTRY_BYTES: u64 = QuotaEntry::BYTES as u64;

/// What somebody uses: sectors, and files.
pub(super) type Used = [u64; 2];

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
        let order = volume.geometry.order;
        let header = QuotaHeader::get(&volume.read_frags(first.at, first.frags)?, order);
        let lists = 1_u64.checked_shl(header.hash_shift.into()).unwrap_or(0);
        let header_bytes = lists.saturating_mul(8).saturating_add(HEADS_AT);
        let holds = header.magic == QUOTA_MAGIC
            && header.kind == kind
            && u64::from(header.hash_size) == lists
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

    pub fn entry(&self, volume: &Volume<'_>, at: u64) -> Result<QuotaEntry> {
        let mut bytes = [0; QuotaEntry::BYTES];
        volume.overlay.read(self.offset_bytes(volume, at), &mut bytes)?;
        Ok(QuotaEntry::get(&bytes, self.order))
    }

    /// What a new entry begins with.
    pub fn default_entry(&self, volume: &Volume<'_>) -> Result<QuotaEntry> {
        let mut bytes = [0; QuotaHeader::BYTES];
        volume.overlay.read(self.offset_bytes(volume, 0), &mut bytes)?;
        Ok(QuotaHeader::get(&bytes, self.order).default)
    }

    pub fn put(&self, volume: &mut Volume<'_>, at: u64, entry: &QuotaEntry) -> Result<()> {
        let mut bytes = [0; QuotaEntry::BYTES];
        entry.put(&mut bytes, self.order);
        let offset_bytes = self.offset_bytes(volume, at);
        volume.overlay.write(offset_bytes, &bytes)
    }
}
