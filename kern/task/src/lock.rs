//! A lock for tasks, shared or exclusive.
//!
//! Fair: whoever comes while others wait queues behind them, so neither readers nor writers
//! starve. A release hands the lock straight to the next in the queue.

use crate::wait_queue::Waiter;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shared,
    Exclusive,
}

/// Guards nothing but order: what it protects is said where it is declared.
#[derive(Default)]
pub struct Lock {
    /// Holders in shared mode.
    sharers: Cell<u32>,
    /// Whether one holds it exclusively.
    owned: Cell<bool>,
    queue: RefCell<VecDeque<(Mode, Rc<Waiter>)>>,
}

/// The lock is held in shared mode until this is dropped.
pub struct SharedGuard<'a>(&'a Lock);

/// The lock is held exclusively until this is dropped.
pub struct ExclusiveGuard<'a>(&'a Lock);

impl Lock {
    /// Waits for the lock in shared mode.
    pub async fn shared(&self) -> SharedGuard<'_> {
        self.acquire(Mode::Shared).await;
        SharedGuard(self)
    }

    /// Waits for the lock in exclusive mode.
    pub async fn exclusive(&self) -> ExclusiveGuard<'_> {
        self.acquire(Mode::Exclusive).await;
        ExclusiveGuard(self)
    }

    async fn acquire(&self, mode: Mode) {
        if self.queue.borrow().is_empty() && self.grants(mode) {
            return self.grant(mode);
        }
        let place = Place { lock: self, mode, waiter: Rc::default(), held: Cell::new(false) };
        self.queue.borrow_mut().push_back((mode, place.waiter.clone()));
        poll_fn(|context| place.waiter.poll(context)).await;
        place.held.set(true);
    }

    fn grants(&self, mode: Mode) -> bool {
        !self.owned.get() && (mode == Mode::Shared || self.sharers.get() == 0)
    }

    fn grant(&self, mode: Mode) {
        match mode {
            Mode::Shared => self.sharers.set(self.sharers.get() + 1),
            Mode::Exclusive => self.owned.set(true),
        }
    }

    fn release(&self, mode: Mode) {
        match mode {
            Mode::Shared => self.sharers.set(self.sharers.get() - 1),
            Mode::Exclusive => self.owned.set(false),
        }
        self.hand_on();
    }

    fn hand_on(&self) {
        let mut queue = self.queue.borrow_mut();
        while queue.front().is_some_and(|&(mode, _)| self.grants(mode)) {
            let Some((mode, waiter)) = queue.pop_front() else { return };
            self.grant(mode);
            waiter.call();
        }
    }
}

/// A place in the queue, given up if the task is dropped while it waits.
struct Place<'a> {
    lock: &'a Lock,
    mode: Mode,
    waiter: Rc<Waiter>,
    held: Cell<bool>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.held.get() {
            return;
        }
        if self.waiter.is_called() {
            return self.lock.release(self.mode);
        }
        self.lock.queue.borrow_mut().retain(|(_, waiter)| !Rc::ptr_eq(waiter, &self.waiter));
        self.lock.hand_on();
    }
}

impl Drop for SharedGuard<'_> {
    fn drop(&mut self) {
        self.0.release(Mode::Shared);
    }
}

impl Drop for ExclusiveGuard<'_> {
    fn drop(&mut self) {
        self.0.release(Mode::Exclusive);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    macro_rules! poll {
        ($future:expr) => {
            $future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
    }

    #[test]
    fn readers_share_and_a_writer_waits_for_them() {
        let lock = Lock::default();
        let mut first = pin!(lock.shared());
        let mut second = pin!(lock.shared());
        let mut writer = pin!(lock.exclusive());
        let Poll::Ready(one) = poll!(first) else { panic!("free") };
        let Poll::Ready(two) = poll!(second) else { panic!("shared") };
        assert!(poll!(writer).is_pending());
        drop(one);
        assert!(poll!(writer).is_pending());
        drop(two);
        assert!(poll!(writer).is_ready());
    }

    #[test]
    fn a_reader_queues_behind_a_waiting_writer() {
        let lock = Lock::default();
        let mut first = pin!(lock.shared());
        let mut writer = pin!(lock.exclusive());
        let mut late = pin!(lock.shared());
        let Poll::Ready(guard) = poll!(first) else { panic!("free") };
        assert!(poll!(writer).is_pending() && poll!(late).is_pending());
        drop(guard);
        let Poll::Ready(guard) = poll!(writer) else { panic!("next in the queue") };
        assert!(poll!(late).is_pending());
        drop(guard);
        assert!(poll!(late).is_ready());
    }

    #[test]
    fn a_task_dropped_in_the_queue_leaves_no_trace() {
        let lock = Lock::default();
        {
            let mut holder = pin!(lock.exclusive());
            let mut granted = alloc::boxed::Box::pin(lock.exclusive());
            let mut waiting = alloc::boxed::Box::pin(lock.exclusive());
            let Poll::Ready(guard) = poll!(holder) else { panic!("free") };
            assert!(poll!(granted).is_pending() && poll!(waiting).is_pending());
            drop(waiting);
            drop(guard);
            drop(granted);
        }
        assert!(poll!(pin!(lock.exclusive())).is_ready());
    }
}
