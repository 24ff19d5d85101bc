//! Giving way.

use core::future::poll_fn;
use core::mem::replace;
use core::task::Poll;

/// Ends this poll and asks for the next: every task that is ready now runs before this one goes on.
pub async fn let_others_run() {
    let mut has_run = false;
    poll_fn(|context| {
        if replace(&mut has_run, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Executor;
    use alloc::rc::Rc;
    use alloc::vec::Vec;
    use core::cell::RefCell;

    #[test]
    fn those_who_are_ready_run_first() {
        let (executor, order) = (Executor::new(3), Rc::new(RefCell::new(Vec::new())));
        let note = |number| {
            let order = order.clone();
            move || order.borrow_mut().push(number)
        };
        let (first, last) = (note(1), note(3));
        let waits = async move {
            first();
            let_others_run().await;
            last();
        };
        executor.spawn(waits).unwrap();
        let second = note(2);
        executor.spawn(async move { second() }).unwrap();
        executor.run(10);
        assert_eq!(*order.borrow(), [1, 2, 3]);
    }
}
