//! Connections that may have something to send, in turn.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A queue in which each key stands at most once, whatever becomes of its connection meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    queue: VecDeque<u32>,
    /// A bit for each key.
    queued: Vec<u64>,
}

/// Room for so many is kept when nobody is ready; more is given back.
const KEPT_ROOM: usize = 64;

impl Ready {
    /// Its turn will come.
    pub(crate) fn push(&mut self, key: u32) {
        let (word, bit) = place(key);
        if self.queued.len() <= word {
            self.queued.resize(word + 1, 0);
        }
        if self.queued[word] & bit == 0 {
            self.queued[word] |= bit;
            self.queue.push_back(key);
        }
    }

    /// Whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<u32> {
        let Some(key) = self.queue.pop_front() else {
            if self.queue.capacity() > KEPT_ROOM {
                *self = Self::default();
            }
            return None;
        };
        let (word, bit) = place(key);
        self.queued[word] &= !bit;
        Some(key)
    }
}

fn place(key: u32) -> (usize, u64) {
    ((key / u64::BITS) as usize, 1 << (key % u64::BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_once_and_in_turn() {
        let mut ready = Ready::default();
        for key in [3, 200, 3, 64, 200] {
            ready.push(key);
        }
        assert_eq!((ready.pop(), ready.pop()), (Some(3), Some(200)));
        ready.push(3);
        assert_eq!((ready.pop(), ready.pop(), ready.pop()), (Some(64), Some(3), None));
        (0..10_000).for_each(|key| ready.push(key));
        while ready.pop().is_some() {}
        assert_eq!((ready.queue.capacity(), ready.queued.capacity()), (0, 0), "room is given back");
    }
}
