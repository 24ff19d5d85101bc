//! Seeded luck: the one source of everything a simulation leaves to chance.

use hyper::Random;
use std::cell::Cell;

/// A generator of pseudo-random numbers: xoshiro256** by Blackman and Vigna (2018), its state filled
/// by their splitmix64. Small, fast, and the same on every machine for as long as this file stays;
/// a crate's generator may change with its version, and with it the meaning of every seed.
#[derive(Debug)]
pub struct Luck(Cell<[u64; 4]>);

impl Luck {
    /// The luck of a seed.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(Cell::new([(); 4].map(|()| splitmix(&mut state))))
    }

    /// Luck of its own for one part of a world, so that what one part draws does not change what
    /// the others get.
    pub fn fork(&self) -> Self {
        Self::new(self.number())
    }

    /// The next number.
    pub fn number(&self) -> u64 {
        let [a, b, c, d] = self.0.get();
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        let shifted = b << 17;
        self.0.set([a ^ d, b ^ c, c ^ shifted, d.rotate_left(45)]);
        result
    }

    /// A number below `end`; zero if `end` is. (The bias of the remainder is far below what any
    /// simulation could notice.)
    pub fn below(&self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// An index into something that is `length` long.
    pub fn index(&self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// True once in `count` times, on average.
    pub fn one_in(&self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// One of `things`.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&self, things: &'a [T]) -> &'a T {
        &things[self.index(things.len())]
    }
}

impl Random for Luck {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.number().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_mean_what_they_always_meant() {
        let mut state = 1_234_567;
        // The first numbers that Vigna's own splitmix64.c gives for this seed.
        assert_eq!(splitmix(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(splitmix(&mut state), 3_203_168_211_198_807_973);
        let luck = Luck(Cell::new([1, 2, 3, 4]));
        // And xoshiro256**.c for this state.
        let first = [(); 4].map(|()| luck.number());
        assert_eq!(first, [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn one_seed_has_one_luck() {
        let [first, second] = [Luck::new(7), Luck::new(7)];
        let (mut a, mut b) = ([0; 13], [0; 13]);
        first.fill(&mut a);
        second.fill(&mut b);
        assert_eq!(a, b);
        assert_ne!(first.fork().number(), first.fork().number());
        assert!((0..1000).all(|_| (3..=5).contains(&first.between(3, 5))));
        assert_eq!((first.below(0), first.between(9, 9)), (0, 9));
    }
}
