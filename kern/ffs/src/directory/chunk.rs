//! One chunk: where a name fits, and how records come and go.
//!
//! Offsets of records are cookies of listings, so no staying record ever moves. Room is a free
//! record, or what a record has more than its name needs:
//! ```text
//! | a      | b        ........ | free      |    two places, behind b and at the end
//! | a      | b        | new    | free      |    b ends earlier, the new record has all the rest
//! | a                 | new    | free      |    b struck: a ends later
//! | free              | new    | free      |    a struck: nothing stands before it
//! ```

use super::records::{Bad, Record, Records};
use crate::layout::{CHUNK_BYTES, DirectoryEntry, DirectoryShape, Geometry, record_bytes_min};

/// A chunk to be looked at.
pub(super) struct Chunk<'a> {
    bytes: &'a [u8],
    /// Where in the directory it begins.
    offset: u64,
    geometry: &'a Geometry,
}

/// Bytes that a new record may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The record that has them, counted from the start of the chunk.
    owner: usize,
    /// Where the new record begins: with a free owner, or behind its name.
    pub(super) at: usize,
    pub(super) bytes: usize,
}

/// A record, and the one before it in its chunk.
pub(super) struct Neighbours<'a> {
    before: Option<Record<'a>>,
    pub(super) record: Record<'a>,
}

impl<'a> Chunk<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: u64, geometry: &'a Geometry) -> Self {
        Self { bytes, offset, geometry }
    }

    fn records(&self) -> Records<'a> {
        Records::new(self.bytes, self.offset, self.geometry)
    }

    /// The smallest place for a record of `needed_bytes`.
    ///
    /// # Errors
    /// The damaged record of a chunk that has one: nothing may be put there.
    pub(super) fn place(&self, needed_bytes: usize) -> Result<Option<Place>, Bad> {
        let mut best: Option<Place> = None;
        for record in self.records() {
            let place = Place::of(&record?);
            let fits = place.bytes >= needed_bytes;
            if fits && best.is_none_or(|best| place.bytes < best.bytes) {
                best = Some(place);
            }
        }
        Ok(best)
    }

    /// The longest record there is room for, in bytes; none in a damaged chunk.
    pub(super) fn room(&self) -> usize {
        let mut rooms = self.records().map(|record| Some(Place::of(&record.ok()?).bytes));
        rooms.try_fold(0, |longest: usize, room| Some(longest.max(room?))).unwrap_or(0)
    }

    /// The name that begins at `offset` of the directory, as far as no damage stands before it.
    pub(super) fn neighbours(&self, offset: u64) -> Option<Neighbours<'a>> {
        let mut before = None;
        for record in self.records() {
            let record = record.ok()?;
            if record.offset == offset {
                return record.entry.is_name().then_some(Neighbours { before, record });
            }
            before = Some(record);
        }
        None
    }

    /// Where a name stands, in bytes from the start of the chunk.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let mut records = self.records().map_while(Result::ok);
        let found = records.find(|record| record.entry.is_name() && record.entry.name == name)?;
        Some((found.offset - self.offset) as usize)
    }
}

impl Place {
    fn of(record: &Record<'_>) -> Self {
        let owner = record.offset as usize % CHUNK_BYTES;
        let bytes = room(&record.entry);
        Self { owner, at: owner + record.entry.record_bytes - bytes, bytes }
    }

    /// Puts a name here: `entry.record_bytes` is this place's choice.
    pub(super) fn fill(&self, chunk: &mut [u8], entry: DirectoryEntry<'_>, shape: DirectoryShape) {
        if self.at != self.owner {
            shape.put_record_bytes(&mut chunk[self.owner..], self.at - self.owner);
        }
        let entry = DirectoryEntry { record_bytes: self.bytes, ..entry };
        entry.emit(&mut chunk[self.at..], shape);
    }
}

impl Neighbours<'_> {
    /// The room that there is once the name is gone.
    pub(super) fn gap(&self) -> Gap {
        let at = |record: &Record<'_>| record.offset as usize % CHUNK_BYTES;
        let start = at(&self.record);
        let end = start + self.record.entry.record_bytes;
        Gap { owner: self.before.as_ref().map_or(start, at), start, end }
    }
}

/// What a name leaves behind, in bytes from the start of the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The record that has it from now on.
    owner: usize,
    start: usize,
    end: usize,
}

impl Gap {
    /// Takes the name away. Nothing of it stays to be read.
    pub(super) fn clear(&self, chunk: &mut [u8], shape: DirectoryShape) {
        chunk[self.start..self.end].fill(0);
        shape.put_record_bytes(&mut chunk[self.owner..], self.end - self.owner);
    }
}

/// Makes a chunk of which nothing is used.
pub(super) fn start(chunk: &mut [u8], shape: DirectoryShape) {
    chunk.fill(0);
    shape.put_record_bytes(chunk, CHUNK_BYTES);
}

/// How many bytes of a record another one could have.
pub(super) fn room(entry: &DirectoryEntry<'_>) -> usize {
    let used = if entry.inode == 0 { 0 } else { record_bytes_min(entry.name.len()) };
    entry.record_bytes - used
}
