//! A bounded table of tasks.
//!
//! A slot and its waker are made once and used by one task after another: a task costs one box.
//! A wake-up meant for a slot's former task at worst polls the present one needlessly, which
//! every future must bear.

use crate::ready::{ReadySet, TaskWaker};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Slot {
    task: Option<Task>,
    waker: Waker,
}

/// The table is full: as many tasks run as were allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("as many tasks run as the service's limit allows")
    }
}

impl core::error::Error for Full {}

/// Runs the tasks of one service.
pub struct Executor {
    slots: RefCell<Vec<Slot>>,
    /// Slots without a task. The lowest is used first: few tasks stay in few cache lines, and
    /// tasks added together run in the order they were added.
    free: ReadySet,
    ready: Arc<ReadySet>,
    /// Where the search for a ready task goes on; back at the beginning once there is none.
    cursor: Cell<usize>,
    task_count: Cell<usize>,
    capacity_tasks: usize,
}

impl Executor {
    /// An executor for at most `capacity_tasks` tasks at a time.
    pub fn new(capacity_tasks: usize) -> Self {
        Self {
            slots: RefCell::default(),
            free: ReadySet::new(capacity_tasks),
            ready: Arc::new(ReadySet::new(capacity_tasks)),
            cursor: Cell::new(0),
            task_count: Cell::new(0),
            capacity_tasks,
        }
    }

    /// Adds a task, ready to run. May be called from within a task.
    ///
    /// # Errors
    /// [`Full`] if the limit is reached; the task is dropped.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Result<(), Full> {
        let index = self.free_slot().ok_or(Full)?;
        self.slots.borrow_mut()[index].task = Some(Box::pin(task));
        self.task_count.set(self.task_count.get() + 1);
        self.ready.insert(index);
        Ok(())
    }

    /// Polls ready tasks, each in its turn, at most `polls_max` times. Returns the number of
    /// polls.
    pub fn run(&self, polls_max: usize) -> usize {
        (0..polls_max).take_while(|_| self.poll_next()).count()
    }

    /// Whether a call of [`Executor::run`] would find work.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Tasks that there may be at a time.
    pub fn capacity_tasks(&self) -> usize {
        self.capacity_tasks
    }

    /// Tasks that have not ended.
    pub fn task_count(&self) -> usize {
        self.task_count.get()
    }

    /// Gives back the memory of unused slots beyond the first `keep_slots`, as far as no task
    /// stands behind them.
    pub fn trim(&self, keep_slots: usize) {
        let mut slots = self.slots.borrow_mut();
        // The slot of a task that runs at the moment is empty, but not free.
        while slots.len() > keep_slots && self.free.remove(slots.len() - 1) {
            slots.pop();
        }
        slots.shrink_to_fit();
    }

    fn free_slot(&self) -> Option<usize> {
        if let Some(index) = self.free.take_from(0) {
            return Some(index);
        }
        let mut slots = self.slots.borrow_mut();
        let index = slots.len();
        if index == self.capacity_tasks {
            return None;
        }
        let waker = Waker::from(Arc::new(TaskWaker { ready: self.ready.clone(), index }));
        slots.push(Slot { task: None, waker });
        Some(index)
    }

    fn poll_next(&self) -> bool {
        let Some(index) = self.ready.take_from(self.cursor.get()) else {
            self.cursor.set(0);
            return false;
        };
        self.cursor.set(index + 1);
        // Taken out while it runs, so that it may spawn others.
        let Some((mut task, waker)) = self.take(index) else { return true };
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.slots.borrow_mut()[index].task = Some(task);
        } else {
            drop(task);
            self.task_count.set(self.task_count.get() - 1);
            self.free.insert(index);
        }
        true
    }

    /// The task of a slot, if there still is one: a wake-up may come late.
    fn take(&self, index: usize) -> Option<(Task, Waker)> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.get_mut(index)?;
        Some((slot.task.take()?, slot.waker.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WaitQueue;
    use alloc::rc::Rc;

    #[test]
    fn a_task_waits_and_resumes() {
        let executor = Executor::new(4);
        let queue = Rc::new(WaitQueue::default());
        let done = Rc::new(Cell::new(false));
        let (waits, sets) = (queue.clone(), done.clone());
        let task = async move {
            waits.wait().await;
            sets.set(true);
        };
        executor.spawn(task).unwrap();
        assert_eq!(executor.run(10), 1);
        assert!(!executor.is_ready() && !done.get());
        queue.wake_one();
        assert_eq!(executor.run(10), 1);
        assert!(done.get());
        assert_eq!(executor.task_count(), 0);
    }

    #[test]
    fn the_limit_holds_and_slots_are_used_again() {
        let executor = Executor::new(2);
        executor.spawn(async {}).unwrap();
        executor.spawn(async {}).unwrap();
        assert_eq!(executor.spawn(async {}), Err(Full));
        assert_eq!(executor.run(10), 2);
        executor.spawn(async {}).unwrap();
        assert_eq!(executor.task_count(), 1);
    }

    #[test]
    fn a_task_may_spawn_another() {
        let executor = Rc::new(Executor::new(2));
        let inner = executor.clone();
        executor.spawn(async move { inner.spawn(async {}).unwrap() }).unwrap();
        assert_eq!(executor.run(10), 2);
        assert_eq!(executor.task_count(), 0);
    }

    #[test]
    fn tasks_added_together_run_in_order_whatever_ran_before() {
        let executor = Executor::new(8);
        for count in [5, 2, 7, 3] {
            let order = Rc::new(RefCell::new(Vec::new()));
            for index in 0..count {
                let order = order.clone();
                executor.spawn(async move { order.borrow_mut().push(index) }).unwrap();
            }
            executor.run(10);
            assert!(order.borrow().iter().copied().eq(0..count));
        }
    }

    #[test]
    fn trimming_bears_late_wake_ups() {
        let executor = Executor::new(8);
        let waker = Rc::new(Cell::new(None));
        for index in 0..6 {
            let waker = waker.clone();
            let task = core::future::poll_fn(move |context| {
                if index == 5 {
                    waker.set(Some(context.waker().clone()));
                }
                core::task::Poll::Ready(())
            });
            executor.spawn(task).unwrap();
        }
        executor.run(10);
        executor.trim(2);
        assert_eq!(executor.slots.borrow().len(), 2);
        waker.take().expect("the last task ran").wake();
        assert_eq!(executor.run(10), 1, "a poll of nothing");
        for _ in 0..8 {
            executor.spawn(async {}).unwrap();
        }
        assert_eq!((executor.spawn(async {}), executor.run(10)), (Err(Full), 8));
    }

    #[test]
    fn the_budget_bounds_a_run() {
        let executor = Executor::new(8);
        for _ in 0..5 {
            executor.spawn(async {}).unwrap();
        }
        assert_eq!(executor.run(3), 3);
        assert!(executor.is_ready());
    }

    #[test]
    fn trimming_spares_the_task_that_trims() {
        let executor = Rc::new(Executor::new(2));
        let inner = executor.clone();
        let timers = Rc::new(crate::Timers::new(abi::Instant(0)));
        let task = async move {
            inner.trim(0);
            timers.sleep(core::time::Duration::MAX).await;
        };
        executor.spawn(task).unwrap();
        executor.run(1);
        assert_eq!(executor.task_count(), 1);
    }
}
