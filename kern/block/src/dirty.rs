//! Pages whose contents the disk does not have yet.
//!
//! They stand outside of the [`Clock`](crate::Clock), so nothing evicts them; one that is wholly
//! written goes back there. Dirt is a set of sectors, of three kinds:
//!
//! ```text
//!            change                release                    write_back
//!  data ───► free ──────────────────────────────────────────► being written ──► clean
//!  metadata ► held ──────► released (as the log has it) ────► being written ──► clean
//! ```

use crate::versions::Versions;
use crate::write_back::{Piece, Progress, Write};
use crate::{PageNo, Sectors};
use abi::{Errno, Result};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;
use hashbrown::HashMap;

/// One page with dirt.
pub(crate) struct DirtyPage {
    /// The contents, oldest first, the newest last, and there always.
    versions: Versions,
    free: Sectors,
    released: Sectors,
    /// The contents that were released last; they have all that was released before, too.
    snapshot: Bytes,
    writing: Option<Write>,
    /// What is written when `writing` has ended.
    next: Option<Write>,
    /// When the oldest dirt that may be written came, as a number in order.
    since: u64,
    /// A read of this page is under way. What it brings is older than what is here.
    is_loading: bool,
    /// Data was lost: these are contents that the disk will never have.
    is_lost: bool,
}

impl DirtyPage {
    pub(crate) fn new(bytes: Bytes, is_loading: bool) -> Self {
        Self {
            versions: Versions::new(bytes),
            free: Sectors::NONE,
            released: Sectors::NONE,
            snapshot: Bytes::new(),
            writing: None,
            next: None,
            since: 0,
            is_loading,
            is_lost: false,
        }
    }

    /// Takes new contents. A sector is of the kind that was said last.
    pub(crate) fn change(&mut self, bytes: Bytes, free: Sectors, held: Sectors) {
        let all = Sectors::of(0..bytes.len());
        let held = held.intersection(all);
        let free = free.intersection(all).without(held);
        self.forget_metadata(free);
        self.free = self.free.without(held) | free;
        self.versions.add(bytes, held);
    }

    /// The log has `sectors` as they stand in `bytes`.
    pub(crate) fn release(&mut self, bytes: Bytes, sectors: Sectors) {
        let sectors = self.versions.release(&bytes, sectors);
        if !sectors.is_empty() {
            self.released |= sectors;
            self.snapshot = bytes;
        }
    }

    /// Nobody wants these sectors any more. What is being written goes on, for nobody.
    pub(crate) fn forget(&mut self, sectors: Sectors) {
        self.forget_metadata(sectors);
        self.forget_data(sectors);
    }

    pub(crate) fn forget_data(&mut self, sectors: Sectors) {
        self.free = self.free.without(sectors);
        for write in [&mut self.writing, &mut self.next].into_iter().flatten() {
            write.free = write.free.without(sectors);
        }
    }

    fn forget_metadata(&mut self, sectors: Sectors) {
        self.versions.forget(sectors);
        self.released = self.released.without(sectors);
        for write in [&mut self.writing, &mut self.next].into_iter().flatten() {
            write.released = write.released.without(sectors);
        }
    }

    /// Takes what may be written for a write, and tells `waiter` when it and those before it end.
    /// Returns what is to be written now.
    pub(crate) fn write_back(&mut self, waiter: &Rc<Progress>) -> Vec<Piece> {
        if self.is_writable() {
            let next = self.next.get_or_insert_default();
            next.add_released(&self.snapshot, self.released);
            next.add_free(self.versions.newest(), self.free);
            (self.free, self.released) = (Sectors::NONE, Sectors::NONE);
        }
        for write in [&mut self.writing, &mut self.next].into_iter().flatten() {
            write.tell(waiter);
        }
        self.start_next()
    }

    /// Starts what waits, unless a write is under way. Returns what is to be written now.
    pub(crate) fn start_next(&mut self) -> Vec<Piece> {
        if self.writing.is_some() {
            return Vec::new();
        }
        self.writing = self.next.take();
        self.writing.as_mut().map(Write::take_pieces).unwrap_or_default()
    }

    pub(crate) fn expect_request(&mut self) {
        if let Some(write) = &mut self.writing {
            write.expect_request();
        }
    }

    /// A request with a part of this page has ended. Says why data was lost.
    pub(crate) fn request_ended(&mut self, result: Result<()>) -> Option<Errno> {
        let result = self.writing.as_mut()?.request_ended(result)?;
        let write = self.writing.take()?;
        write.end(result);
        let errno = result.err()?;
        self.released |= write.released;
        if write.free.is_empty() {
            return None;
        }
        (self.free, self.is_lost) = (Sectors::NONE, true);
        Some(errno)
    }

    /// The read that was under way has arrived. Returns the contents, which are newer.
    pub(crate) fn arrived(&mut self) -> Bytes {
        self.is_loading = false;
        self.versions.newest().clone()
    }

    fn is_writable(&self) -> bool {
        !(self.free | self.released).is_empty()
    }

    fn is_released(&self) -> bool {
        let under_way = [&self.writing, &self.next].into_iter().flatten();
        under_way.fold(self.released, |sum, write| sum | write.released) != Sectors::NONE
    }

    fn is_clean(&self) -> bool {
        let dirt = self.free | self.versions.held() | self.released;
        dirt.is_empty() && self.writing.is_none() && self.next.is_none() && !self.is_loading
    }

    fn tally(&self) -> Tally {
        let counts = !self.free.is_empty() || self.writing.is_some() || self.next.is_some();
        Tally {
            dirty_bytes: if counts { self.versions.newest().len() as u64 } else { 0 },
            released_pages: self.is_released().into(),
            is_writable: self.is_writable(),
        }
    }
}

/// What one page adds to what is counted and ordered.
struct Tally {
    dirty_bytes: u64,
    released_pages: usize,
    is_writable: bool,
}

/// The pages with dirt.
#[derive(Default)]
pub(crate) struct DirtyPages {
    pages: HashMap<u64, DirtyPage>,
    /// Pages with dirt that may be written, by `since`.
    by_age: BTreeMap<u64, u64>,
    next_age: u64,
    dirty_bytes: u64,
    released_pages: usize,
    failures: BTreeMap<PageNo, Errno>,
}

impl DirtyPages {
    pub(crate) fn contains(&self, page: u64) -> bool {
        self.pages.contains_key(&page)
    }

    /// The newest contents.
    pub(crate) fn get(&self, page: u64) -> Option<Bytes> {
        self.pages.get(&page).map(|dirty| dirty.versions.newest().clone())
    }

    pub(crate) fn insert(&mut self, page: u64, dirty: DirtyPage) {
        self.pages.insert(page, dirty);
    }

    /// Changes a page that is here, and what is counted and ordered with it.
    pub(crate) fn update<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut DirtyPage) -> T,
    ) -> Option<T> {
        let page = self.pages.get_mut(&number)?;
        let before = page.tally();
        let value = change(page);
        let after = page.tally();
        self.dirty_bytes = self.dirty_bytes - before.dirty_bytes + after.dirty_bytes;
        self.released_pages = self.released_pages - before.released_pages + after.released_pages;
        if before.is_writable && !after.is_writable {
            self.by_age.remove(&page.since);
        } else if after.is_writable && !before.is_writable {
            page.since = self.next_age;
            self.next_age += 1;
            self.by_age.insert(page.since, number);
        }
        Some(value)
    }

    /// Lets a page go if it is clean. Returns its contents if the disk has them.
    pub(crate) fn take_clean(&mut self, page: u64) -> Option<Bytes> {
        self.pages.get(&page).filter(|dirty| dirty.is_clean())?;
        self.pages
            .remove(&page)
            .filter(|dirty| !dirty.is_lost)
            .map(|dirty| dirty.versions.newest().clone())
    }

    pub(crate) fn oldest(&self, bytes_max: u64) -> Vec<PageNo> {
        let mut bytes = 0;
        let within = |page: &u64| {
            bytes += self.pages.get(page).map_or(0, |dirty| dirty.versions.newest().len() as u64);
            bytes <= bytes_max
        };
        self.by_age.values().copied().take_while(within).map(PageNo).collect()
    }

    pub(crate) fn is_released(&self, page: u64) -> bool {
        self.pages.get(&page).is_some_and(DirtyPage::is_released)
    }

    pub(crate) fn has_released(&self) -> bool {
        self.released_pages > 0
    }

    pub(crate) fn dirty_bytes(&self) -> u64 {
        self.dirty_bytes
    }

    pub(crate) fn fail(&mut self, page: u64, errno: Errno) {
        self.failures.insert(PageNo(page), errno);
    }

    pub(crate) fn take_failures(&mut self) -> Vec<(PageNo, Errno)> {
        core::mem::take(&mut self.failures).into_iter().collect()
    }
}
