//! Sleeping tasks, ordered by deadline.

use abi::Instant;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

/// The sleepers of one service. The time is whatever [`Timers::advance`] was last told.
pub struct Timers {
    now: Cell<Instant>,
    next_key: Cell<u64>,
    sleepers: RefCell<BTreeMap<(Instant, u64), Waker>>,
}

impl Timers {
    /// No sleepers, at this time.
    pub fn new(now: Instant) -> Self {
        Self { now: Cell::new(now), next_key: Cell::new(0), sleepers: RefCell::default() }
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.now.get()
    }

    /// Tells the time, and wakes every sleeper whose deadline it has reached.
    pub fn advance(&self, now: Instant) {
        self.now.set(now);
        let mut sleepers = self.sleepers.borrow_mut();
        while let Some(entry) = sleepers.first_entry() {
            if entry.key().0 > now {
                return;
            }
            entry.remove().wake();
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.sleepers.borrow().first_key_value().map(|(&(deadline, _), _)| deadline)
    }

    /// A future that ends once `duration` has passed.
    pub fn sleep(self: &Rc<Self>, duration: Duration) -> Sleep {
        let key = self.next_key.replace(self.next_key.get() + 1);
        Sleep { timers: self.clone(), key: (self.now.get() + duration, key) }
    }
}

/// Ends at its deadline.
pub struct Sleep {
    timers: Rc<Timers>,
    key: (Instant, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.timers.now() >= self.key.0 {
            return Poll::Ready(());
        }
        self.timers.sleepers.borrow_mut().insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.timers.sleepers.borrow_mut().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Executor;

    #[test]
    fn sleepers_wake_at_their_deadline_and_not_before() {
        let timers = Rc::new(Timers::new(Instant(100)));
        let executor = Executor::new(2);
        for nanoseconds in [50, 20] {
            executor.spawn(timers.sleep(Duration::from_nanos(nanoseconds))).unwrap();
        }
        executor.run(10);
        assert_eq!(timers.next(), Some(Instant(120)));
        timers.advance(Instant(119));
        assert!(!executor.is_ready());
        timers.advance(Instant(120));
        executor.run(10);
        assert_eq!((executor.task_count(), timers.next()), (1, Some(Instant(150))));
    }
}
