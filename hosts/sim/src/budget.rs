//! Memory that the services of a simulation share.

use hyper::{Account, Budget, Division, Taken};
use std::cell::Cell;
use std::rc::Rc;

/// One budget of several worlds. Cheap to clone: all clones are the same.
#[derive(Clone, Debug)]
pub struct SharedBudget(Rc<Ledger>);

#[derive(Debug)]
struct Ledger {
    division: Division,
    taken: Cell<Taken>,
    highest_bytes: Cell<u64>,
}

impl SharedBudget {
    /// A budget of which nothing is taken.
    pub fn new(division: Division) -> Self {
        Self(Rc::new(Ledger { division, taken: Cell::default(), highest_bytes: Cell::new(0) }))
    }

    /// The account of one more service.
    pub fn open(&self) -> Account {
        Account::new(self.part())
    }

    /// The part of one more service.
    pub fn part(&self) -> Rc<dyn Budget> {
        Rc::new(Part { ledger: self.0.clone(), held_bytes: Cell::new(0) })
    }

    /// What is taken now, in bytes.
    pub fn taken_bytes(&self) -> u64 {
        self.0.taken.get().all_bytes
    }

    /// The most that ever was taken, in bytes.
    pub fn highest_bytes(&self) -> u64 {
        self.0.highest_bytes.get()
    }
}

impl Ledger {
    /// A service that held `from` bytes holds `to` bytes now.
    fn note(&self, from: u64, to: u64) {
        let Taken { all_bytes, holders } = self.taken.get();
        let all_bytes = all_bytes - from + to;
        let holders = holders - u64::from(from > 0) + u64::from(to > 0);
        self.taken.set(Taken { all_bytes, holders });
        self.highest_bytes.set(self.highest_bytes.get().max(all_bytes));
    }
}

struct Part {
    ledger: Rc<Ledger>,
    held_bytes: Cell<u64>,
}

impl Part {
    fn hold(&self, bytes: u64) {
        self.ledger.note(self.held_bytes.replace(bytes), bytes);
    }
}

impl Budget for Part {
    fn share_bytes(&self) -> u64 {
        self.ledger.division.share_bytes(self.ledger.taken.get(), self.held_bytes.get())
    }

    fn take(&self, bytes: u64) -> bool {
        let wanted = self.held_bytes.get() + bytes;
        let is_granted = wanted <= self.share_bytes();
        if is_granted {
            self.hold(wanted);
        }
        is_granted
    }

    fn take_anyway(&self, bytes: u64) {
        self.hold(self.held_bytes.get() + bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.hold(self.held_bytes.get() - bytes);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.hold(0);
    }
}
