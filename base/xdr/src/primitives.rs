//! The basic types, and the trait that declared types derive.

use crate::{Malformed, Reader, Writer};
use alloc::vec::Vec;

/// A type with one XDR form. `'a` is the record it borrows from.
pub trait Xdr<'a>: Sized {
    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are not one.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed>;

    /// Appends it.
    fn encode(&self, writer: &mut Writer);
}

/// Variable-length opaque data or a string of at most `MAX` bytes, borrowed from the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opaque<'a, const MAX: usize>(pub &'a [u8]);

impl<'a, const MAX: usize> Xdr<'a> for Opaque<'a, MAX> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        reader.opaque(MAX).map(Self)
    }

    fn encode(&self, writer: &mut Writer) {
        debug_assert!(self.0.len() <= MAX);
        writer.opaque(self.0);
    }
}

impl Xdr<'_> for u32 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u32()
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u32(*self);
    }
}

impl Xdr<'_> for i32 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u32().map(u32::cast_signed)
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u32(self.cast_unsigned());
    }
}

impl Xdr<'_> for u64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u64()
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u64(*self);
    }
}

impl Xdr<'_> for i64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u64().map(u64::cast_signed)
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u64(self.cast_unsigned());
    }
}

impl Xdr<'_> for bool {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.u32()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u32(u32::from(*self));
    }
}

impl<'a> Xdr<'a> for () {
    fn decode(_: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(())
    }

    fn encode(&self, _: &mut Writer) {}
}

/// Fixed-length opaque data.
impl<const LENGTH: usize> Xdr<'_> for [u8; LENGTH] {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.fixed(LENGTH)?.try_into().map_err(|_| Malformed)
    }

    fn encode(&self, writer: &mut Writer) {
        writer.fixed(self);
    }
}

/// Optional data (RFC 4506 §4.19).
impl<'a, T: Xdr<'a>> Xdr<'a> for Option<T> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        bool::decode(reader)?.then(|| T::decode(reader)).transpose()
    }

    fn encode(&self, writer: &mut Writer) {
        self.is_some().encode(writer);
        if let Some(value) = self {
            value.encode(writer);
        }
    }
}

/// A variable-length array. Every element takes at least four bytes, so the record itself bounds
/// what is allocated.
impl<'a, T: Xdr<'a>> Xdr<'a> for Vec<T> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let count = reader.u32()? as usize;
        if count > reader.rest().len() / 4 {
            return Err(Malformed);
        }
        (0..count).map(|_| T::decode(reader)).collect()
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u32(self.len() as u32);
        for element in self {
            element.encode(writer);
        }
    }
}
