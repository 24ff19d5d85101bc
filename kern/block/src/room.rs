//! Room for dirt: what is dirty, and what is about to be, counts in an account of the owner's.
//!
//! ```text
//!  take_room ──► promised ──► the change is made ──► dirty ──► on the disk: given back
//!                    └── Room is dropped: what of it did not become dirt is given back
//! ```
//! Nothing here waits: who finds no room writes back, and asks again when a write has ended.

use crate::pages::Pages;
use crate::{Cache, Loan};
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use hyper::{Account, Grant};

/// What dirt there is, and what of it is taken from the account.
pub(crate) struct DirtCount {
    /// Covers what is held and what is promised.
    grant: Grant,
    /// Of dirty pages that do not stand in lent memory.
    dirty_bytes: u64,
    /// Of memory that dirty pages stand in and that is not theirs.
    lent_bytes: Rc<Cell<u64>>,
    promised_bytes: u64,
}

/// Counts in an account without bounds.
impl Default for DirtCount {
    fn default() -> Self {
        let (grant, lent_bytes) = (Account::default().take_anyway(0), Rc::default());
        Self { grant, dirty_bytes: 0, lent_bytes, promised_bytes: 0 }
    }
}

impl DirtCount {
    /// Memory of a call is lent, so many bytes of it.
    pub(crate) fn lend(&self, bytes: u64) -> Rc<Loan> {
        Loan::new(bytes, &self.lent_bytes)
    }

    /// Bytes of dirty pages, and of the memory that others of them stand in.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.dirty_bytes + self.lent_bytes.get()
    }

    /// A page that had `before` bytes of dirt has `after` bytes now. What was promised for it is
    /// taken already; what was not is taken now.
    pub(crate) fn change(&mut self, before: u64, after: u64) {
        self.dirty_bytes = self.dirty_bytes - before + after;
        self.note_returned();
    }

    /// Memory that was lent may have gone back.
    pub(crate) fn note_returned(&mut self) {
        let (held_bytes, granted_bytes) = (self.held_bytes(), self.grant.bytes());
        self.grant.set(self.taken_bytes().min(granted_bytes).max(held_bytes));
    }

    fn taken_bytes(&self) -> u64 {
        self.held_bytes() + self.promised_bytes
    }

    fn settle(&mut self) {
        self.grant.set(self.taken_bytes());
    }

    fn promise(&mut self, bytes: u64) -> bool {
        let is_granted = self.grant.grow(bytes);
        self.promised_bytes += if is_granted { bytes } else { 0 };
        is_granted
    }

    fn promise_anyway(&mut self, bytes: u64) {
        self.promised_bytes += bytes;
        self.settle();
    }

    /// Ends a promise.
    fn take_back(&mut self, bytes: u64) {
        self.promised_bytes -= bytes;
        self.settle();
    }
}

/// Room for dirt that is about to come, until this is dropped.
pub struct Room {
    pages: Rc<RefCell<Pages>>,
    bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.pages.borrow_mut().dirt_count().take_back(self.bytes);
        // There is room again, or dirt that nobody has begun to write.
        let ends = self.pages.borrow().ends();
        ends.wake_all();
    }
}

impl Cache {
    /// The same cache, whose dirt counts in `account`.
    pub fn on_account(self, account: &Account) -> Self {
        self.pages.borrow_mut().dirt_count().grant = account.take_anyway(0);
        self
    }

    /// What [`Cache::dirty_bytes`] says, and room that is taken for more.
    pub fn taken_bytes(&self) -> u64 {
        self.pages.borrow_mut().dirt_count().taken_bytes()
    }

    /// Takes room for `bytes` of dirt, if the account has it at this moment.
    pub fn take_room(&self, bytes: u64) -> Option<Room> {
        let is_granted = self.pages.borrow_mut().dirt_count().promise(bytes);
        is_granted.then(|| Room { pages: self.pages.clone(), bytes })
    }

    /// Takes room for `bytes` of dirt, whatever the account says.
    pub fn take_room_anyway(&self, bytes: u64) -> Room {
        self.pages.borrow_mut().dirt_count().promise_anyway(bytes);
        Room { pages: self.pages.clone(), bytes }
    }
}
