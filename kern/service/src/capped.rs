//! A service's part in memory of the process, with a bound of the service's own.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use hyper::{Account, Budget, Grant};

/// See the top of the file.
pub(crate) struct Capped {
    below: Account,
    bytes_max: Cell<u64>,
    taken: RefCell<Grant>,
}

impl Capped {
    /// Takes from `below`, but never more than `bytes_max` if it can be put off.
    pub(crate) fn new(below: Account, bytes_max: u64) -> Rc<Self> {
        let taken = RefCell::new(below.take_anyway(0));
        Rc::new(Self { below, bytes_max: Cell::new(bytes_max), taken })
    }

    /// The bound from now on. Who holds more takes nothing until it holds less.
    pub(crate) fn set(&self, bytes_max: u64) {
        self.bytes_max.set(bytes_max);
    }

    /// What is taken now.
    pub(crate) fn taken_bytes(&self) -> u64 {
        self.taken.borrow().bytes()
    }
}

impl Budget for Capped {
    fn share_bytes(&self) -> u64 {
        self.below.share_bytes().min(self.bytes_max.get())
    }

    fn take(&self, bytes: u64) -> bool {
        let wanted_bytes = self.taken_bytes().saturating_add(bytes);
        wanted_bytes <= self.bytes_max.get() && self.taken.borrow_mut().grow(bytes)
    }

    fn take_anyway(&self, bytes: u64) {
        let wanted_bytes = self.taken_bytes() + bytes;
        self.taken.borrow_mut().set(wanted_bytes);
    }

    fn give_back(&self, bytes: u64) {
        let left_bytes = self.taken_bytes() - bytes;
        self.taken.borrow_mut().set(left_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lesser_bound_counts() {
        let capped = Capped::new(Account::default(), 100);
        let account = Account::new(capped.clone());
        let grant = account.take(80).expect("it is within the bound");
        assert!(account.take(30).is_none());
        let more = account.take_anyway(30);
        assert_eq!((capped.taken_bytes(), account.share_bytes()), (110, 100));
        drop((grant, more));
        assert_eq!(capped.taken_bytes(), 0);
        capped.set(10);
        assert!(account.take(11).is_none() && account.take(10).is_some());
    }
}
