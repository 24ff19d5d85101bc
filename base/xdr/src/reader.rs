//! Reading: a cursor over one record.

use core::fmt;

/// The bytes are not what the type promised: too few of them, a length over its limit, a
/// discriminant nobody defined, or padding that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("malformed XDR")
    }
}

impl core::error::Error for Malformed {}

/// A cursor over bytes that are borrowed for `'a`.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*head))
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(u64::from_be_bytes(*head))
    }

    /// The next `length` bytes, and the padding behind them to a multiple of four.
    pub fn fixed(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let padded = length.checked_next_multiple_of(4).ok_or(Malformed)?;
        let (head, rest) = self.rest.split_at_checked(padded).ok_or(Malformed)?;
        self.rest = rest;
        Ok(&head[..length])
    }

    /// Variable-length opaque data or a string of at most `length_max` bytes.
    pub fn opaque(&mut self, length_max: usize) -> Result<&'a [u8], Malformed> {
        let length = self.u32()? as usize;
        if length > length_max {
            return Err(Malformed);
        }
        self.fixed(length)
    }
}
