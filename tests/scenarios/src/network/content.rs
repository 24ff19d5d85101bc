//! What is said: bytes that differ wherever one looks, so that none can stand in another's place.

use bytes::Bytes;
use hyper::Random;
use sim::Luck;
use std::sync::LazyLock;

/// A prime: no multiple of it is a power of two, so wrong lengths and places of any usual kind show.
const PATTERN_BYTES: u64 = 1_048_573;

static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    let mut bytes = vec![0; PATTERN_BYTES as usize];
    Luck::new(4).fill(&mut bytes);
    bytes.into()
});

/// All that one side of a conversation may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content(u64);

impl Content {
    /// Of side 0 or 1 of a conversation.
    pub fn of(conversation: usize, side: usize) -> Self {
        Self((conversation as u64 * 2 + side as u64).wrapping_mul(77_777) % PATTERN_BYTES)
    }

    /// A piece of it, shared with all others.
    pub fn pieces(self, start: u64, bytes: u64) -> Vec<Bytes> {
        let (mut at, end) = (start, start + bytes);
        let mut pieces = Vec::new();
        while at < end {
            let from = (self.0 + at) % PATTERN_BYTES;
            let count = (end - at).min(PATTERN_BYTES - from);
            pieces.push(PATTERN.slice(from as usize..(from + count) as usize));
            at += count;
        }
        pieces
    }

    /// Whether these bytes stand there in it.
    pub fn holds(self, start: u64, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        self.pieces(start, bytes.len() as u64).iter().all(|piece| {
            let (first, others) = rest.split_at(piece.len());
            rest = others;
            first == piece
        })
    }
}
