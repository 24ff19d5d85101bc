//! One service's executor, its timers and its locks.
//!
//! A service is turned by one worker at a time, so nothing here is shared between threads:
//! tasks are plain futures that need not be `Send`, and locks are counters with a queue. The
//! room never asks the time: [`Timers::advance`] is told it.
//!
//! | type | what it is |
//! |---|---|
//! | [`Executor`] | a bounded table of tasks and the set of those ready to run |
//! | [`Timers`] | sleeping tasks, ordered by deadline |
//! | [`WaitQueue`] | tasks waiting for something to happen, first come first served |
//! | [`Lock`] | shared or exclusive, fair |
//! | [`let_others_run`] | gives way to the tasks that are ready |
//! | [`drive`] | runs one future to its end where there is no service: tools and tests |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod drive;
mod executor;
mod lock;
mod pause;
mod ready;
mod timers;
mod wait_queue;

pub use drive::drive;
pub use executor::{Executor, Full};
pub use lock::{ExclusiveGuard, Lock, SharedGuard};
pub use pause::let_others_run;
pub use timers::{Sleep, Timers};
pub use wait_queue::WaitQueue;
