//! Finding room for a name.

use super::chunk;
use super::records::Record;
use super::scan::Scan;
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{CHUNK_BYTES, record_bytes_min};
use abi::Result;
use core::ops::ControlFlow;

/// Where a name may be put into a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// In the chunk that begins at this byte.
    Chunk(u64),
    /// Nowhere so far: the directory grows by a chunk.
    New,
}

impl Ffs {
    /// Where `name`, which is not there, may be put into a directory. Damaged chunks have no room.
    ///
    /// # Errors
    /// `NotDirectory`; `Io` if the directory is too damaged to be read.
    pub(crate) async fn room_for(&self, directory: &Node, name: &[u8]) -> Result<Room> {
        let size = self.directory_bytes(directory).await?;
        let needed_bytes = record_bytes_min(name.len());
        let chunk = match self.index_of(directory, size).await {
            Some(index) => index.chunk_with_room(needed_bytes),
            None => self.scan_for_room(directory, size, needed_bytes).await,
        };
        Ok(chunk.map_or(Room::New, Room::Chunk))
    }

    async fn scan_for_room(&self, directory: &Node, size: u64, needed_bytes: usize) -> Option<u64> {
        let mut rooms = RoomCount::default();
        let scan = self.scan(directory, size, |record| match rooms.after(&record) {
            Some((start, bytes)) if bytes >= needed_bytes => ControlFlow::Break(start),
            _ => ControlFlow::Continue(()),
        });
        match scan.await {
            Scan::Found(start) => Some(start),
            Scan::End(_) => None,
        }
    }
}

/// Counts the room in chunks whose records come one after another.
#[derive(Default)]
pub(super) struct RoomCount {
    bytes: usize,
}

impl RoomCount {
    /// Behind the last record of a chunk: where the chunk begins, and the longest record it can
    /// take. A damaged chunk has no last record.
    pub(super) fn after(&mut self, record: &Record<'_>) -> Option<(u64, usize)> {
        let chunk_bytes = CHUNK_BYTES as u64;
        if record.offset.is_multiple_of(chunk_bytes) {
            self.bytes = 0;
        }
        self.bytes = self.bytes.max(chunk::room(&record.entry));
        let end = record.offset + record.entry.record_bytes as u64;
        end.is_multiple_of(chunk_bytes).then(|| (end - chunk_bytes, self.bytes))
    }
}
