//! Numbers that others cannot foresee, from a secret that the host gave once.
//!
//! A keyed hash of a counter: plain data, so that it can be carried elsewhere, and one seed gives
//! one world.

use core::hash::Hasher;
use core::time::Duration;
use siphasher::sip::SipHasher13;

/// Where luck comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Luck {
    secret: [u8; 16],
    drawn: u64,
}

impl Luck {
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        Self { secret, drawn: 0 }
    }

    /// The next number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        self.hash(&[b"luck", &self.drawn.to_le_bytes()])
    }

    /// A secret of its own for a part that needs one.
    pub(crate) fn draw_secret(&mut self) -> [u8; 16] {
        let halves = u128::from(self.draw()) << 64 | u128::from(self.draw());
        halves.to_le_bytes()
    }

    /// From nothing up to, but not quite, `most`.
    pub(crate) fn draw_below(&mut self, most: Duration) -> Duration {
        let nanoseconds = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
        Duration::from_nanos(self.draw() % nanoseconds)
    }

    /// The same number for the same pieces, whenever it is asked for.
    pub(crate) fn hash(&self, pieces: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        for piece in pieces {
            hasher.write_usize(piece.len());
            hasher.write(piece);
        }
        hasher.finish()
    }
}
