//! Writing: bytes of our own, with shared payloads spliced in between.

use alloc::vec::Vec;
use bytes::Bytes;

const PADDING: [u8; 3] = [0; 3];

/// Collects one message. Small items are copied to its own buffer; payloads given to
/// [`Writer::splice`] stay where they are and are shared.
#[derive(Debug, Default)]
pub struct Writer {
    own: Vec<u8>,
    /// Payloads and where in `own` each stands, in order.
    splices: Vec<(usize, Bytes)>,
    spliced_bytes: usize,
}

impl Writer {
    /// An empty message with room for `capacity_bytes` of small items.
    pub fn with_capacity(capacity_bytes: usize) -> Self {
        Self { own: Vec::with_capacity(capacity_bytes), ..Self::default() }
    }

    /// Length of the message so far.
    pub fn length_bytes(&self) -> usize {
        self.own.len() + self.spliced_bytes
    }

    /// Appends a number of four bytes.
    pub fn u32(&mut self, value: u32) {
        self.own.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends a number of eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.own.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends bytes and padding to a multiple of four, without their length.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.own.extend_from_slice(bytes);
        self.pad(bytes.len());
    }

    /// Appends bytes with their length before them and padding behind.
    pub fn opaque(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.fixed(bytes);
    }

    /// Appends shared pieces as one opaque: their total length before them, padding behind, and
    /// no copy of any of them.
    pub fn splice(&mut self, pieces: impl IntoIterator<Item = Bytes>) {
        let at = self.own.len();
        self.u32(0);
        let before = self.spliced_bytes;
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            self.spliced_bytes += piece.len();
            self.splices.push((self.own.len(), piece));
        }
        let length = self.spliced_bytes - before;
        self.own[at..at + 4].copy_from_slice(&(length as u32).to_be_bytes());
        self.pad(length);
    }

    /// Appends another message.
    pub fn append(&mut self, other: Self) {
        let base = self.own.len();
        self.own.extend_from_slice(&other.own);
        self.splices.extend(other.splices.into_iter().map(|(at, piece)| (base + at, piece)));
        self.spliced_bytes += other.spliced_bytes;
    }

    /// Overwrites the number of four bytes at `at`, which must lie in the writer's own bytes
    /// before the first splice.
    pub fn set_u32(&mut self, at: usize, value: u32) {
        debug_assert!(self.splices.first().is_none_or(|&(first, _)| at + 4 <= first));
        self.own[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// Forgets all that was written after the message was `length_bytes` long. There must have
    /// been no splice by then or since.
    pub fn truncate(&mut self, length_bytes: usize) {
        debug_assert!(self.splices.is_empty());
        self.own.truncate(length_bytes);
    }

    /// The message as the pieces to send, in order.
    pub fn into_pieces(self) -> Vec<Bytes> {
        let own = Bytes::from(self.own);
        let mut pieces = Vec::with_capacity(self.splices.len() * 2 + 1);
        let mut from = 0;
        for (at, piece) in self.splices {
            if from < at {
                pieces.push(own.slice(from..at));
            }
            pieces.push(piece);
            from = at;
        }
        if from < own.len() {
            pieces.push(own.slice(from..));
        }
        pieces
    }

    fn pad(&mut self, length: usize) {
        self.own.extend_from_slice(&PADDING[..length.wrapping_neg() % 4]);
    }
}
