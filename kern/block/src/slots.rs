//! The pages in memory, and the clock's hand that sweeps over them.

use alloc::vec::Vec;
use bytes::Bytes;
use hashbrown::HashMap;

struct Slot {
    page: u64,
    bytes: Bytes,
    /// Hit since the hand last passed.
    used: bool,
}

/// A bounded set of pages.
#[derive(Default)]
pub(crate) struct Slots {
    index: HashMap<u64, usize>,
    slots: Vec<Slot>,
    hand: usize,
    bytes: u64,
}

impl Slots {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The page, marked as used.
    pub(crate) fn get(&mut self, page: u64) -> Option<Bytes> {
        let slot = &mut self.slots[*self.index.get(&page)?];
        slot.used = true;
        Some(slot.bytes.clone())
    }

    /// Adds a page that is not there, after evicting others until it fits into `budget_bytes`
    /// or is alone.
    pub(crate) fn insert(&mut self, page: u64, bytes: Bytes, budget_bytes: u64) {
        let length = bytes.len() as u64;
        while self.bytes + length > budget_bytes && !self.slots.is_empty() {
            self.sweep();
        }
        self.bytes += length;
        self.index.insert(page, self.slots.len());
        self.slots.push(Slot { page, bytes, used: false });
    }

    /// Moves the hand by one page: unmarks it, or evicts it.
    fn sweep(&mut self) {
        self.hand %= self.slots.len();
        let slot = &mut self.slots[self.hand];
        if slot.used {
            slot.used = false;
            self.hand += 1;
        } else {
            self.evict(self.hand);
        }
    }

    fn evict(&mut self, at: usize) {
        let slot = self.slots.swap_remove(at);
        self.bytes -= slot.bytes.len() as u64;
        self.index.remove(&slot.page);
        if let Some(moved) = self.slots.get(at) {
            self.index.insert(moved.page, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Bytes {
        Bytes::from_static(&[0; 10])
    }

    #[test]
    fn a_page_in_use_survives_a_scan() {
        let mut slots = Slots::default();
        slots.insert(0, page(), 40);
        for scanned in 1..100 {
            assert!(slots.get(0).is_some(), "hot page lost at {scanned}");
            slots.insert(scanned, page(), 40);
            assert!(slots.bytes() <= 40);
        }
        assert!(slots.get(99).is_some() && slots.get(1).is_none());
    }

    #[test]
    fn a_page_larger_than_the_budget_is_kept_alone() {
        let mut slots = Slots::default();
        slots.insert(1, page(), 5);
        slots.insert(2, page(), 5);
        assert_eq!((slots.get(1), slots.bytes()), (None, 10));
    }
}
