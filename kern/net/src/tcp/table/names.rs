//! Names of streams: they count up, are never used again, and lead to a place at once.

use crate::tcp::limits::CONNECTIONS_MAX;

const KEY_BITS: u32 = 20;

const _: () = assert!(CONNECTIONS_MAX <= 1 << KEY_BITS);

/// The names that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    given: u64,
}

impl Names {
    /// A new name for what has this key.
    pub fn next(&mut self, key: u32) -> u64 {
        self.given += 1;
        self.given << KEY_BITS | u64::from(key)
    }

    /// The key that is in a name.
    pub fn key(name: u64) -> u32 {
        (name & ((1 << KEY_BITS) - 1)) as u32
    }
}
