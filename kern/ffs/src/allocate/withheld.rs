//! Fragments that are free in the bitmaps but not to be given out yet: the transaction that freed
//! them is not durable, and a crash would bring their old owner back.

use crate::layout::FragNo;
use crate::writer::Extent;
use alloc::collections::BTreeMap;

/// Withheld fragments, by their first one.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    extents: BTreeMap<FragNo, u32>,
}

impl Withheld {
    /// Nobody may have these.
    pub(crate) fn add(&mut self, extent: Extent) {
        self.extents.insert(extent.at, extent.frags);
    }

    /// The transaction that freed these is durable.
    pub(crate) fn give_back(&mut self, extent: Extent) {
        self.extents.remove(&extent.at);
    }

    /// Whether anything is withheld.
    pub(crate) fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }
}
