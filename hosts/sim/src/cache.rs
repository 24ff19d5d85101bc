//! The volatile cache of a disk: what a power cut may take away.
//!
//! ```text
//!  submitted ──► under way ──► completed ──► durable
//!                    │             │   a flush submitted after the completion has completed
//!                    └──────┬──────┘
//!             at a cut: there, gone or torn, each by itself
//! ```
//! A disk promises no order among writes that no flush has covered, so any of them may have reached
//! the medium, whole or in part; a sector is the least that is written or not.

use crate::{Image, Luck};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// What a disk writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// Which of the writes that no flush has covered are on the medium after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Survivors {
    /// None.
    None,
    /// All.
    All,
    /// All but the one submitted last.
    AllButLast,
    /// One, chosen by luck.
    One,
    /// Those that completed first, up to a place chosen by luck.
    Prefix,
    /// Any, each whole, gone or torn by luck.
    Any,
}

impl Survivors {
    /// Every policy.
    pub const ALL: [Self; 6] =
        [Self::None, Self::All, Self::AllButLast, Self::One, Self::Prefix, Self::Any];
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) offset_bytes: u64,
    pub(crate) data: Bytes,
}

impl Write {
    pub(crate) fn apply(&self, image: &mut Image) {
        image.write_at(self.offset_bytes, &self.data);
    }

    /// Applies some of its sectors, each or not by luck.
    fn tear(&self, image: &mut Image, luck: &Luck) {
        let mut at = self.offset_bytes as usize;
        let mut rest = &self.data[..];
        while !rest.is_empty() {
            let count = (SECTOR_BYTES - at % SECTOR_BYTES).min(rest.len());
            if luck.one_in(2) {
                image.write_at(at as u64, &rest[..count]);
            }
            (at, rest) = (at + count, &rest[count..]);
        }
    }
}

/// A medium and the cache above it.
#[derive(Clone, Debug)]
pub(crate) struct WriteCache {
    durable: Image,
    /// Writes that completed, in that order, without a flush since.
    completed: VecDeque<(u64, Write)>,
    /// Writes that have not, by number.
    under_way: BTreeMap<u64, Write>,
    /// How many have completed, ever.
    completions: u64,
}

impl WriteCache {
    pub(crate) fn new(durable: Image) -> Self {
        let (completed, under_way) = (VecDeque::new(), BTreeMap::new());
        Self { durable, completed, under_way, completions: 0 }
    }

    pub(crate) fn submit(&mut self, number: u64, write: Write) {
        self.under_way.insert(number, write);
    }

    pub(crate) fn complete(&mut self, number: u64) {
        if let Some(write) = self.under_way.remove(&number) {
            self.completed.push_back((number, write));
            self.completions += 1;
        }
    }

    /// A write that failed and left nothing behind.
    pub(crate) fn fail(&mut self, number: u64) {
        self.under_way.remove(&number);
    }

    /// How many writes a flush covers that is submitted now.
    pub(crate) fn completions(&self) -> u64 {
        self.completions
    }

    /// A flush has ended that was submitted when so many writes had completed.
    pub(crate) fn flush(&mut self, covered: u64) {
        while self.completions - (self.completed.len() as u64) < covered {
            let Some((_, write)) = self.completed.pop_front() else { return };
            write.apply(&mut self.durable);
        }
    }

    /// How many writes a cut may take.
    pub(crate) fn at_risk(&self) -> usize {
        self.completed.len() + self.under_way.len()
    }

    /// What a power cut leaves.
    pub(crate) fn cut(&self, survivors: Survivors, luck: &Luck) -> Image {
        let mut image = self.durable.clone();
        let writes = self.in_some_order(luck);
        let chosen = luck.index(writes.len() + usize::from(survivors == Survivors::Prefix));
        let last = writes.iter().map(|(number, _)| *number).max();
        for (index, (number, write)) in writes.into_iter().enumerate() {
            let stays = match survivors {
                Survivors::None => false,
                Survivors::All => true,
                Survivors::AllButLast => Some(number) != last,
                Survivors::One => index == chosen,
                Survivors::Prefix => index < chosen,
                Survivors::Any => luck.one_in(3),
            };
            if stays {
                write.apply(&mut image);
            } else if survivors == Survivors::Any && luck.one_in(2) {
                write.tear(&mut image, luck);
            }
        }
        image
    }

    /// Those that completed, in that order, and then the others in any.
    fn in_some_order(&self, luck: &Luck) -> Vec<(u64, &Write)> {
        let completed = self.completed.iter().map(|(number, write)| (*number, write));
        let mut under_way: Vec<_> = self.under_way.iter().map(|(&at, write)| (at, write)).collect();
        for index in (1..under_way.len()).rev() {
            under_way.swap(index, luck.index(index + 1));
        }
        completed.chain(under_way).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(sector: usize, byte: u8, sectors: usize) -> Write {
        let data = Bytes::from(vec![byte; sectors * SECTOR_BYTES]);
        Write { offset_bytes: (sector * SECTOR_BYTES) as u64, data }
    }

    /// The first byte of each sector.
    fn sectors(image: &Image) -> Vec<u8> {
        image.to_vec().into_iter().step_by(SECTOR_BYTES).collect()
    }

    /// A cache whose first write is durable, whose second and third completed, and whose fourth
    /// is under way.
    fn cache() -> WriteCache {
        let mut cache = WriteCache::new(Image::zeroed(4096));
        cache.submit(0, write(0, 1, 1));
        cache.submit(1, write(1, 2, 1));
        cache.complete(0);
        let covered = cache.completions();
        cache.complete(1);
        cache.submit(2, write(2, 3, 2));
        cache.complete(2);
        cache.flush(covered);
        cache.submit(3, write(4, 4, 4));
        cache
    }

    #[test]
    fn a_flush_covers_what_had_completed_before_it_was_submitted() {
        let (cache, luck) = (cache(), Luck::new(1));
        assert_eq!(cache.at_risk(), 3);
        assert_eq!(sectors(&cache.cut(Survivors::None, &luck)), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(sectors(&cache.cut(Survivors::All, &luck)), [1, 2, 3, 3, 4, 4, 4, 4]);
        assert_eq!(sectors(&cache.cut(Survivors::AllButLast, &luck)), [1, 2, 3, 3, 0, 0, 0, 0]);
    }

    #[test]
    fn every_combination_comes_up() {
        let (cache, luck) = (cache(), Luck::new(1));
        let count = |survivors| {
            let cuts = (0..30_000).map(|_| sectors(&cache.cut(survivors, &luck)));
            cuts.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(count(Survivors::One), 3);
        assert_eq!(count(Survivors::Prefix), 4);
        assert_eq!(count(Survivors::Any), 2 * 4 * 16);
    }

    #[test]
    fn a_later_write_of_a_sector_wins_if_both_survive() {
        let mut cache = cache();
        cache.submit(9, write(1, 9, 1));
        cache.complete(9);
        assert_eq!(sectors(&cache.cut(Survivors::All, &Luck::new(1)))[1], 9);
        cache.flush(2);
        assert_eq!(sectors(&cache.cut(Survivors::None, &Luck::new(1)))[1], 2);
        cache.fail(3);
        assert_eq!(cache.at_risk(), 2);
    }
}
