//! Sets of sectors of one page.
//!
//! A page may hold fragments of several owners, so what is dirty is said in sectors: the smallest
//! piece that a disk writes whole or not at all.

use core::ops::{BitOr, BitOrAssign, Range};

/// Bytes of a sector.
pub const SECTOR_BYTES: usize = 512;

/// Most bytes of a page: FFS has no larger blocks.
pub(crate) const PAGE_BYTES_MAX: usize = 64 << 10;

/// Most sectors of a page.
const SECTORS_MAX: usize = PAGE_BYTES_MAX / SECTOR_BYTES;

const _: () = assert!(SECTORS_MAX == u128::BITS as usize);

/// A set of sectors of one page: a bit each (a page has at most 64 KiB).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sectors(u128);

impl Sectors {
    /// No sector.
    pub const NONE: Self = Self(0);

    /// The sectors that a range of bytes of a page touches.
    pub fn of(range: Range<usize>) -> Self {
        if range.is_empty() {
            return Self::NONE;
        }
        let end = below(range.end.div_ceil(SECTOR_BYTES));
        Self(end & !below(range.start / SECTOR_BYTES))
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Those in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in this set only.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Maximal runs, as byte ranges of the page, ascending.
    pub fn runs(self) -> impl Iterator<Item = Range<usize>> {
        let mut rest = self;
        core::iter::from_fn(move || {
            let first = (!rest.is_empty()).then(|| rest.0.trailing_zeros())?;
            let count = (rest.0 >> first).trailing_ones();
            let run = first as usize * SECTOR_BYTES..(first + count) as usize * SECTOR_BYTES;
            rest = rest.without(Self::of(run.clone()));
            Some(run)
        })
    }
}

/// The sectors before `end`.
fn below(end: usize) -> u128 {
    if end < SECTORS_MAX { (1 << end) - 1 } else { u128::MAX }
}

impl BitOr for Sectors {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for Sectors {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_range_touches_the_sectors_it_begins_and_ends_in() {
        let counts = [0..0, 700..700, 0..1, 0..512, 511..513, 100..1024, 0..65536]
            .map(|range| Sectors::of(range).count());
        assert_eq!(counts, [0, 0, 1, 1, 2, 2, 128]);
        assert_eq!(Sectors::of(65_535..100_000).runs().next(), Some(65_024..65_536));
    }

    #[test]
    fn runs_are_maximal_and_ascend() {
        let set = Sectors::of(0..1) | Sectors::of(1024..2048) | Sectors::of(2048..2049);
        assert_eq!(set.runs().collect::<Vec<_>>(), [0..512, 1024..2560]);
        let all: Vec<_> = Sectors::of(0..65536).runs().collect();
        assert_eq!((all.len(), all[0].clone()), (1, 0..65536));
        assert_eq!(Sectors::NONE.runs().next(), None);
    }

    #[test]
    fn sets_are_joined_and_divided() {
        let (low, high) = (Sectors::of(0..1024), Sectors::of(512..1536));
        assert_eq!(low | high, Sectors::of(0..1536));
        assert_eq!(low.without(high), Sectors::of(0..512));
        assert_eq!(low.intersection(high), Sectors::of(512..1024));
    }
}
