//! A bounded set of things worth keeping, found by number.
//!
//! Eviction is a clock, as in `block`: a hit marks its entry, a sweeping hand unmarks the marked
//! and evicts the unmarked. A hit moves nothing.

use alloc::vec::Vec;
use hashbrown::HashMap;

struct Slot<V> {
    key: u64,
    value: V,
    weight: u64,
    used: bool,
}

/// Entries that together weigh no more than a budget.
pub(crate) struct Clock<V> {
    index: HashMap<u64, usize>,
    slots: Vec<Slot<V>>,
    hand: usize,
    weight: u64,
    budget: u64,
}

impl<V: Clone> Clock<V> {
    pub(crate) fn new(budget: u64) -> Self {
        Self { index: HashMap::new(), slots: Vec::new(), hand: 0, weight: 0, budget }
    }

    /// The entry, marked as used.
    #[inline]
    pub(crate) fn get(&mut self, key: u64) -> Option<V> {
        let slot = &mut self.slots[*self.index.get(&key)?];
        slot.used = true;
        Some(slot.value.clone())
    }

    /// Keeps an entry that is not there, unless it alone exceeds the budget.
    pub(crate) fn insert(&mut self, key: u64, value: V, weight: u64) {
        if weight > self.budget || self.index.contains_key(&key) {
            return;
        }
        while self.weight + weight > self.budget {
            self.sweep();
        }
        self.weight += weight;
        self.index.insert(key, self.slots.len());
        self.slots.push(Slot { key, value, weight, used: false });
    }

    /// Moves the hand by one entry: unmarks it, or evicts it.
    fn sweep(&mut self) {
        self.hand %= self.slots.len();
        let slot = &mut self.slots[self.hand];
        if slot.used {
            slot.used = false;
            self.hand += 1;
            return;
        }
        let slot = self.slots.swap_remove(self.hand);
        self.weight -= slot.weight;
        self.index.remove(&slot.key);
        if let Some(moved) = self.slots.get(self.hand) {
            self.index.insert(moved.key, self.hand);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn what_is_used_stays() {
        let mut clock = Clock::new(3);
        for key in 0..3 {
            clock.insert(key, key * 10, 1);
        }
        assert_eq!(clock.get(0), Some(0));
        clock.insert(3, 30, 2);
        assert_eq!([0, 1, 2, 3].map(|key| clock.get(key)), [Some(0), None, None, Some(30)]);
    }

    #[test]
    fn what_exceeds_the_budget_is_not_kept() {
        let mut clock = Clock::new(3);
        clock.insert(1, 1, 3);
        clock.insert(2, 2, 4);
        assert_eq!((clock.get(1), clock.get(2)), (Some(1), None));
    }
}
