//! Sequence numbers: 32 bits that go round (RFC 9293 §3.4).
//!
//! Two numbers have an order as long as they are less than half of the circle apart, as all that one
//! connection compares are: windows are smaller than 2³⁰ (RFC 7323 §2.3).

use core::ops::{Add, AddAssign, Sub};

/// The place of a byte in a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNo(pub u32);

impl SeqNo {
    /// Whether it comes before `other`.
    pub const fn is_before(self, other: Self) -> bool {
        self.signed_distance(other) > 0
    }

    /// Whether it comes before `other`, or is the same.
    pub const fn is_at_most(self, other: Self) -> bool {
        self.signed_distance(other) >= 0
    }

    /// Bytes from here to `end`; none if that is behind.
    pub const fn bytes_to(self, end: Self) -> u32 {
        let distance = self.signed_distance(end);
        if distance > 0 { distance.cast_unsigned() } else { 0 }
    }

    /// The later of two.
    pub const fn max(self, other: Self) -> Self {
        if self.is_before(other) { other } else { self }
    }

    /// The earlier of two.
    pub const fn min(self, other: Self) -> Self {
        if self.is_before(other) { self } else { other }
    }

    const fn signed_distance(self, end: Self) -> i32 {
        end.0.wrapping_sub(self.0).cast_signed()
    }
}

impl Add<u32> for SeqNo {
    type Output = Self;

    fn add(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

impl AddAssign<u32> for SeqNo {
    fn add_assign(&mut self, bytes: u32) {
        *self = *self + bytes;
    }
}

impl Sub<u32> for SeqNo {
    type Output = Self;

    fn sub(self, bytes: u32) -> Self {
        Self(self.0.wrapping_sub(bytes))
    }
}

/// Bytes in a row: from `start` on, up to but without `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqRange {
    /// The first.
    pub start: SeqNo,
    /// Behind the last.
    pub end: SeqNo,
}

impl SeqRange {
    /// So many bytes from `start` on.
    pub fn new(start: SeqNo, bytes: u32) -> Self {
        Self { start, end: start + bytes }
    }

    /// How many there are.
    pub const fn bytes(self) -> u32 {
        self.start.bytes_to(self.end)
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        !self.start.is_before(self.end)
    }

    /// Whether a byte is one of them.
    pub const fn contains(self, at: SeqNo) -> bool {
        self.start.is_at_most(at) && at.is_before(self.end)
    }

    /// Whether all of `other` is in it.
    pub const fn covers(self, other: Self) -> bool {
        self.start.is_at_most(other.start) && other.end.is_at_most(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn order_holds_wherever_the_circle_begins(at in any::<u32>(), near in 1..1_u32 << 31) {
            let (first, second) = (SeqNo(at), SeqNo(at) + near);
            assert!(first.is_before(second) && first.is_at_most(second) && first.is_at_most(first));
            assert!(!second.is_before(first) && !second.is_at_most(first));
            assert!(!first.is_before(first));
            assert_eq!((first.bytes_to(second), second.bytes_to(first)), (near, 0));
            assert_eq!((first.max(second), first.min(second)), (second, first));
            assert_eq!(second - near, first);
        }

        #[test]
        fn a_range_contains_what_lies_in_it(at in any::<u32>(), bytes in 1..1_u32 << 30) {
            let range = SeqRange::new(SeqNo(at), bytes);
            assert!(range.contains(SeqNo(at)) && range.contains(SeqNo(at) + (bytes - 1)));
            assert!(!range.contains(SeqNo(at) + bytes) && !range.contains(SeqNo(at) - 1));
            assert_eq!((range.bytes(), range.is_empty()), (bytes, false));
            assert!(range.covers(range) && !range.covers(SeqRange::new(SeqNo(at), bytes + 1)));
            assert!(range.covers(SeqRange::new(SeqNo(at) + bytes, 0)));
        }
    }
}
