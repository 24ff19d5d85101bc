//! Some connections, drawn by lot: nobody can foresee which, so nobody can hide among the others.

use super::Table;
use super::numbers::{Pair, Purpose};
use crate::tcp::limits::{CONNECTIONS_MAX, SAMPLE};
use abi::Instant;

/// Keys that one number is good for.
const KEYS_PER_NUMBER: usize = (u64::BITS / KEY_BITS) as usize;

const KEY_BITS: u32 = 16;

const _: () = assert!(CONNECTIONS_MAX <= 1 << KEY_BITS && SAMPLE.is_multiple_of(KEYS_PER_NUMBER));

impl<C> Table<C> {
    /// The names and the ends of [`SAMPLE`] connections of a full table, for who wants a place in it.
    /// One may be among them twice.
    pub fn sample(&self, newcomer: &Pair, now: Instant) -> impl Iterator<Item = (u64, &Pair, &C)> {
        let draw = |number: usize| {
            let word = now.0.wrapping_add(number as u64);
            self.numbers.hash(Purpose::Sample, newcomer, word)
        };
        let numbers: [u64; SAMPLE / KEYS_PER_NUMBER] = core::array::from_fn(draw);
        let keys = (0..SAMPLE).map(move |at| {
            let bits = numbers[at / KEYS_PER_NUMBER] >> (at % KEYS_PER_NUMBER * KEY_BITS as usize);
            bits as usize % CONNECTIONS_MAX
        });
        keys.filter_map(|key| {
            let entry = self.connections.get(key)?;
            Some((entry.stream, &entry.pair, &*entry.connection))
        })
    }
}
