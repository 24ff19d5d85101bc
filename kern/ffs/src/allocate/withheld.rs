//! Fragments that are free in the bitmaps but not to be given out yet: the transaction that freed
//! them is not durable, and a crash would bring their old owner back.
//!
//! They are kept as words of each group's map, and only those words that are not zero: a group
//! costs nothing before something in it is freed, and never more than twice its own map.

use crate::layout::{CylGroup, Geometry};
use crate::writer::Extent;
use alloc::collections::BTreeMap;

/// Bits of a word.
const WORD_BITS: u32 = u64::BITS;

/// Withheld fragments of all groups.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    groups: BTreeMap<CylGroup, GroupWithheld>,
}

/// Withheld fragments of one group.
#[derive(Debug, Default)]
pub(super) struct GroupWithheld {
    words: BTreeMap<u32, u64>,
    frags: u32,
}

impl Withheld {
    /// Nobody may have these.
    pub(crate) fn add(&mut self, geometry: &Geometry, extent: Extent) {
        let (group, first) = geometry.place_in_group(extent.at);
        self.groups.entry(group).or_default().add(first, extent.frags);
    }

    /// The transaction that freed these is durable.
    pub(crate) fn give_back(&mut self, geometry: &Geometry, extent: Extent) {
        let (group, first) = geometry.place_in_group(extent.at);
        let Some(withheld) = self.groups.get_mut(&group) else { return };
        withheld.remove(first, extent.frags);
        if withheld.frags == 0 {
            self.groups.remove(&group);
        }
    }

    /// Whether anything is withheld.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How much is withheld in a group, in fragments.
    pub(super) fn frags_in(&self, group: CylGroup) -> u32 {
        self.groups.get(&group).map_or(0, |withheld| withheld.frags)
    }

    /// Takes what is withheld in a group out of `map`, its map of free fragments.
    pub(super) fn take_from(&self, group: CylGroup, map: &mut [u8]) {
        let Some(withheld) = self.groups.get(&group) else { return };
        for (&index, word) in &withheld.words {
            let start = (index * WORD_BITS / 8) as usize;
            let bytes = map.get_mut(start..).unwrap_or_default();
            for (byte, mask) in bytes.iter_mut().zip(word.to_le_bytes()) {
                *byte &= !mask;
            }
        }
    }
}

impl GroupWithheld {
    fn add(&mut self, first: u32, frags: u32) {
        let word = self.words.entry(first / WORD_BITS).or_default();
        let added = mask(first, frags) & !*word;
        *word |= added;
        self.frags += added.count_ones();
    }

    fn remove(&mut self, first: u32, frags: u32) {
        let index = first / WORD_BITS;
        let Some(word) = self.words.get_mut(&index) else { return };
        let removed = mask(first, frags) & *word;
        *word &= !removed;
        self.frags -= removed.count_ones();
        if *word == 0 {
            self.words.remove(&index);
        }
    }
}

/// The bits of an extent in its word: it lies in one block, so in one word.
fn mask(first: u32, frags: u32) -> u64 {
    ((1 << frags) - 1) << (first % WORD_BITS)
}
