//! The newest contents of every logged part of the disk, while the log is walked.

use alloc::collections::BTreeMap;
use core::ops::Range;

/// Where the contents of a part of the disk stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The first byte of the disk behind it.
    pub end: u64,
    /// Its contents, counted from the tail of the log.
    pub distance: u64,
}

/// Pieces by their first byte on the disk; none overlaps another.
#[derive(Default)]
pub(super) struct Contents(BTreeMap<u64, Piece>);

impl Contents {
    /// The contents of `range` stand at `distance`, whatever was there before.
    pub fn put(&mut self, range: Range<u64>, distance: u64) {
        self.revoke(range.clone());
        if !range.is_empty() {
            self.0.insert(range.start, Piece { end: range.end, distance });
        }
    }

    /// What was logged of `range` so far is void.
    pub fn revoke(&mut self, range: Range<u64>) {
        self.split(range.start);
        self.split(range.end);
        while let Some((&start, _)) = self.0.range(range.clone()).next() {
            self.0.remove(&start);
        }
    }

    fn split(&mut self, at: u64) {
        let Some((&start, piece)) = self.0.range_mut(..at).next_back() else { return };
        if piece.end > at {
            let rest = Piece { end: piece.end, distance: piece.distance + (at - start) };
            piece.end = at;
            self.0.insert(at, rest);
        }
    }

    /// The pieces, in the order of the disk.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, Piece)> {
        self.0.iter().map(|(&start, &piece)| (start, piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_word_on_every_byte_holds(
            steps in prop::collection::vec((0..60_u64, 0..20_u64, any::<bool>()), 0..40),
        ) {
            let mut contents = Contents::default();
            let mut model = vec![None; 80];
            for (step, (start, length, is_put)) in steps.into_iter().enumerate() {
                let (range, distance) = (start..start + length, step as u64 * 100);
                for byte in range.clone() {
                    model[byte as usize] = is_put.then_some(distance + (byte - start));
                }
                match is_put {
                    true => contents.put(range, distance),
                    false => contents.revoke(range),
                }
            }
            let mut found: Vec<Option<u64>> = vec![None; 80];
            for (start, piece) in contents.pieces() {
                for byte in start..piece.end {
                    prop_assert_eq!(found[byte as usize], None);
                    found[byte as usize] = Some(piece.distance + (byte - start));
                }
            }
            prop_assert_eq!(found, model);
        }
    }
}
