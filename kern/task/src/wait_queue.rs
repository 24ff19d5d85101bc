//! Tasks waiting for something to happen.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// One place in a queue.
#[derive(Default)]
pub(crate) struct Waiter {
    called: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Waiter {
    /// Whether the wait is over.
    pub(crate) fn is_called(&self) -> bool {
        self.called.get()
    }

    /// Ends the wait.
    pub(crate) fn call(&self) {
        self.called.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.called.get() {
            return Poll::Ready(());
        }
        self.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// Tasks waiting, first come first served. Nothing is remembered: a wake-up with nobody waiting
/// is lost, so a task checks its condition before it waits and again after.
#[derive(Default)]
pub struct WaitQueue {
    waiters: RefCell<VecDeque<Rc<Waiter>>>,
}

impl WaitQueue {
    /// Joins the queue now; the returned future ends when this place is woken.
    pub fn wait(&self) -> Wait<'_> {
        let waiter = Rc::new(Waiter::default());
        self.waiters.borrow_mut().push_back(waiter.clone());
        Wait { queue: self, waiter, ended: false }
    }

    /// Wakes the task that has waited longest. Says whether there was one.
    pub fn wake_one(&self) -> bool {
        let waiter = self.waiters.borrow_mut().pop_front();
        waiter.is_some_and(|waiter| {
            waiter.call();
            true
        })
    }

    /// Wakes every task that waits.
    pub fn wake_all(&self) {
        while self.wake_one() {}
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiters.borrow().is_empty()
    }
}

/// A place in a [`WaitQueue`].
pub struct Wait<'a> {
    queue: &'a WaitQueue,
    waiter: Rc<Waiter>,
    ended: bool,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let poll = self.waiter.poll(context);
        self.ended = poll.is_ready();
        poll
    }
}

impl Drop for Wait<'_> {
    /// A place given up leaves the queue; one woken but never polled hands its turn on.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.waiter.is_called() {
            self.queue.wake_one();
        } else {
            self.queue.waiters.borrow_mut().retain(|waiter| !Rc::ptr_eq(waiter, &self.waiter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(wait: &mut Wait<'_>) -> Poll<()> {
        Pin::new(wait).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn first_come_first_served() {
        let queue = WaitQueue::default();
        let (mut first, mut second) = (queue.wait(), queue.wait());
        assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
        assert!(queue.wake_one());
        assert!(poll(&mut first).is_ready() && poll(&mut second).is_pending());
    }

    #[test]
    fn a_place_given_up_hands_its_turn_on() {
        let queue = WaitQueue::default();
        let (first, mut second) = (queue.wait(), queue.wait());
        queue.wake_one();
        drop(first);
        assert!(poll(&mut second).is_ready());
        drop(second);
        assert!(queue.is_empty());
    }
}
