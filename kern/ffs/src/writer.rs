//! What a file system that may be changed knows beside its pages: counts, the open compound
//! transaction, what is withheld, and whose data is dirty.

use crate::allocate::{Placement, Withheld};
use crate::commit::Commits;
use crate::contents::{DirtyFiles, Failures};
use crate::file_system::Ffs;
use crate::layout::{CylGroup, FragNo, Inode, Lbn, Summary, TotalSummary};
use crate::log::{Log, Need};
use crate::reclaim::{Doomed, Owners};
use crate::transaction::{Halt, Step, Transaction};
use abi::{Errno, InodeNo};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use block::{Account, Grant, PageNo, SECTOR_BYTES, Sectors};
use bytes::Bytes;
use core::cell::{Cell, RefCell};

pub(crate) use crate::directory::IndexChange;

/// Most sectors of metadata in one compound transaction without a log.
const OPEN_SECTORS_MAX: u32 = 4096;

/// As many extents given back fill a compound transaction, whatever its log could take: they are
/// kept one by one until it is durable.
const OPEN_EXTENTS_MAX: usize = 65536;

/// What a transaction adds to a compound one, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Sectors of metadata.
    pub(crate) sectors: u32,
    /// Extents that the log must not write any more.
    pub(crate) revoked: usize,
    /// Files without names.
    pub(crate) unlinked: usize,
}

/// Fragments in a row, within one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) at: FragNo,
    pub(crate) frags: u32,
    /// The log may have contents of theirs, which no replay may write any more.
    pub(crate) was_metadata: bool,
}

/// Metadata of one page, as one transaction left it.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) page: PageNo,
    pub(crate) bytes: Bytes,
    pub(crate) sectors: Sectors,
    /// Those of the sectors that were free before.
    pub(crate) new: Sectors,
}

/// The two layers of a transaction, for a file system without a log.
#[derive(Debug)]
pub(crate) struct Ordered {
    pub(crate) grow: Vec<Snapshot>,
    pub(crate) shrink: Vec<Snapshot>,
    /// The memory of both.
    grant: Grant,
}

impl Ordered {
    /// Keeps whole pages of its own, which count in `account`.
    pub(crate) fn new(grow: Vec<Snapshot>, shrink: Vec<Snapshot>, account: &Account) -> Self {
        let bytes = grow.iter().chain(&shrink).map(|part| part.bytes.len() as u64).sum();
        Self { grow, shrink, grant: account.take_anyway(bytes) }
    }
}

/// The compound transaction that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// Metadata changed; with a log.
    pages: BTreeMap<PageNo, Sectors>,
    /// Sectors of all pages together; without a log, all sectors of every snapshot.
    sectors: u32,
    /// How many of the extents given back were metadata.
    revoked: usize,
    /// The same, one by one; without a log.
    pub(crate) ordered: Vec<Ordered>,
    /// Pages with data in fragments that were free before: to be written first.
    pub(crate) fresh: BTreeSet<PageNo>,
    /// Pages with data that somebody wants to be durable.
    pub(crate) stable: BTreeSet<PageNo>,
    /// Fragments given back.
    pub(crate) freed: Vec<Extent>,
    /// Whether anything has joined.
    pub(crate) is_used: bool,
}

impl Open {
    /// Metadata of a page was changed.
    pub(crate) fn add(&mut self, page: PageNo, sectors: Sectors) {
        let all = self.pages.entry(page).or_default();
        self.sectors += sectors.without(*all).count();
        *all |= sectors;
    }

    /// Sectors of a page are metadata no longer.
    pub(crate) fn remove(&mut self, page: PageNo, sectors: Sectors) {
        if let Some(all) = self.pages.get_mut(&page) {
            self.sectors -= sectors.intersection(*all).count();
            *all = all.without(sectors);
        }
    }

    /// A transaction joined that is to be written in steps.
    pub(crate) fn add_ordered(&mut self, ordered: Ordered) {
        self.sectors += (ordered.grant.bytes() / SECTOR_BYTES as u64) as u32;
        if !(ordered.grow.is_empty() && ordered.shrink.is_empty()) {
            self.ordered.push(ordered);
        }
    }

    /// Whether there is more in it than data.
    pub(crate) fn has_changes(&self) -> bool {
        !(self.pages.is_empty() && self.ordered.is_empty() && self.freed.is_empty())
    }

    /// Whether no more may join, whatever it is.
    fn is_full(&self) -> bool {
        self.freed.len() >= OPEN_EXTENTS_MAX
    }

    /// Fragments were given back.
    pub(crate) fn add_freed(&mut self, extents: Vec<Extent>) {
        self.revoked += extents.iter().filter(|extent| extent.was_metadata).count();
        self.freed.extend(extents);
    }

    /// Pages with metadata that was changed; of some of them none is left.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (PageNo, Sectors)> {
        self.pages.iter().map(|(&page, &sectors)| (page, sectors))
    }
}

/// See the top of the file.
pub(crate) struct Writer {
    /// `None` if metadata is written in steps.
    pub(crate) log: Option<Log>,
    pub(crate) commits: Commits,
    pub(crate) open: RefCell<Open>,
    /// Fragments freed and not to be given out yet.
    pub(crate) withheld: RefCell<Withheld>,
    /// What guides the allocator.
    pub(crate) placement: RefCell<Placement>,
    /// Files without names that still have blocks, with their modes.
    pub(crate) unlinked: RefCell<BTreeMap<InodeNo, u16>>,
    /// Who takes them apart.
    pub(crate) doomed: Doomed,
    /// Blocks of data that may be dirty, by file.
    pub(crate) dirty_files: RefCell<DirtyFiles>,
    /// Who has to be told of lost data.
    pub(crate) failures: RefCell<Failures>,
    summaries: RefCell<Vec<Summary>>,
    total: Cell<TotalSummary>,
    verifier: Cell<u64>,
    /// Why nothing may be changed any more.
    pub(crate) failed: Cell<Option<Errno>>,
    /// The disk takes no space back.
    pub(crate) keeps_space: Cell<bool>,
}

impl Writer {
    pub(crate) fn new(log: Option<Log>, summaries: Vec<Summary>, verifier: u64) -> Self {
        let none = TotalSummary::default();
        let total = summaries.iter().fold(none, |total, &summary| total.plus(summary));
        Self {
            log,
            commits: Commits::default(),
            open: RefCell::default(),
            withheld: RefCell::default(),
            placement: RefCell::default(),
            unlinked: RefCell::default(),
            doomed: Doomed::default(),
            dirty_files: RefCell::default(),
            failures: RefCell::default(),
            summaries: RefCell::new(summaries),
            total: Cell::new(total),
            verifier: Cell::new(verifier),
            failed: Cell::new(None),
            keeps_space: Cell::new(false),
        }
    }

    /// Whether transactions go through a log.
    pub(crate) fn has_log(&self) -> bool {
        self.log.is_some()
    }

    /// Whether the open compound transaction keeps pages of its own.
    pub(crate) fn keeps_snapshots(&self) -> bool {
        !self.open.borrow().ordered.is_empty()
    }

    /// The counts of one group.
    pub(crate) fn summary(&self, group: CylGroup) -> Summary {
        self.summaries.borrow().get(group.0 as usize).copied().unwrap_or_default()
    }

    /// The counts of all groups, in their order.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        self.summaries.borrow().clone()
    }

    /// The sum of all groups.
    pub(crate) fn total(&self) -> TotalSummary {
        self.total.get()
    }

    /// Takes over a change of a group's counts.
    pub(crate) fn count(&self, group: CylGroup, change: Summary) {
        if let Some(summary) = self.summaries.borrow_mut().get_mut(group.0 as usize) {
            *summary = summary.plus(change);
        }
        self.total.set(self.total.get().plus(change));
    }

    /// See [`vfs::WritableFileSystem::write_verifier`].
    pub(crate) fn verifier(&self) -> u64 {
        self.verifier.get()
    }

    /// Whether a transaction may join the open one: together they must not need more of the log
    /// than one may.
    ///
    /// # Errors
    /// `Halt::Commit` if that has to be committed first; `NoSpace` if the log is too small for
    /// this one alone.
    pub(crate) fn admit(&self, ffs: &Ffs, transaction: &Transaction<'_>) -> Step<()> {
        let open = self.open.borrow();
        if open.is_full() {
            return Err(Halt::Commit);
        }
        let unlinked = self.unlinked.borrow().len();
        let used = Weight { sectors: open.sectors, revoked: open.revoked, unlinked };
        let weight = transaction.weight();
        match (self.excess(used, weight), open.is_used) {
            (None, _) => Ok(()),
            (Some(_), true) => Err(Halt::Commit),
            (Some(_), false) if self.log.is_none() => Ok(()),
            (Some(bytes), false) => {
                let sectors = weight.sectors;
                ffs.damaged(format_args!(
                    "a change of {sectors} sectors needs {bytes} bytes more than the log takes at \
                     a time: make a larger log"
                ));
                Err(Errno::NoSpace.into())
            }
        }
    }

    /// By how many bytes both are too much together, if they are.
    fn excess(&self, used: Weight, weight: Weight) -> Option<u64> {
        let sectors = used.sectors + weight.sectors;
        let Some(log) = &self.log else {
            return u64::from(sectors)
                .checked_sub(OPEN_SECTORS_MAX.into())
                .filter(|&more| more > 0);
        };
        // Each sector may be a run by itself, and takes a block of the log.
        let block_bytes = log.block_bytes();
        let need = Need::new(
            block_bytes,
            used.revoked + weight.revoked,
            sectors as usize,
            u64::from(sectors) * u64::from(block_bytes),
            used.unlinked + weight.unlinked,
        );
        need.bytes().checked_sub(log.transaction_bytes_max()).filter(|&more| more > 0)
    }

    /// Takes over what a transaction says of files: which have no names, and where their dirty
    /// data is.
    pub(crate) fn take_note(
        &self,
        unlinked: Vec<(InodeNo, Option<Inode>)>,
        cut: Vec<(InodeNo, Lbn)>,
        dirty: Vec<(InodeNo, Lbn, PageNo)>,
    ) {
        for (number, inode) in unlinked {
            match inode {
                Some(inode) => {
                    self.unlinked.borrow_mut().insert(number, inode.mode);
                    self.doomed.add(number, Owners::of(&inode));
                }
                None => {
                    self.unlinked.borrow_mut().remove(&number);
                }
            }
        }
        let mut files = self.dirty_files.borrow_mut();
        for (inode, lbn) in cut {
            files.cut(inode, lbn);
        }
        for (inode, lbn, page) in dirty {
            files.note(inode, lbn, page);
        }
    }

    /// Unstable data may have been lost.
    pub(crate) fn change_verifier(&self) {
        self.verifier.set(self.verifier.get().wrapping_add(1));
    }
}
