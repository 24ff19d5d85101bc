//! Records of a directory that cannot be read, and how to make them readable.

use super::directory::free_record;
use ffs::layout::{
    CHUNK_BYTES, DirectoryEntry, DirectoryShape, ENTRY_HEADER_BYTES, EntryFault, Field,
};
use std::fmt;

/// Why a record cannot be read as it stands.
pub(super) enum Flaw {
    /// No NUL behind its name, where one should be.
    Unended(usize),
    Name(EntryFault),
    Length(EntryFault),
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unended(_) => write!(formatter, "its name does not end"),
            Self::Name(fault) | Self::Length(fault) => fault.fmt(formatter),
        }
    }
}

impl Flaw {
    /// Makes the record at `at` readable, `record_bytes` long, which follows one at `previous`.
    pub fn mend(
        &self,
        chunk: &mut [u8],
        (previous, at, record_bytes): (usize, usize, usize),
        shape: DirectoryShape,
    ) -> &'static str {
        match self {
            Self::Unended(end) => {
                chunk[*end] = 0;
                "ended"
            }
            Self::Length(_) if record_bytes < ENTRY_HEADER_BYTES => {
                ((CHUNK_BYTES - previous) as u16).put(&mut chunk[previous + 4..], shape.order);
                "added to the one before"
            }
            Self::Name(_) | Self::Length(_) => {
                free_record(&mut chunk[at..], record_bytes, shape);
                "removed"
            }
        }
    }
}

/// How long the record at `at` is, or will be once it is mended: one of impossible length takes
/// the rest of the chunk.
pub(super) fn read_record(chunk: &[u8], at: usize, shape: DirectoryShape) -> (usize, Option<Flaw>) {
    match DirectoryEntry::parse(chunk, at, shape) {
        Ok(entry) => {
            let end = at + ENTRY_HEADER_BYTES + entry.name.len();
            let is_ended = entry.inode == 0 || chunk[end] == 0;
            (entry.record_bytes, (!is_ended).then_some(Flaw::Unended(end)))
        }
        Err(fault @ EntryFault::RecordLength(_)) => (CHUNK_BYTES - at, Some(Flaw::Length(fault))),
        Err(fault) => (u16::get(&chunk[at + 4..], shape.order).into(), Some(Flaw::Name(fault))),
    }
}
