//! Where records go round. Offsets are bytes from the beginning of the log.

use super::Place;
use core::ops::Range;

/// The part of the log behind its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Its first byte.
    pub start_bytes: u64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What everything in it is a multiple of.
    pub block_bytes: u32,
}

impl Circle {
    /// The circle of a new log: all but two blocks.
    pub const fn of(place: &Place) -> Self {
        let start_bytes = 2 * place.block_bytes as u64;
        let size_bytes = place.size_bytes - start_bytes;
        Self { start_bytes, size_bytes, block_bytes: place.block_bytes }
    }

    /// The first byte behind it.
    pub const fn end_bytes(&self) -> u64 {
        self.start_bytes + self.size_bytes
    }

    /// Whether something may begin here.
    pub const fn contains(&self, at: u64) -> bool {
        self.start_bytes <= at
            && at < self.end_bytes()
            && (at - self.start_bytes).is_multiple_of(self.block_bytes as u64)
    }

    /// `bytes` further on, at most once around.
    pub const fn advance(&self, at: u64, bytes: u64) -> u64 {
        debug_assert!(self.contains(at) && bytes <= self.size_bytes);
        let next = at + bytes;
        if next < self.end_bytes() { next } else { next - self.size_bytes }
    }

    /// How far it is from one place to another: 0 if they are the same.
    pub const fn distance(&self, from: u64, to: u64) -> u64 {
        if from <= to { to - from } else { to + self.size_bytes - from }
    }

    /// The bytes from `at` on: a piece up to the end of the circle, and a piece (often empty)
    /// from its beginning.
    pub fn pieces(&self, at: u64, bytes: u64) -> [Range<u64>; 2] {
        debug_assert!(self.contains(at) && bytes <= self.size_bytes);
        let first = bytes.min(self.end_bytes() - at);
        [at..at + first, self.start_bytes..self.start_bytes + (bytes - first)]
    }
}
