//! Memory of others that pages are written from.
//!
//! A call that fills whole pages need not have its data copied: the pages stand in its memory until
//! the disk has them, and go then, rather than keep alive what is larger than they are. Whoever
//! looks at such a page before gets a copy, which becomes the page. So what is lent counts as dirty
//! data, all of it for as long as one page of it is: see [`Cache::dirty_bytes`](crate::Cache::dirty_bytes).

use alloc::rc::Rc;
use core::cell::Cell;

/// The memory of one call. It is given back with the last page that stands in it.
#[derive(Debug)]
pub struct Loan {
    bytes: u64,
    sum: Rc<Cell<u64>>,
}

impl Loan {
    /// Adds `bytes` to the sum of what is lent.
    pub(crate) fn new(bytes: u64, sum: &Rc<Cell<u64>>) -> Rc<Self> {
        sum.set(sum.get() + bytes);
        Rc::new(Self { bytes, sum: sum.clone() })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.sum.set(self.sum.get() - self.bytes);
    }
}
