//! Bytes that were given to the stream and are not acknowledged yet, by their offset in it.
//!
//! Pieces are shared with whoever gave them and never copied; a place is found by halving.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;

/// The bytes from `start` to `end`, as they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    /// Each with the offset of its first byte; none is empty.
    pieces: VecDeque<(u64, Bytes)>,
    start: u64,
    end: u64,
}

impl Queue {
    /// The offset behind the last byte.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Appends one piece.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            let offset = self.end;
            self.end += piece.len() as u64;
            self.pieces.push_back((offset, piece));
        }
    }

    /// Lets go of all bytes before `offset`.
    pub fn release(&mut self, offset: u64) {
        self.start = self.start.max(offset.min(self.end));
        let whole = |(at, piece): &(u64, Bytes)| at + piece.len() as u64 <= self.start;
        while self.pieces.front().is_some_and(whole) {
            self.pieces.pop_front();
        }
        if self.pieces.is_empty() {
            self.pieces = VecDeque::new();
        }
    }

    /// The bytes of `start..end`, shared; only those that are there.
    pub fn slice(&self, start: u64, end: u64) -> Vec<Bytes> {
        let (start, end) = (start.max(self.start), end.min(self.end));
        if end <= start {
            return Vec::new();
        }
        let first = self.pieces.partition_point(|(at, piece)| at + piece.len() as u64 <= start);
        let held = self.pieces.range(first..).take_while(|(at, _)| *at < end);
        held.map(|(at, piece)| {
            let from = start.saturating_sub(*at) as usize;
            let to = (end - at).min(piece.len() as u64) as usize;
            piece.slice(from..to)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn pieces_are_shared_until_they_are_released() {
        let mut queue = Queue::default();
        let piece = Bytes::from(alloc::vec![7; 10]);
        queue.push(piece.clone());
        assert_eq!(queue.slice(2, 5)[0].as_ptr(), piece[2..].as_ptr());
        queue.release(10);
        assert!(piece.is_unique());
        assert_eq!((queue.slice(0, 10), queue.end()), (Vec::new(), 10));
    }

    proptest! {
        #[test]
        fn any_range_is_what_a_plain_array_has(
            lengths in proptest::collection::vec(0..40_usize, 0..20),
            range in any::<(u16, u16)>(),
            released in 0..300_u64,
        ) {
            let mut queue = Queue::default();
            let mut plain = Vec::new();
            for length in lengths {
                let piece: Vec<u8> = (0..length).map(|at| (plain.len() + at) as u8).collect();
                plain.extend(&piece);
                queue.push(piece.into());
            }
            queue.release(released);
            let start = u64::from(range.0) % (plain.len() as u64 + 1);
            let end = start + u64::from(range.1) % (plain.len() as u64 + 1 - start);
            let held = released.min(plain.len() as u64).clamp(start, end) as usize;
            prop_assert_eq!(queue.slice(start, end).concat(), &plain[held..end as usize]);
            prop_assert_eq!(queue.end(), plain.len() as u64);
        }
    }
}
