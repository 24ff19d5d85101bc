//! Deadlines, in order. Asking for the next one costs nothing however many there are.

use abi::Instant;
use std::collections::BTreeSet;

/// Deadlines named by a `K`.
pub(crate) struct Timers<K>(BTreeSet<(Instant, K)>);

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<K: Ord + Copy> Timers<K> {
    /// Moves the deadline named `key` from `before` to `after`.
    pub(crate) fn change(&mut self, key: K, before: Option<Instant>, after: Option<Instant>) {
        if let Some(before) = before {
            self.0.remove(&(before, key));
        }
        if let Some(after) = after {
            self.0.insert((after, key));
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.first().map(|&(deadline, _)| deadline)
    }

    /// Takes one deadline that has been reached.
    pub(crate) fn reached(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_can_be_moved() {
        let mut timers = Timers::default();
        timers.change('a', None, Some(Instant(30)));
        timers.change('b', None, Some(Instant(20)));
        timers.change('a', Some(Instant(30)), Some(Instant(10)));
        assert_eq!(timers.next(), Some(Instant(10)));
        assert_eq!(timers.reached(Instant(9)), None);
        assert_eq!(timers.reached(Instant(20)), Some('a'));
        timers.change('b', Some(Instant(20)), None);
        assert_eq!(timers.next(), None);
    }
}
