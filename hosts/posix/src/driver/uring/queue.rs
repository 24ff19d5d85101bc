//! Receives that will take a buffer as soon as they are submitted, first come, first served.
//!
//! There are fewer buffers than sockets may be ready. Submitting all of those at once would have
//! most of them fail for want of a buffer and come back, at every wait; so that they wait here,
//! and only as many are submitted at a time as there are buffers.

use crate::driver::SocketKey;
use std::collections::VecDeque;

/// See the module's text.
#[derive(Default)]
pub(super) struct ReceiveQueue {
    /// In order. A key whose socket does not wait (any more) is passed over.
    keys: VecDeque<SocketKey>,
    /// Which sockets wait, by key.
    waits: Vec<bool>,
}

impl ReceiveQueue {
    /// Lets a socket wait for its turn.
    pub(super) fn push(&mut self, key: SocketKey) {
        if self.waits.len() <= key.0 {
            self.waits.resize(key.0 + 1, false);
        }
        self.waits[key.0] = true;
        self.keys.push_back(key);
    }

    /// The socket whose turn it is; it waits no longer.
    pub(super) fn pop(&mut self) -> Option<SocketKey> {
        while let Some(key) = self.keys.pop_front() {
            if self.remove(key) {
                return Some(key);
            }
        }
        None
    }

    /// Lets a socket wait no longer. Says whether it did.
    pub(super) fn remove(&mut self, key: SocketKey) -> bool {
        self.waits.get_mut(key.0).is_some_and(std::mem::take)
    }

    /// Whether nobody waits, nor did since the last key was passed over.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_left_is_passed_over_and_its_key_waits_once_when_used_again() {
        let mut queue = ReceiveQueue::default();
        [4, 0, 9].into_iter().for_each(|key| queue.push(SocketKey(key)));
        assert!(queue.remove(SocketKey(0)));
        assert!(!queue.remove(SocketKey(0)) && !queue.remove(SocketKey(77)));
        assert_eq!(queue.pop(), Some(SocketKey(4)));
        assert_eq!(queue.pop(), Some(SocketKey(9)));
        queue.push(SocketKey(0));
        assert!(queue.remove(SocketKey(0)));
        queue.push(SocketKey(0));
        assert_eq!([queue.pop(), queue.pop()], [Some(SocketKey(0)), None]);
        assert!(queue.is_empty());
    }
}
