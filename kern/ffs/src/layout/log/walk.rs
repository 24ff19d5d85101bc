//! From the tail to the head, record by record.
//!
//! Whoever walks reads the disk: [`Walk::at`] says which block comes next, [`Walk::step`] is
//! given it.

use super::{Circle, Header, Record};
use crate::layout::{ByteOrder, FieldFault};
use alloc::format;

/// A walk over the records that a header says are there.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    order: ByteOrder,
    circle: Circle,
    at: u64,
    left_bytes: u64,
}

/// One record met on a walk.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Where it begins, from the beginning of the log.
    pub at: u64,
    /// What it says.
    pub record: Record<'a>,
    /// Where the contents of its extents begin, if it has any.
    pub data_at: u64,
    /// Where the next record begins.
    pub next_at: u64,
}

impl Walk {
    /// Begins at the tail.
    pub const fn new(header: &Header) -> Self {
        let (order, circle) = (header.order, header.circle);
        Self { order, circle, at: header.tail, left_bytes: header.used_bytes }
    }

    /// Where the next record begins, from the beginning of the log; `None` at the head.
    pub const fn at(&self) -> Option<u64> {
        if self.left_bytes == 0 { None } else { Some(self.at) }
    }

    /// Steps over the record that begins with `block`, the block at [`Walk::at`].
    ///
    /// # Errors
    /// The first field of it that cannot be right; the walk is over then.
    pub fn step<'a>(&mut self, block: &'a [u8]) -> Result<Step<'a>, FieldFault> {
        let (record, length_bytes) = Record::parse(block, self.order)?;
        let left_bytes = core::mem::take(&mut self.left_bytes);
        if length_bytes > left_bytes {
            let expected = format!("up to {left_bytes}, where the head is");
            let value = length_bytes as i64;
            return Err(FieldFault { field: "wc_len", offset_bytes: 4, value, expected });
        }
        let at = self.at;
        self.at = self.circle.advance(at, length_bytes);
        self.left_bytes = left_bytes - length_bytes;
        let data_at = self.circle.advance(at, block.len() as u64);
        Ok(Step { at, record, data_at, next_at: self.at })
    }
}
