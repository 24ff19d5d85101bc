//! Writes and discards that have been started, and outlive whoever started them.
//!
//! A task that waits for one may be dropped, and another takes over its work. What lands late must
//! not overwrite what that one writes to the same place, so everybody waits for all that is under
//! way before writing there again.

use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

type Write = Pin<Box<dyn Future<Output = Result<()>>>>;

/// See the top of the file.
#[derive(Default)]
pub(crate) struct UnderWay {
    writes: RefCell<Vec<Write>>,
    failed: Cell<Option<Errno>>,
}

impl UnderWay {
    /// Takes over a write.
    pub(crate) fn add(&self, write: impl Future<Output = Result<()>> + 'static) {
        self.writes.borrow_mut().push(Box::pin(write));
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// If one of them failed, now or ever: nobody knows what is there.
    pub(crate) async fn finish(&self) -> Result<()> {
        poll_fn(|context| {
            let mut writes = self.writes.borrow_mut();
            writes.retain_mut(|write| match write.as_mut().poll(context) {
                Poll::Ready(result) => {
                    self.failed.set(self.failed.get().or(result.err()));
                    false
                }
                Poll::Pending => true,
            });
            if writes.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.failed.get().map_or(Ok(()), Err)
    }
}
