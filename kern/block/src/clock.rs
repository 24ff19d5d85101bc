//! A bounded set of things worth keeping.
//!
//! Eviction is a clock: a hit marks its entry, a sweeping hand unmarks the marked and evicts the
//! unmarked. A hit moves nothing, and what is used again and again survives a scan.

use alloc::vec::Vec;
use core::hash::Hash;
use hashbrown::HashMap;

struct Slot<K, V> {
    key: K,
    value: V,
    weight: u64,
    /// Hit since the hand last passed.
    used: bool,
}

/// Entries that together weigh no more than a budget, in a unit that its owner chooses.
pub struct Clock<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    weight: u64,
    budget: u64,
}

impl<K: Copy + Eq + Hash, V: Clone> Clock<K, V> {
    /// An empty set of at most `budget`.
    pub fn new(budget: u64) -> Self {
        Self { index: HashMap::new(), slots: Vec::new(), hand: 0, weight: 0, budget }
    }

    /// The entry, marked as used.
    #[inline]
    pub fn get(&mut self, key: K) -> Option<V> {
        let slot = &mut self.slots[*self.index.get(&key)?];
        slot.used = true;
        Some(slot.value.clone())
    }

    /// Whether the entry is there, without marking it.
    pub fn contains(&self, key: K) -> bool {
        self.index.contains_key(&key)
    }

    /// Keeps an entry that is not there, unless it alone exceeds the budget, and evicts others
    /// until it fits.
    pub fn insert(&mut self, key: K, value: V, weight: u64) {
        if weight > self.budget || self.contains(key) {
            return;
        }
        while self.weight + weight > self.budget {
            self.sweep();
        }
        self.weight += weight;
        self.index.insert(key, self.slots.len());
        self.slots.push(Slot { key, value, weight, used: false });
    }

    /// Forgets an entry, if it is there.
    pub fn remove(&mut self, key: K) {
        if let Some(&at) = self.index.get(&key) {
            self.evict(at);
        }
    }

    /// Keeps at most so much from now on.
    pub fn set_budget(&mut self, budget: u64) {
        self.budget = budget;
        while self.weight > self.budget {
            self.sweep();
        }
    }

    /// Moves the hand by one entry: unmarks it, or evicts it.
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
        self.weight -= slot.weight;
        self.index.remove(&slot.key);
        if let Some(moved) = self.slots.get(at) {
            self.index.insert(moved.key, at);
        }
    }

    /// What all entries weigh together.
    pub fn weight(&self) -> u64 {
        self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn what_is_used_survives_a_scan() {
        let mut clock = Clock::new(40);
        clock.insert(0, 'a', 10);
        for scanned in 1..100 {
            assert!(clock.get(0).is_some(), "hot entry lost at {scanned}");
            clock.insert(scanned, 'b', 10);
            assert!(clock.weight() <= 40);
        }
        assert!(clock.get(99).is_some() && clock.get(1).is_none());
    }

    #[test]
    fn a_heavy_entry_evicts_several() {
        let mut clock = Clock::new(3);
        for key in 0..3 {
            clock.insert(key, key * 10, 1);
        }
        assert_eq!(clock.get(0), Some(0));
        clock.insert(3, 30, 2);
        assert_eq!([0, 1, 2, 3].map(|key| clock.get(key)), [Some(0), None, None, Some(30)]);
    }

    #[test]
    fn what_is_taken_out_leaves_the_others_in_their_places() {
        let mut clock = Clock::new(3);
        for key in 0..3 {
            clock.insert(key, key * 10, 1);
        }
        clock.remove(0);
        clock.remove(7);
        assert_eq!([0, 1, 2].map(|key| clock.get(key)), [None, Some(10), Some(20)]);
        assert_eq!(clock.weight(), 2);
    }

    #[test]
    fn what_exceeds_the_budget_is_not_kept() {
        let mut clock = Clock::new(3);
        clock.insert(1, 1, 3);
        clock.insert(2, 2, 4);
        assert_eq!((clock.get(1), clock.get(2)), (Some(1), None));
    }
}
