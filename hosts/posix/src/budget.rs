//! Memory that all services of a process share, on whatever workers they live.
//!
//! Two counts that every thread may change and no lock: a service counts what it holds itself, on
//! its worker's thread.

use hyper::{Account, Budget, Division, Taken};
use service::ProcessLimits;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The budgets of a process. Cheap to clone: all clones are the same, one for each worker.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// Changed data that disks do not have yet.
    pub dirty: SharedBudget,
    /// What arrived through stacks of services' own and cannot be handed out yet.
    pub received: SharedBudget,
    /// Pieces of datagrams that such stacks wait for the rest of.
    pub fragments: SharedBudget,
}

impl Budgets {
    /// Budgets of which nothing is taken.
    pub fn new(limits: &ProcessLimits) -> Self {
        let divisions = [limits.dirty, limits.received, limits.fragments];
        let [dirty, received, fragments] = divisions.map(SharedBudget::new);
        Self { dirty, received, fragments }
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self::new(&ProcessLimits::default())
    }
}

/// One budget. Cheap to clone: all clones are the same.
#[derive(Clone, Debug)]
pub struct SharedBudget(Arc<Ledger>);

/// The counts say nothing of other memory, so they need no order among themselves. `holders` may
/// be a moment behind `all_bytes`: then somebody's share is a little more or less than fair.
#[derive(Debug)]
struct Ledger {
    division: Division,
    all_bytes: AtomicU64,
    holders: AtomicU64,
}

impl SharedBudget {
    /// A budget of which nothing is taken.
    pub fn new(division: Division) -> Self {
        let (all_bytes, holders) = <_>::default();
        Self(Arc::new(Ledger { division, all_bytes, holders }))
    }

    /// The account of one more service, which stays on this thread.
    pub fn open(&self) -> Account {
        Account::new(self.part())
    }

    /// The part of one more service, which stays on this thread.
    pub fn part(&self) -> Rc<dyn Budget> {
        Rc::new(Part { ledger: self.0.clone(), held_bytes: Cell::new(0) })
    }

    /// What all services hold at this moment, in bytes.
    pub fn taken_bytes(&self) -> u64 {
        self.0.all_bytes.load(Relaxed)
    }
}

struct Part {
    ledger: Arc<Ledger>,
    held_bytes: Cell<u64>,
}

impl Part {
    fn share_of(&self, all_bytes: u64) -> u64 {
        let taken = Taken { all_bytes, holders: self.ledger.holders.load(Relaxed) };
        self.ledger.division.share_bytes(taken, self.held_bytes.get())
    }

    /// Notes what this service holds now, once the sum is right.
    fn hold(&self, bytes: u64) {
        match (self.held_bytes.replace(bytes), bytes) {
            (0, 1..) => self.ledger.holders.fetch_add(1, Relaxed),
            (1.., 0) => self.ledger.holders.fetch_sub(1, Relaxed),
            _ => return,
        };
    }
}

impl Budget for Part {
    fn share_bytes(&self) -> u64 {
        self.share_of(self.ledger.all_bytes.load(Relaxed))
    }

    fn take(&self, bytes: u64) -> bool {
        let wanted = self.held_bytes.get() + bytes;
        let is_within = |all_bytes| wanted <= self.share_of(all_bytes);
        let taken = self.ledger.all_bytes.fetch_update(Relaxed, Relaxed, |all_bytes| {
            is_within(all_bytes).then_some(all_bytes + bytes)
        });
        if taken.is_ok() {
            self.hold(wanted);
        }
        taken.is_ok()
    }

    fn take_anyway(&self, bytes: u64) {
        self.ledger.all_bytes.fetch_add(bytes, Relaxed);
        self.hold(self.held_bytes.get() + bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.ledger.all_bytes.fetch_sub(bytes, Relaxed);
        self.hold(self.held_bytes.get() - bytes);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.give_back(self.held_bytes.get());
    }
}
