//! Which chunks of a directory have room for a name.
//!
//! Of each chunk it is known how long a record it could take. The best chunk for a name is the
//! one whose room is the smallest that suffices, and of several the first.

use crate::layout::{CHUNK_BYTES, record_bytes_min};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Room is counted in multiples of this, as records are.
const UNIT_BYTES: usize = 4;

/// Room of a chunk without names.
const ALL: u8 = (CHUNK_BYTES / UNIT_BYTES) as u8;

/// Less room than this is none: no name is shorter than a byte.
const LEAST: u8 = (record_bytes_min(1) / UNIT_BYTES) as u8;

/// The room of each chunk, in units, by chunk and by size.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FreeSpace {
    rooms: Vec<u8>,
    by_room: BTreeSet<(u8, u32)>,
}

impl FreeSpace {
    /// What a chunk costs, in bytes: a byte, and its entry in a tree whose nodes are two thirds
    /// full.
    pub(super) const CHUNK_COST_BYTES: u64 = 1 + 15;

    /// So many chunks without room.
    pub(super) fn new(chunks: u32) -> Self {
        Self { rooms: alloc::vec![0; chunks as usize], by_room: BTreeSet::new() }
    }

    /// Takes note of the longest record that a chunk can take: one of those known, or a new one
    /// behind them. Says whether it was one of these.
    pub(super) fn set(&mut self, chunk: u32, room_bytes: usize) -> bool {
        let room = (room_bytes / UNIT_BYTES).min(ALL.into()) as u8;
        if chunk as usize == self.rooms.len() {
            self.rooms.push(0);
        }
        let Some(known) = self.rooms.get_mut(chunk as usize) else { return false };
        let before = core::mem::replace(known, room);
        if before != room {
            self.by_room.remove(&(before, chunk));
            if room >= LEAST {
                self.by_room.insert((room, chunk));
            }
        }
        true
    }

    /// The chunk where a record of `needed_bytes` is put best.
    pub(super) fn find(&self, needed_bytes: usize) -> Option<u32> {
        let needed = u8::try_from(needed_bytes.div_ceil(UNIT_BYTES)).ok()?;
        self.by_room.range((needed, 0)..).next().map(|&(_, chunk)| chunk)
    }

    /// Chunks from `chunks` on are no longer the directory's.
    pub(super) fn cut(&mut self, chunks: u32) {
        for chunk in (chunks..self.rooms.len() as u32).rev() {
            self.set(chunk, 0);
        }
        self.rooms.truncate(chunks as usize);
        if self.rooms.len() < self.rooms.capacity() / 4 {
            self.rooms.shrink_to(2 * self.rooms.len());
        }
    }

    /// How many of the last `limit` chunks are without names up to the end, if `freed` is one.
    pub(super) fn tail(&self, freed: Option<u32>, limit: usize) -> usize {
        let freed = freed.map(|chunk| chunk as usize);
        let ends = (0..self.rooms.len()).rev().take(limit);
        ends.take_while(|&chunk| Some(chunk) == freed || self.rooms[chunk] == ALL).count()
    }

    /// Memory that this takes, roughly.
    pub(super) fn bytes(&self) -> u64 {
        self.rooms.capacity() as u64 * Self::CHUNK_COST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_and_then_the_first_chunk_is_found() {
        let mut space = FreeSpace::new(3);
        assert_eq!(space.find(12), None);
        assert!(space.set(2, 100) && space.set(1, 100) && space.set(0, 12) && space.set(3, 512));
        let found = [12, 13, 100, 101, 264, 512].map(|bytes| space.find(bytes));
        assert_eq!(found, [Some(0), Some(1), Some(1), Some(3), Some(3), Some(3)]);
        assert!(space.set(1, 8) && !space.set(5, 12));
        assert_eq!(space.find(100), Some(2));
        assert_eq!(space.find(1000), None);
    }

    #[test]
    fn what_is_cut_off_is_not_found() {
        let mut space = FreeSpace::new(2);
        for chunk in 0..100 {
            space.set(chunk, 512);
        }
        space.set(96, 500);
        assert_eq!([None, Some(96)].map(|freed| space.tail(freed, 50)), [3, 50]);
        let before = space.bytes();
        space.cut(2);
        assert!(space.bytes() < before);
        assert!(space.set(1, 0));
        assert_eq!((space.find(12), space.tail(None, 9), space.tail(Some(1), 9)), (Some(0), 0, 2));
        let mut fresh = FreeSpace::new(2);
        fresh.set(0, 512);
        assert_eq!(space, fresh);
    }
}
