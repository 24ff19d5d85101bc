//! Tables as large as the file system, of which most is never touched and takes no memory.

use std::collections::BTreeMap;
use std::ops::Range;

const CHUNK: u64 = 1024;

/// A table of `T::default()`, with exceptions.
#[derive(Debug, Default)]
pub(super) struct Sparse<T>(BTreeMap<u64, Box<[T]>>);

impl<T: Copy + Default> Sparse<T> {
    pub fn get(&self, index: u64) -> T {
        let chunk = self.0.get(&(index / CHUNK));
        chunk.map_or_else(T::default, |chunk| chunk[(index % CHUNK) as usize])
    }

    pub fn at(&mut self, index: u64) -> &mut T {
        let fresh = || vec![T::default(); CHUNK as usize].into_boxed_slice();
        &mut self.0.entry(index / CHUNK).or_insert_with(fresh)[(index % CHUNK) as usize]
    }

    /// What was touched within a range, and its neighbours in memory, in order.
    pub fn range(&self, range: Range<u64>) -> impl Iterator<Item = (u64, T)> {
        let chunks = self.0.range(range.start / CHUNK..range.end.div_ceil(CHUNK));
        let entries = chunks.flat_map(|(chunk, entries)| (chunk * CHUNK..).zip(entries.iter()));
        entries
            .map(|(index, entry)| (index, *entry))
            .filter(move |(index, _)| range.contains(index))
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, T)> {
        self.range(0..u64::MAX)
    }
}

/// A row of bits, most of them clear.
#[derive(Debug, Default)]
pub(super) struct Bits(Sparse<u64>);

/// The words that a range touches, and which bits of them.
fn words(range: Range<u64>) -> impl Iterator<Item = (u64, u64)> {
    let end = if range.is_empty() { 0 } else { range.end.div_ceil(64) };
    (range.start / 64..end).map(move |word| {
        let low = range.start.max(word * 64) - word * 64;
        let high = range.end.min(word * 64 + 64) - word * 64;
        (word, (u64::MAX >> (64 - (high - low))) << low)
    })
}

impl Bits {
    pub fn set(&mut self, range: Range<u64>) {
        words(range).for_each(|(word, mask)| *self.0.at(word) |= mask);
    }

    pub fn clear(&mut self, range: Range<u64>) {
        words(range).for_each(|(word, mask)| *self.0.at(word) &= !mask);
    }

    /// Whether any of them is set.
    pub fn any(&self, range: Range<u64>) -> bool {
        words(range).any(|(word, mask)| self.0.get(word) & mask != 0)
    }

    /// Those that are set, in order.
    pub fn ones(&self, range: Range<u64>) -> impl Iterator<Item = u64> {
        let words = self.0.range(range.start / 64..range.end.div_ceil(64));
        let words = words.filter(|(_, bits)| *bits != 0);
        let bits = words.flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| word * 64 + bit)
        });
        bits.filter(move |bit| range.contains(bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cross_words_and_chunks() {
        let mut bits = Bits::default();
        bits.set(60..70);
        bits.set(65_530..65_540);
        bits.clear(62..63);
        assert!(bits.any(0..61) && !bits.any(62..63) && !bits.any(70..65_530));
        let expected = [60, 61].into_iter().chain(63..70);
        assert!(bits.ones(0..1000).eq(expected));
        assert_eq!(bits.ones(65_532..u64::MAX / 128).count(), 8);
        bits.clear(61..61);
        assert_eq!(bits.ones(61..64).collect::<Vec<_>>(), [61, 63]);
    }
}
