//! Properties of declared types: what is encoded is decoded again, what is cut short or changed
//! never panics, and only whole messages are accepted.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{option, proptest};
use xdr::{Malformed, Opaque, Reader, Writer, Xdr, xdr_enum, xdr_struct, xdr_union};

const NAME_BYTES_MAX: usize = 40;

xdr_enum! {
    /// A sparse enumeration.
    pub enum Colour {
        /// Zero.
        Red = 0,
        /// A number in between.
        Green = 7,
        /// The largest.
        Blue = 0xffff_ffff,
    }
}

xdr_struct! {
    /// Every basic type.
    pub struct Basics {
        /// Four bytes.
        pub small: u32,
        /// Four bytes with a sign.
        pub signed: i32,
        /// Eight bytes.
        pub large: u64,
        /// Eight bytes with a sign.
        pub large_signed: i64,
        /// A bit in four bytes.
        pub flag: bool,
        /// Fixed opaque with padding.
        pub odd: [u8; 5],
        /// An enumeration.
        pub colour: Colour,
    }
}

xdr_union! {
    /// A union whose arms borrow, own and hold nothing.
    pub enum Shape<'a> {
        /// Nothing follows.
        Empty(()) = 0,
        /// Borrowed bytes.
        Named(Opaque<'a, NAME_BYTES_MAX>) = 1,
        /// A structure.
        Full(Basics) = 5,
    }
}

xdr_struct! {
    /// Types within types.
    pub struct Nested<'a> {
        /// Borrowed bytes.
        pub name: Opaque<'a, NAME_BYTES_MAX>,
        /// Optional data.
        pub maybe: Option<Basics>,
        /// An array of unions.
        pub shapes: Vec<Shape<'a>>,
        /// An array of numbers.
        pub numbers: Vec<u64>,
    }
}

fn colours() -> impl Strategy<Value = Colour> {
    prop_oneof![Just(Colour::Red), Just(Colour::Green), Just(Colour::Blue)]
}

fn basics() -> impl Strategy<Value = Basics> {
    let numbers = (any::<u32>(), any::<i32>(), any::<u64>(), any::<i64>());
    (numbers, any::<bool>(), any::<[u8; 5]>(), colours()).prop_map(
        |((small, signed, large, large_signed), flag, odd, colour)| Basics {
            small,
            signed,
            large,
            large_signed,
            flag,
            odd,
            colour,
        },
    )
}

/// A value of [`Nested`] that owns its bytes.
type Owned = (Vec<u8>, Option<Basics>, Vec<OwnedShape>, Vec<u64>);

#[derive(Clone, Debug)]
enum OwnedShape {
    Empty,
    Named(Vec<u8>),
    Full(Basics),
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=NAME_BYTES_MAX)
}

fn shapes() -> impl Strategy<Value = OwnedShape> {
    prop_oneof![
        Just(OwnedShape::Empty),
        names().prop_map(OwnedShape::Named),
        basics().prop_map(OwnedShape::Full),
    ]
}

fn nested() -> impl Strategy<Value = Owned> {
    (names(), option::of(basics()), vec(shapes(), 0..5), vec(any::<u64>(), 0..5))
}

fn borrow((name, maybe, shapes, numbers): &Owned) -> Nested<'_> {
    let shapes = shapes.iter().map(|shape| match shape {
        OwnedShape::Empty => Shape::Empty(()),
        OwnedShape::Named(name) => Shape::Named(Opaque(name)),
        OwnedShape::Full(basics) => Shape::Full(basics.clone()),
    });
    Nested {
        name: Opaque(name),
        maybe: maybe.clone(),
        shapes: shapes.collect(),
        numbers: numbers.clone(),
    }
}

fn encode<'a>(value: &impl Xdr<'a>) -> Vec<u8> {
    let mut writer = Writer::default();
    value.encode(&mut writer);
    let length = writer.length_bytes();
    let bytes = writer.into_pieces().concat();
    assert_eq!(bytes.len(), length);
    bytes
}

/// Decodes one value that takes all of `bytes`.
fn decode(bytes: &[u8]) -> Result<Nested<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    let value = Nested::decode(&mut reader)?;
    if reader.rest().is_empty() { Ok(value) } else { Err(Malformed) }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(owned in nested()) {
        let value = borrow(&owned);
        let bytes = encode(&value);
        assert_eq!(bytes.len() % 4, 0, "XDR counts in fours");
        assert_eq!(decode(&bytes), Ok(value));
    }

    #[test]
    fn every_truncation_is_malformed(owned in nested()) {
        let bytes = encode(&borrow(&owned));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), Err(Malformed));
        }
    }

    #[test]
    fn changed_bytes_are_decoded_or_malformed(owned in nested(), at: usize, to: u8) {
        let mut bytes = encode(&borrow(&owned));
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(value) = decode(&bytes) {
            assert_eq!(encode(&value).len(), bytes.len(), "nothing was invented or lost");
        }
    }

    #[test]
    fn noise_never_panics(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(value) = decode(&bytes) {
            assert_eq!(encode(&value).len(), bytes.len());
        }
    }

    #[test]
    fn spliced_payload_reads_as_opaque(
        before in any::<u32>(),
        pieces in vec(vec(any::<u8>(), 0..50), 0..6),
        after in any::<u64>(),
    ) {
        let mut spliced = Writer::default();
        spliced.u32(before);
        spliced.splice(pieces.iter().cloned().map(Bytes::from));
        spliced.u64(after);
        let mut copied = Writer::default();
        copied.u32(before);
        copied.opaque(&pieces.concat());
        copied.u64(after);
        assert_eq!(spliced.length_bytes(), copied.length_bytes());
        assert_eq!(spliced.into_pieces().concat(), copied.into_pieces().concat());
    }

    #[test]
    fn appended_messages_follow_each_other(
        parts in vec((vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..50)), 1..6),
    ) {
        let (mut joined, mut expected) = (Writer::default(), Vec::new());
        for (opaque, payload) in &parts {
            let mut part = Writer::default();
            part.opaque(opaque);
            part.splice([Bytes::from(payload.clone())]);
            joined.append(part);
            let mut plain = Writer::default();
            plain.opaque(opaque);
            plain.opaque(payload);
            expected.extend(plain.into_pieces().concat());
        }
        assert_eq!(joined.into_pieces().concat(), expected);
    }
}

#[test]
fn a_length_over_the_limit_is_malformed_whatever_follows() {
    let long = [&(NAME_BYTES_MAX as u32 + 1).to_be_bytes()[..], &[0; 100]].concat();
    assert_eq!(Opaque::<NAME_BYTES_MAX>::decode(&mut Reader::new(&long)), Err(Malformed));
}

#[test]
fn an_array_takes_no_memory_for_elements_that_cannot_be_there() {
    let bytes = [u32::MAX.to_be_bytes(), [0; 4], [0; 4]].concat();
    assert_eq!(Vec::<u64>::decode(&mut Reader::new(&bytes)), Err(Malformed));
    assert_eq!(Vec::<()>::decode(&mut Reader::new(&bytes)), Err(Malformed));
}

#[test]
fn numbers_nobody_defined_are_malformed() {
    for number in [1, 6, 0xffff_fffe_u32] {
        let bytes = number.to_be_bytes();
        assert_eq!(Colour::decode(&mut Reader::new(&bytes)), Err(Malformed));
        assert_eq!(bool::decode(&mut Reader::new(&[0, 0, 0, 2])), Err(Malformed));
    }
    assert_eq!(Shape::decode(&mut Reader::new(&[0, 0, 0, 2, 0, 0, 0, 0])), Err(Malformed));
}

#[test]
fn the_largest_lengths_overflow_nothing() {
    for length in [u32::MAX, u32::MAX - 3, 1 << 31] {
        let bytes = [length.to_be_bytes(), [0; 4]].concat();
        assert_eq!(Reader::new(&bytes).opaque(usize::MAX), Err(Malformed));
    }
    assert_eq!(Reader::new(&[0; 8]).fixed(usize::MAX), Err(Malformed));
}
