//! Which compound transactions are durable, which one is being committed, and whose turn it is.

use super::seal::Sealed;
use crate::under_way::UnderWay;
use crate::writer::{Open, Writer};
use abi::{Errno, Result, Timestamp};
use alloc::rc::Rc;
use block::PageNo;
use core::cell::{Cell, RefCell};
use task::{ExclusiveGuard, Lock};

/// What was committed, and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Transactions: changes of metadata, each whole or not at all.
    pub transactions: u64,
    /// Commits: compound transactions made durable.
    pub commits: u64,
    /// Times that the disk was asked to make durable what it had been given.
    pub flushes: u64,
    /// Bytes written into the log.
    pub log_bytes: u64,
}

/// See the top of the file. Compound transactions are numbered as they are opened.
#[derive(Default)]
pub(crate) struct Commits {
    turn: Lock,
    sealed: RefCell<Option<Rc<Sealed>>>,
    /// The number of the open one.
    open: Cell<u64>,
    /// The number of the first one that is not durable.
    durable: Cell<u64>,
    /// The newest one with data that could not be written.
    trouble: Cell<Option<u64>>,
    /// The time of the newest transaction.
    time: Cell<Timestamp>,
    is_started: Cell<bool>,
    /// Whether the superblock says that the file system is in use.
    is_in_use: Cell<bool>,
    is_closed: Cell<bool>,
    /// What closing came to.
    outcome: Cell<Option<Result<()>>>,
    /// Writes of the superblock.
    pub(super) under_way: UnderWay,
    /// Space given back to the disk, of what is sealed.
    pub(super) discards: UnderWay,
    counters: Cell<Counters>,
}

impl Commits {
    /// Waits for the right to commit.
    pub(super) async fn turn(&self) -> ExclusiveGuard<'_> {
        self.turn.exclusive().await
    }

    /// The number that must be durable so that all that was ordered is.
    pub(super) fn wanted(&self, open: &Open) -> Option<u64> {
        let number = self.open.get();
        if open.is_used { Some(number) } else { number.checked_sub(1) }
    }

    pub(super) fn is_durable(&self, wanted: Option<u64>) -> bool {
        wanted.is_none_or(|number| number < self.durable.get())
    }

    /// What was sealed and is not durable.
    pub(super) fn sealed(&self) -> Option<Rc<Sealed>> {
        self.sealed.borrow().clone()
    }

    /// Whether data of a page must be on the disk before what was sealed is durable.
    pub(crate) fn owes(&self, page: PageNo) -> bool {
        let sealed = self.sealed.borrow();
        let is_owed = |it: &Rc<Sealed>| it.fresh.contains(&page) || it.stable.contains(&page);
        sealed.as_ref().is_some_and(is_owed)
    }

    /// The number of the transaction that is being sealed; the next one is open now.
    pub(super) fn next_number(&self) -> u64 {
        let number = self.open.get();
        self.open.set(number + 1);
        number
    }

    pub(super) fn set_sealed(&self, sealed: &Rc<Sealed>) {
        *self.sealed.borrow_mut() = Some(sealed.clone());
    }

    pub(super) fn conclude(&self, sealed: &Sealed) {
        self.durable.set(sealed.number + 1);
        *self.sealed.borrow_mut() = None;
        self.count(|counters| counters.commits += 1);
    }

    /// Data that was to be durable with this transaction is lost.
    pub(super) fn note_trouble(&self, number: u64) {
        self.trouble.set(self.trouble.get().max(Some(number)));
    }

    /// Whether data was lost that was to be durable with this transaction or a later one.
    pub(super) fn trouble_since(&self, number: u64) -> Result<()> {
        let is_later = self.trouble.get().is_some_and(|trouble| trouble >= number);
        if is_later { Err(Errno::Io) } else { Ok(()) }
    }

    /// The number of the first transaction that is not durable.
    pub(super) fn durable(&self) -> u64 {
        self.durable.get()
    }

    /// Data of this page is lost. Says whether it had to be there first; who waits for it to be
    /// durable will know.
    pub(crate) fn note_lost(&self, open: &Open, page: PageNo) -> bool {
        let sealed = self.sealed();
        if open.stable.contains(&page) {
            self.note_trouble(self.open.get());
        }
        if let Some(sealed) = sealed.as_ref().filter(|sealed| sealed.stable.contains(&page)) {
            self.note_trouble(sealed.number);
        }
        open.fresh.contains(&page) || sealed.is_some_and(|sealed| sealed.fresh.contains(&page))
    }

    /// A transaction has joined the open one.
    pub(crate) fn note_joined(&self, time: Timestamp) {
        self.time.set(self.time.get().max(time));
        self.count(|counters| counters.transactions += 1);
    }

    /// The time of the newest transaction.
    pub(crate) fn time(&self) -> Timestamp {
        self.time.get()
    }

    /// Whether the superblock says that the file system is in use, and how.
    pub(super) fn is_started(&self) -> bool {
        self.is_started.get()
    }

    pub(super) fn set_started(&self) {
        self.is_started.set(true);
        self.is_in_use.set(true);
    }

    /// A crash has left the superblock saying that the file system is in use.
    pub(crate) fn note_recovered(&self) {
        self.is_in_use.set(true);
    }

    pub(super) fn is_in_use(&self) -> bool {
        self.is_in_use.get()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    pub(super) fn close(&self) {
        self.is_closed.set(true);
    }

    /// What closing came to, if it has ended.
    pub(super) fn outcome(&self) -> Option<Result<()>> {
        self.outcome.get()
    }

    /// Closing has ended; who was first says how.
    pub(super) fn conclude_all(&self, outcome: Result<()>) -> Result<()> {
        let outcome = self.outcome.get().unwrap_or(outcome);
        self.outcome.set(Some(outcome));
        outcome
    }

    pub(super) fn count_flush(&self) {
        self.count(|counters| counters.flushes += 1);
    }

    fn count(&self, change: impl FnOnce(&mut Counters)) {
        let mut counters = self.counters.get();
        change(&mut counters);
        self.counters.set(counters);
    }
}

impl Writer {
    /// Whether there are transactions that are not durable.
    pub(crate) fn has_uncommitted(&self) -> bool {
        self.open.borrow().is_used || self.commits.sealed.borrow().is_some()
    }

    pub(super) fn counters(&self) -> Counters {
        let counters = self.commits.counters.get();
        let Some(log) = &self.log else { return counters };
        let flushes = counters.flushes + log.flushes();
        Counters { flushes, log_bytes: log.written_bytes(), ..counters }
    }
}
