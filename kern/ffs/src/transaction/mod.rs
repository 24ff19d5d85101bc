//! Transactions: every change of metadata, as a closure that never waits.
//!
//! [`Ffs::transact`] runs the closure over an overlay of what is in memory. What it lacks ends the
//! run with a [`Halt`]; `transact` gets it and runs the closure again from its beginning. A run
//! that succeeds is applied at once, one that fails leaves nothing behind. As nothing else runs in
//! between, transactions need no locks and are never half-done, whoever drops a future.
//!
//! ```text
//! closure ──► Transaction (overlay) ──► apply ──► page cache, inode cache, counts, Open
//!    ▲  Halt::Page: load it                                                    │ commit
//!    ├─ Halt::Commit: wait for one                                             ▼
//!    └─ Halt::Again: at once                                              log, or ordered steps
//! ```
//! A transaction has two layers: what grows and, after [`Transaction::shrink`], what shrinks. With
//! a log they are one; without it, they are written one after the other (see `commit`).

mod apply;
mod overlay;

use crate::contents::Replaced;
use crate::file_system::Ffs;
use crate::layout::{CylGroup, FragNo, Inode, Lbn, Summary, TotalSummary};
use crate::quota::QuotaKind;
use crate::reclaim::Lack;
use crate::writer::{Extent, IndexChange, Writer};
use abi::{Errno, InodeNo, Result, Timestamp};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use block::{PageNo, Sectors};
use overlay::Layer;

/// Why a run of a transaction ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// This page is needed and not in memory.
    Page(PageNo),
    /// What is needed, space or room in the log, comes with the next commit.
    Commit,
    /// It was found out on the way that something else is to be done.
    Again,
    /// It cannot be done.
    Errno(Errno),
}

impl From<Errno> for Halt {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

/// What a part of a transaction returns.
pub(crate) type Step<T> = core::result::Result<T, Halt>;

/// A change in the making.
pub(crate) struct Transaction<'a> {
    pub(crate) ffs: &'a Ffs,
    pub(crate) writer: &'a Writer,
    /// The moment of the operation.
    pub(crate) time: Timestamp,
    grow: Layer,
    /// `None` before [`Transaction::shrink`], and always with a log.
    shrink: Option<Layer>,
    /// Inodes as they are now, decoded.
    inodes: BTreeMap<InodeNo, Inode>,
    /// Pages with data in fragments that were free before.
    fresh: BTreeSet<PageNo>,
    /// Fragments and inodes that were free before.
    new: BTreeMap<PageNo, Sectors>,
    /// Pages with data that must be durable with this transaction.
    stable: BTreeSet<PageNo>,
    /// Fragments given back.
    freed: Vec<Extent>,
    /// Fragments to be given back when all else is done.
    pub(crate) replaced: Replaced,
    /// Changes of the counts of groups.
    counts: BTreeMap<CylGroup, Summary>,
    /// Files without names from now on, and (`None`) those that are gone.
    unlinked: Vec<(InodeNo, Option<Inode>)>,
    /// What becomes of name indexes.
    index_changes: Vec<(InodeNo, IndexChange)>,
    /// Dirty blocks of data, by file.
    dirty: Vec<(InodeNo, Lbn, PageNo)>,
    /// Files whose dirty blocks from this one on are gone.
    cut: Vec<(InodeNo, Lbn)>,
    /// Groups in which an inode was asked for, and whether for a directory.
    placed: Vec<(CylGroup, bool)>,
    /// Whose quota it has found used up.
    pub(crate) over_quota: Option<(QuotaKind, u32)>,
}

/// Why a transaction cannot be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) errno: Errno,
    /// What it lacked, if that may come back.
    lack: Option<Lack>,
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Self {
        Self { errno, lack: None }
    }
}

impl Ffs {
    /// Runs `work` until it succeeds or fails for good, and applies what it did. Where it lacks
    /// space, or quota, that files which are being taken apart will give back, it waits for them.
    ///
    /// # Errors
    /// `ReadOnly` if nothing may be changed; what `work` says; `Io` if a page cannot be read.
    pub(crate) async fn transact<T>(
        &self,
        time: Timestamp,
        mut work: impl FnMut(&mut Transaction<'_>) -> Step<T>,
    ) -> Result<T> {
        let mut awaited = None;
        loop {
            let refused = match self.attempt(time, &mut work, || self.changeable()).await {
                Ok(value) => return Ok(value),
                Err(refused) => refused,
            };
            let Some(lack) = refused.lack else { return Err(refused.errno) };
            // What is doomed later is no more waited for: that would never end. What is lacking may
            // be another thing by now.
            let awaited = awaited.get_or_insert(self.changeable()?.doomed.awaited(lack));
            awaited.lack = lack;
            if !self.wait_for_reclaim(awaited).await? {
                return Err(refused.errno);
            }
        }
    }

    /// The same without waiting for files that are being taken apart. `writer` says whether there
    /// may be changes, before each run.
    ///
    /// # Errors
    /// As [`Ffs::transact`].
    pub(crate) async fn attempt<'a, T>(
        &'a self,
        time: Timestamp,
        work: &mut impl FnMut(&mut Transaction<'_>) -> Step<T>,
        writer: impl Fn() -> Result<&'a Writer>,
    ) -> core::result::Result<T, Refused> {
        // Nothing that was loaded for this transaction is evicted before its next run.
        let mut pinned = Vec::new();
        loop {
            let mut transaction = Transaction::new(self, writer()?, time);
            let done = match work(&mut transaction) {
                Ok(value) => transaction.finish().map(|()| value),
                Err(Halt::Errno(errno)) => return Err(transaction.refused(errno)),
                Err(halt) => Err(halt),
            };
            match done {
                Ok(value) => return Ok(value),
                Err(Halt::Errno(errno)) => return Err(errno.into()),
                Err(Halt::Page(page)) => pinned.push(self.cache.pin(page).await?),
                Err(Halt::Commit) => self.commit_for_room().await?,
                Err(Halt::Again) => {}
            }
        }
    }
}

impl<'a> Transaction<'a> {
    fn new(ffs: &'a Ffs, writer: &'a Writer, time: Timestamp) -> Self {
        Self {
            ffs,
            writer,
            time,
            grow: Layer::default(),
            shrink: None,
            inodes: BTreeMap::new(),
            fresh: BTreeSet::new(),
            new: BTreeMap::new(),
            stable: BTreeSet::new(),
            freed: Vec::new(),
            replaced: Replaced::new(),
            counts: BTreeMap::new(),
            unlinked: Vec::new(),
            index_changes: Vec::new(),
            dirty: Vec::new(),
            cut: Vec::new(),
            placed: Vec::new(),
            over_quota: None,
        }
    }

    /// Nothing more is to be done in it.
    fn finish(mut self) -> Step<()> {
        self.free_replaced()?;
        self.apply()
    }

    fn refused(&self, errno: Errno) -> Refused {
        let lack = match errno {
            Errno::NoSpace => Some(Lack::Space),
            Errno::QuotaExceeded => Some(Lack::Quota(self.over_quota)),
            _ => None,
        };
        Refused { errno, lack }
    }

    /// From here on the transaction takes away: names, pointers, then what they led to. What it
    /// adds (an inode initialized, a link counted, a new entry) comes before.
    pub(crate) fn shrink(&mut self) {
        if !self.writer.has_log() && self.shrink.is_none() {
            self.shrink = Some(Layer::default());
        }
    }

    /// Nothing on the disk leads to what stands in these sectors of a page.
    pub(crate) fn note_new(&mut self, page: PageNo, sectors: Sectors) {
        *self.new.entry(page).or_default() |= sectors;
    }

    /// Gives back fragments that lie in one block. The bitmaps are the allocator's business; here
    /// it is noted that nobody may have them before this transaction is durable, and, if they were
    /// metadata, that no replay may write their old contents.
    pub(crate) fn note_freed(&mut self, at: FragNo, frags: u32, was_metadata: bool) {
        self.freed.push(Extent { at, frags, was_metadata });
    }

    /// What was given back so far.
    pub(crate) fn freed(&self) -> &[Extent] {
        &self.freed
    }

    /// Changes the counts of a group, here and in the group's copy the caller sees to.
    pub(crate) fn count(&mut self, group: CylGroup, change: Summary) {
        let sum = self.counts.entry(group).or_default();
        *sum = sum.plus(change);
    }

    /// The counts of a group as they are now.
    pub(crate) fn counts_of(&self, group: CylGroup) -> Summary {
        let change = self.counts.get(&group).copied().unwrap_or_default();
        self.writer.summary(group).plus(change)
    }

    /// The counts of all groups as they are now.
    pub(crate) fn total(&self) -> TotalSummary {
        self.counts.values().fold(self.writer.total(), |total, &change| total.plus(change))
    }

    /// An inode was asked for in a group.
    pub(crate) fn note_placed(&mut self, group: CylGroup, is_directory: bool) {
        self.placed.push((group, is_directory));
    }

    /// What stands in a page that was free before is to be in place before this transaction.
    pub(crate) fn note_fresh(&mut self, page: PageNo) {
        self.fresh.insert(page);
    }

    /// The file has lost its last name; the log remembers it until [`Transaction::note_gone`].
    pub(crate) fn note_unlinked(&mut self, number: InodeNo, inode: Inode) {
        self.unlinked.push((number, Some(inode)));
    }

    /// The inode of a file without names is free.
    pub(crate) fn note_gone(&mut self, inode: InodeNo) {
        self.unlinked.push((inode, None));
    }

    /// What becomes of the name index of a directory, once this is applied.
    pub(crate) fn change_index(&mut self, directory: InodeNo, change: IndexChange) {
        self.index_changes.push((directory, change));
    }

    /// Block `lbn` of a file has data in `page` that is not on the disk. `fresh`: in fragments that
    /// were free before this transaction. `stable`: it is to be durable with this transaction.
    pub(crate) fn note_dirty(
        &mut self,
        (inode, lbn): (InodeNo, Lbn),
        page: PageNo,
        fresh: bool,
        stable: bool,
    ) {
        self.dirty.push((inode, lbn, page));
        if fresh {
            self.fresh.insert(page);
        }
        if stable {
            self.stable.insert(page);
        }
    }

    /// Blocks from `lbn` on are no longer the file's.
    pub(crate) fn note_cut(&mut self, inode: InodeNo, lbn: Lbn) {
        self.cut.push((inode, lbn));
    }
}
