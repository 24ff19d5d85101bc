//! Declaring types once, for both directions.

/// Declares a structure: its fields, in order.
///
/// ```text
/// xdr_struct! {
///     /// Where to look for what (RFC 1813 §2.5).
///     pub struct Where<'a> { pub directory: Handle<'a>, pub name: Opaque<'a, 255> }
/// }
/// ```
#[macro_export]
macro_rules! xdr_struct {
    ($(#[$meta:meta])* pub struct $name:ident $(<$life:lifetime>)? {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name $(<$life>)? { $($(#[$field_meta])* pub $field: $type),* }

        $crate::xdr_struct!(@impl $name $($life)?, $($field: $type),*);
    };
    (@impl $name:ident, $($field:ident: $type:ty),*) => {
        impl $crate::Xdr<'_> for $name {
            fn decode(reader: &mut $crate::Reader<'_>) -> Result<Self, $crate::Malformed> {
                Ok(Self { $($field: $crate::Xdr::decode(reader)?),* })
            }
            fn encode(&self, writer: &mut $crate::Writer) {
                $($crate::Xdr::encode(&self.$field, writer);)*
            }
        }
    };
    (@impl $name:ident $life:lifetime, $($field:ident: $type:ty),*) => {
        impl<$life> $crate::Xdr<$life> for $name<$life> {
            fn decode(reader: &mut $crate::Reader<$life>) -> Result<Self, $crate::Malformed> {
                Ok(Self { $($field: $crate::Xdr::decode(reader)?),* })
            }
            fn encode(&self, writer: &mut $crate::Writer) {
                $($crate::Xdr::encode(&self.$field, writer);)*
            }
        }
    };
}

/// Declares an enumeration: its names and their numbers. Other numbers are malformed.
#[macro_export]
macro_rules! xdr_enum {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $number:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name { $($(#[$variant_meta])* $variant = $number),* }

        impl $crate::Xdr<'_> for $name {
            fn decode(reader: &mut $crate::Reader<'_>) -> Result<Self, $crate::Malformed> {
                match reader.u32()? {
                    $($number => Ok(Self::$variant),)*
                    _ => Err($crate::Malformed),
                }
            }
            fn encode(&self, writer: &mut $crate::Writer) {
                writer.u32(*self as u32);
            }
        }
    };
}

/// Declares a union: each arm's number and what follows it, `()` for nothing. A number without
/// an arm is malformed.
///
/// ```text
/// xdr_union! {
///     /// How to make a file (RFC 1813 §3.3.8).
///     pub enum CreateHow { Unchecked(SetAttributes3) = 0, Exclusive([u8; 8]) = 2 }
/// }
/// ```
#[macro_export]
macro_rules! xdr_union {
    ($(#[$meta:meta])* pub enum $name:ident $(<$life:lifetime>)? {
        $($(#[$variant_meta:meta])* $variant:ident($type:ty) = $number:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name $(<$life>)? { $($(#[$variant_meta])* $variant($type)),* }

        $crate::xdr_union!(@impl $name $($life)?, $($variant = $number),*);
    };
    (@impl $name:ident, $($variant:ident = $number:literal),*) => {
        impl $crate::Xdr<'_> for $name {
            fn decode(reader: &mut $crate::Reader<'_>) -> Result<Self, $crate::Malformed> {
                match reader.u32()? {
                    $($number => $crate::Xdr::decode(reader).map(Self::$variant),)*
                    _ => Err($crate::Malformed),
                }
            }
            fn encode(&self, writer: &mut $crate::Writer) {
                match self {
                    $(Self::$variant(value) => {
                        writer.u32($number);
                        $crate::Xdr::encode(value, writer);
                    })*
                }
            }
        }
    };
    (@impl $name:ident $life:lifetime, $($variant:ident = $number:literal),*) => {
        impl<$life> $crate::Xdr<$life> for $name<$life> {
            fn decode(reader: &mut $crate::Reader<$life>) -> Result<Self, $crate::Malformed> {
                match reader.u32()? {
                    $($number => $crate::Xdr::decode(reader).map(Self::$variant),)*
                    _ => Err($crate::Malformed),
                }
            }
            fn encode(&self, writer: &mut $crate::Writer) {
                match self {
                    $(Self::$variant(value) => {
                        writer.u32($number);
                        $crate::Xdr::encode(value, writer);
                    })*
                }
            }
        }
    };
}
