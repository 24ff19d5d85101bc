//! Structures on disk: each field declared once, with its offset, and read and written by the
//! same line.
//!
//! UFS keeps every number in the byte order of the machine that made the file system.

use core::fmt;

/// The byte order of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The other order.
    pub const fn swapped(self) -> Self {
        match self {
            Self::Little => Self::Big,
            Self::Big => Self::Little,
        }
    }
}

impl fmt::Display for ByteOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Little => "little-endian",
            Self::Big => "big-endian",
        })
    }
}

/// Something of a fixed size on disk.
pub trait Field: Sized {
    /// Its size in bytes.
    const BYTES: usize;

    /// Reads it from the first [`Field::BYTES`] bytes.
    ///
    /// # Panics
    /// If there are fewer: the caller has checked the size of the whole structure.
    fn get(bytes: &[u8], order: ByteOrder) -> Self;

    /// Writes it to the first [`Field::BYTES`] bytes.
    ///
    /// # Panics
    /// If there are fewer.
    fn put(&self, bytes: &mut [u8], order: ByteOrder);
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Field for $type {
            const BYTES: usize = size_of::<$type>();

            #[inline]
            fn get(bytes: &[u8], order: ByteOrder) -> Self {
                let mut raw = [0; size_of::<$type>()];
                raw.copy_from_slice(&bytes[..size_of::<$type>()]);
                match order {
                    ByteOrder::Little => Self::from_le_bytes(raw),
                    ByteOrder::Big => Self::from_be_bytes(raw),
                }
            }

            #[inline]
            fn put(&self, bytes: &mut [u8], order: ByteOrder) {
                let raw = match order {
                    ByteOrder::Little => self.to_le_bytes(),
                    ByteOrder::Big => self.to_be_bytes(),
                };
                bytes[..size_of::<$type>()].copy_from_slice(&raw);
            }
        }
    )*};
}

integers!(u8, i8, u16, i16, u32, i32, u64, i64);

impl<T: Field, const N: usize> Field for [T; N] {
    const BYTES: usize = N * T::BYTES;

    fn get(bytes: &[u8], order: ByteOrder) -> Self {
        core::array::from_fn(|index| T::get(&bytes[index * T::BYTES..], order))
    }

    fn put(&self, bytes: &mut [u8], order: ByteOrder) {
        for (index, item) in self.iter().enumerate() {
            item.put(&mut bytes[index * T::BYTES..], order);
        }
    }
}

/// Declares a structure: its name and size, then `offset => field: type` for every byte of it.
/// That the offsets leave no gap and end at the size is checked when it is compiled.
macro_rules! record {
    (
        $(#[$attributes:meta])*
        $name:ident [$size:literal] {
            $( $(#[$field_attributes:meta])* $offset:literal => $field:ident: $type:ty, )*
        }
    ) => {
        $(#[$attributes])*
        pub struct $name {
            $( $(#[$field_attributes])* pub $field: $type, )*
        }

        const _: () = {
            let mut end = 0;
            $(
                assert!(end == $offset, concat!("gap before ", stringify!($field)));
                end += <$type as $crate::layout::Field>::BYTES;
            )*
            assert!(end == $size);
        };

        impl $crate::layout::Field for $name {
            const BYTES: usize = $size;

            fn get(bytes: &[u8], order: $crate::layout::ByteOrder) -> Self {
                Self { $( $field: <$type>::get(&bytes[$offset..], order), )* }
            }

            fn put(&self, bytes: &mut [u8], order: $crate::layout::ByteOrder) {
                $( self.$field.put(&mut bytes[$offset..], order); )*
            }
        }
    };
}

pub(super) use record;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_read_what_they_wrote() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let mut bytes = [0; 12];
            [0x0102_0304_i32, -5, 7].put(&mut bytes, order);
            assert_eq!(<[i32; 3]>::get(&bytes, order), [0x0102_0304, -5, 7]);
            assert_eq!(i32::get(&bytes[4..], order.swapped()), (-5_i32).swap_bytes());
        }
    }
}
