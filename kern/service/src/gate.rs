//! The gate that calls pass on their way to files: open while what is served is.
//!
//! Who is announced at the gate wants to go in, and from then on counts as being there. So the
//! service sees by the gate alone whether files are wanted, in use, or neither.

use alloc::rc::Rc;
use core::cell::Cell;
use task::WaitQueue;

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: Cell<bool>,
    visits: Cell<usize>,
    /// Whether anybody has come or gone since that was asked.
    used: Cell<bool>,
    queue: WaitQueue,
}

impl Gate {
    /// Somebody wants to go in.
    pub(crate) fn announce(self: &Rc<Self>) -> Visit {
        self.visits.update(|visits| visits + 1);
        self.used.set(true);
        Visit(self.clone())
    }

    /// Lets everybody in who waits.
    pub(crate) fn open(&self) {
        self.is_open.set(true);
        self.queue.wake_all();
    }

    /// Has whoever comes from now on wait.
    pub(crate) fn shut(&self) {
        self.is_open.set(false);
    }

    /// Whether anybody waits or is inside.
    pub(crate) fn is_wanted(&self) -> bool {
        self.visits.get() > 0
    }

    /// Whether anybody came or went since the last time.
    pub(crate) fn take_used(&self) -> bool {
        self.used.take()
    }
}

/// Somebody's stay, from the announcement to the end.
pub(crate) struct Visit(Rc<Gate>);

impl Visit {
    /// Goes in, once the gate is open.
    pub(crate) async fn enter(&self) {
        while !self.0.is_open.get() {
            self.0.queue.wait().await;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.visits.update(|visits| visits - 1);
        self.0.used.set(true);
    }
}
