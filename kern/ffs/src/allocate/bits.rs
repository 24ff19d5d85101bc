//! Bits of a group's maps: bit `n` in byte `n / 8`, counted from the least significant.
//!
//! The free fragments of one block are a `u8`, bit `n` for its fragment `n`: a block has at most
//! eight, and never lies across two bytes of a map.

use core::iter::successors;
use core::ops::Range;

/// All fragments of a block of `frags` (1 to 8).
pub(super) const fn all(frags: u32) -> u8 {
    u8::MAX >> (8 - frags)
}

/// The fragments `range` of a block.
pub(super) const fn of(range: Range<u32>) -> u8 {
    if range.start >= range.end {
        return 0;
    }
    all(range.end - range.start) << range.start
}

/// The bits of block `block` of a map in which blocks have `frags_per_block` bits; none if the
/// map is too short.
pub(super) fn get_block(map: &[u8], block: u32, frags_per_block: u32) -> u8 {
    let first = block * frags_per_block;
    let byte = map.get(first as usize / 8).copied().unwrap_or(0);
    (byte >> (first % 8)) & all(frags_per_block)
}

/// Puts the bits of block `block` into `byte`, which is the one of the map that has them.
pub(super) const fn with_block(byte: u8, block: u32, frags_per_block: u32, bits: u8) -> u8 {
    let shift = block * frags_per_block % 8;
    byte & !(all(frags_per_block) << shift) | bits << shift
}

/// One bit of a map; not set if the map is too short.
pub(super) fn get(map: &[u8], bit: u32) -> bool {
    map.get(bit as usize / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
}

/// Clears one bit of a map.
pub(super) fn clear(map: &mut [u8], bit: u32) {
    if let Some(byte) = map.get_mut(bit as usize / 8) {
        *byte &= !(1 << (bit % 8));
    }
}

/// The first bit of a range that is not set.
pub(super) fn first_clear(map: &[u8], range: Range<u32>) -> Option<u32> {
    let mut bit = range.start;
    while bit < range.end {
        let clear = !map.get(bit as usize / 8)? >> (bit % 8);
        if clear != 0 {
            return Some(bit + clear.trailing_zeros()).filter(|bit| *bit < range.end);
        }
        bit = (bit / 8 + 1) * 8;
    }
    None
}

/// Runs of set bits of a block, ascending, none empty.
pub(super) fn runs(bits: u8) -> impl Iterator<Item = Range<u32>> {
    let next = move |from: u32| {
        let rest = u32::from(bits) >> from << from;
        let start = rest.trailing_zeros();
        (rest != 0).then(|| start..start + (rest >> start).trailing_ones())
    };
    successors(next(0), move |run| next(run.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn blocks_of_a_map() {
        let map = [0b1011_0100, 0xff];
        assert_eq!([0, 1, 2, 3].map(|block| get_block(&map, block, 2)), [0, 1, 3, 2]);
        assert_eq!([0, 1, 2].map(|block| get_block(&map, block, 8)), [0b1011_0100, 0xff, 0]);
        assert_eq!(with_block(0b1011_0100, 1, 4, 0b0110), 0b0110_0100);
        assert_eq!(with_block(0xff, 5, 1, 0), 0b1101_1111);
        assert!(get(&map, 2) && !get(&map, 3) && !get(&map, 16));
    }

    #[test]
    fn clear_bits_are_found() {
        let map = [0xff, 0b0111_1110, 0xff, 0xff];
        let cases = [(0..32, Some(8)), (9..32, Some(15)), (9..15, None), (16..32, None)];
        for (range, expected) in cases {
            assert_eq!(first_clear(&map, range), expected);
        }
        assert_eq!(first_clear(&[0xff], 0..64), None);
    }

    #[test]
    fn runs_of_a_block() {
        let found = |bits| runs(bits).collect::<Vec<_>>();
        assert_eq!(found(0), []);
        assert_eq!(found(0xff).first(), Some(&(0..8)));
        assert_eq!(found(0b1011_0110), [1..3, 4..6, 7..8]);
        assert_eq!((of(2..5), of(0..8), of(3..3)), (0b1_1100, 0xff, 0));
    }
}
