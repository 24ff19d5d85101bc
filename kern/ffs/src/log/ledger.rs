//! Which transactions the log must still keep.
//!
//! ```text
//!        oldest                                   newest
//! tail ──► | transaction | transaction | transaction | ──► head
//!            left: 2 pages  left: 0       left: 5
//! ```
//! A page logged by a transaction is *left* while its contents are neither in place nor, sector
//! by sector, in a later transaction. The log keeps everything from the oldest transaction on that
//! has pages left, and always the newest list of inodes, unless that is empty.

use super::batch::Batch;
use super::need::Need;
use crate::layout::log::{Circle, Extent, Header};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use block::{PageNo, Sectors};

/// A transaction in the log.
struct Entry {
    sequence: u64,
    /// Where it begins.
    at: u64,
    bytes: u64,
    /// How many of its pages are left.
    left: usize,
    /// Pages that may be left.
    pages: Vec<PageNo>,
}

/// The newest list of inodes without names.
#[derive(Clone, Copy)]
struct List {
    at: u64,
    is_empty: bool,
}

/// The books of the log. All places are counted from its beginning.
pub(super) struct Ledger {
    circle: Circle,
    page_bytes: u32,
    head: u64,
    list: List,
    entries: VecDeque<Entry>,
    /// What is left of each page, by transaction.
    left: BTreeMap<PageNo, Vec<(u64, Sectors)>>,
    /// The number of the next transaction.
    next_sequence: u64,
}

impl Ledger {
    /// The books of a log with nothing in it but, perhaps, a list of inodes.
    pub fn new(header: &Header, page_bytes: u32) -> Self {
        Self {
            circle: header.circle,
            page_bytes,
            head: header.head(),
            list: List { at: header.tail, is_empty: header.used_bytes == 0 },
            entries: VecDeque::new(),
            left: BTreeMap::new(),
            next_sequence: 0,
        }
    }

    /// Where the next transaction begins.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The number of the newest transaction and one: all of a lower number are in the log.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Where the oldest of what must be kept begins, and how many bytes it is from there to `head`.
    pub fn kept(&self, head: u64) -> (u64, u64) {
        let tail = match self.entries.front() {
            Some(oldest) => oldest.at,
            None if !self.list.is_empty => self.list.at,
            None => head,
        };
        (tail, self.circle.distance(tail, head))
    }

    /// The same as [`Ledger::kept`], once a transaction of this need is in the log too.
    pub fn kept_with(&self, need: Need) -> (u64, u64) {
        let tail = self.entries.front().map_or(self.head, |oldest| oldest.at);
        let head = self.circle.advance(self.head, need.bytes());
        (tail, self.circle.distance(tail, head))
    }

    /// A transaction is in the log.
    pub fn append(&mut self, batch: &Batch<'_>, need: Need) {
        let (sequence, at) = (self.next_sequence, self.head);
        self.next_sequence += 1;
        self.head = self.circle.advance(at, need.bytes());
        let list_at = self.circle.advance(at, need.contents_bytes);
        self.list = List { at: list_at, is_empty: batch.unlinked.is_empty() };
        for &extent in batch.revoked {
            self.revoke(extent);
        }
        let pages = batch.pages.iter().map(|logged| logged.page).collect();
        let (left, bytes) = (batch.pages.len(), need.bytes());
        self.entries.push_back(Entry { sequence, at, bytes, left, pages });
        for logged in batch.pages {
            self.supersede(logged.page, logged.sectors);
            self.left.entry(logged.page).or_default().push((sequence, logged.sectors));
        }
        self.forget_oldest();
    }

    /// What stood in the freed extent needs not come to its place any more.
    fn revoke(&mut self, extent: Extent) {
        let page_bytes = u64::from(self.page_bytes);
        let first = extent.offset_bytes / page_bytes;
        let last = (extent.end_bytes() - 1) / page_bytes;
        for page in first..=last {
            let start = extent.offset_bytes.saturating_sub(page * page_bytes);
            let end = (extent.end_bytes() - page * page_bytes).min(page_bytes);
            self.supersede(PageNo(page), Sectors::of(start as usize..end as usize));
        }
    }

    /// These sectors of a page are left no longer.
    fn supersede(&mut self, page: PageNo, sectors: Sectors) {
        self.settle(page, |_, left| left.without(sectors));
    }

    /// Everything that transactions below `sequence` logged of this page is in place.
    pub fn in_place(&mut self, page: PageNo, sequence: u64) {
        self.settle(page, |at, left| if at < sequence { Sectors::NONE } else { left });
    }

    fn settle(&mut self, page: PageNo, rest: impl Fn(u64, Sectors) -> Sectors) {
        let Some(left) = self.left.get_mut(&page) else { return };
        let entries = &mut self.entries;
        left.retain_mut(|(sequence, sectors)| {
            *sectors = rest(*sequence, *sectors);
            if sectors.is_empty() {
                drop_one(entries, *sequence);
            }
            !sectors.is_empty()
        });
        if left.is_empty() {
            self.left.remove(&page);
        }
    }

    /// Forgets the oldest transactions as far as their pages are in place, as `is_in_place` says
    /// of a page altogether.
    pub fn refresh(&mut self, is_in_place: impl Fn(PageNo) -> bool) {
        while let Some(entry) = self.entries.front_mut() {
            let Some(page) = entry.pages.pop() else { break };
            let sequence = entry.sequence;
            let is_left = self.left.get(&page).is_some_and(|left| is_among(left, sequence));
            if is_left && !is_in_place(page) {
                self.entries[0].pages.push(page);
                break;
            }
            if is_left {
                self.in_place(page, u64::MAX);
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.left == 0) {
            self.entries.pop_front();
        }
    }

    /// Pages to write in place so that about `bytes` of the log need be kept no longer.
    pub fn oldest_pages(&self, bytes: u64) -> Vec<PageNo> {
        let mut pages = Vec::new();
        let mut freed_bytes = 0;
        for entry in &self.entries {
            if freed_bytes >= bytes {
                break;
            }
            let is_left = |page: &&PageNo| {
                self.left.get(page).is_some_and(|left| is_among(left, entry.sequence))
            };
            pages.extend(entry.pages.iter().filter(is_left));
            freed_bytes += entry.bytes;
        }
        pages
    }
}

fn is_among(left: &[(u64, Sectors)], sequence: u64) -> bool {
    left.iter().any(|&(at, _)| at == sequence)
}

fn drop_one(entries: &mut VecDeque<Entry>, sequence: u64) {
    let oldest = entries.front().map_or(sequence, |entry| entry.sequence);
    if let Some(entry) = sequence.checked_sub(oldest).and_then(|at| entries.get_mut(at as usize)) {
        entry.left -= 1;
    }
}
