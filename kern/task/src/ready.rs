//! The set of tasks ready to run: one bit a task.
//!
//! A waker has to be `Send` by the language's contract, though ours never leaves its worker;
//! atomic bits satisfy it without a lock and without `unsafe`.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct ReadySet {
    words: Box<[AtomicU64]>,
}

impl ReadySet {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { words: (0..capacity.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(crate) fn insert(&self, index: usize) {
        self.words[index / 64].fetch_or(1 << (index % 64), Ordering::Relaxed);
    }

    /// Removes a member. Says whether it was one.
    pub(crate) fn remove(&self, index: usize) -> bool {
        let bit = 1 << (index % 64);
        self.words[index / 64].fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| word.load(Ordering::Relaxed) == 0)
    }

    /// Removes and returns the first member at or after `from`, wrapping around once.
    pub(crate) fn take_from(&self, from: usize) -> Option<usize> {
        let words = self.words.len();
        let first = from / 64 % words.max(1);
        let high = u64::MAX << (from % 64);
        self.take_in(first, high)
            .or_else(|| (1..words).find_map(|step| self.take_in((first + step) % words, u64::MAX)))
            .or_else(|| self.take_in(first, !high))
    }

    fn take_in(&self, word: usize, mask: u64) -> Option<usize> {
        let members = self.words.get(word)?.load(Ordering::Relaxed) & mask;
        if members == 0 {
            return None;
        }
        let bit = members.trailing_zeros() as usize;
        let index = word * 64 + bit;
        self.remove(index);
        Some(index)
    }
}

/// Puts one task into the set.
pub(crate) struct TaskWaker {
    pub(crate) ready: Arc<ReadySet>,
    pub(crate) index: usize,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.insert(self.index);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.insert(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::ReadySet;

    #[test]
    fn takes_in_order_from_the_cursor_and_wraps() {
        let set = ReadySet::new(200);
        for index in [3, 70, 130] {
            set.insert(index);
        }
        assert_eq!(set.take_from(71), Some(130));
        assert_eq!(set.take_from(131), Some(3));
        assert_eq!(set.take_from(4), Some(70));
        assert_eq!(set.take_from(71), None);
        assert!(set.is_empty());
    }

    #[test]
    fn wraps_within_one_word() {
        let set = ReadySet::new(64);
        set.insert(2);
        assert_eq!(set.take_from(40), Some(2));
    }
}
