//! The pages whose contents the disk does not have yet: how much there is of them, and in which
//! order they became dirty.
//!
//! They stand outside of the [`Clock`](crate::Clock), so nothing evicts them; one that is wholly
//! written goes back there. Pages that are pinned stand here, too, dirty or not.

use crate::PageNo;
use crate::dirty_page::DirtyPage;
use crate::room::DirtCount;
use abi::Errno;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::Bytes;
use hashbrown::HashMap;

/// The pages with dirt.
#[derive(Default)]
pub(crate) struct DirtyPages {
    pages: HashMap<u64, DirtyPage>,
    /// Pages with dirt that may be written, by `since`.
    by_age: BTreeMap<u64, u64>,
    next_age: u64,
    count: DirtCount,
    released_pages: usize,
    failures: BTreeMap<PageNo, Errno>,
}

impl DirtyPages {
    pub(crate) fn contains(&self, page: u64) -> bool {
        self.pages.contains_key(&page)
    }

    /// The newest contents, to be looked at for as long as somebody likes: the page's own.
    pub(crate) fn get(&mut self, page: u64) -> Option<Bytes> {
        self.own(page).map(|dirty| dirty.bytes().clone())
    }

    /// A page whose contents are its own from now on.
    pub(crate) fn own(&mut self, page: u64) -> Option<&DirtyPage> {
        if self.pages.get(&page)?.is_lent() {
            self.update(page, DirtyPage::own);
        }
        self.pages.get(&page)
    }

    pub(crate) fn insert(&mut self, page: u64, dirty: DirtyPage) {
        self.pages.insert(page, dirty);
    }

    /// Changes a page that is here, and what is counted and ordered with it. Says whether the page
    /// is clean now.
    pub(crate) fn update<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut DirtyPage) -> T,
    ) -> Option<(T, bool)> {
        let page = self.pages.get_mut(&number)?;
        let before = page.tally();
        let value = change(page);
        let after = page.tally();
        self.count.change(before.dirty_bytes, after.dirty_bytes);
        self.released_pages = self.released_pages - before.released_pages + after.released_pages;
        if before.is_writable && !after.is_writable {
            self.by_age.remove(&page.since);
        } else if after.is_writable && !before.is_writable {
            page.since = self.next_age;
            self.next_age += 1;
            self.by_age.insert(page.since, number);
        }
        Some((value, page.is_clean()))
    }

    /// Lets a page go if it is clean. Returns its contents if the disk has them and they are the
    /// page's own: what was only lent is given back.
    pub(crate) fn take_clean(&mut self, page: u64) -> Option<Bytes> {
        self.pages.get(&page).filter(|dirty| dirty.is_clean())?;
        let clean = self.pages.remove(&page)?;
        let kept = (!clean.is_lost && !clean.is_lent()).then(|| clean.bytes().clone());
        drop(clean);
        self.count.note_returned();
        kept
    }

    pub(crate) fn oldest(&self, bytes_max: u64) -> Vec<PageNo> {
        let mut bytes = 0;
        let within = |page: &u64| {
            bytes += self.pages.get(page).map_or(0, |dirty| dirty.bytes().len() as u64);
            bytes <= bytes_max
        };
        self.by_age.values().copied().take_while(within).map(PageNo).collect()
    }

    pub(crate) fn is_released(&self, page: u64) -> bool {
        self.pages.get(&page).is_some_and(DirtyPage::is_released)
    }

    pub(crate) fn released_pages(&self) -> usize {
        self.released_pages
    }

    pub(crate) fn is_dirty(&self, page: u64) -> bool {
        self.pages.get(&page).is_some_and(DirtyPage::is_dirty)
    }

    pub(crate) fn dirty_bytes(&self) -> u64 {
        self.count.held_bytes()
    }

    pub(crate) fn count(&mut self) -> &mut DirtCount {
        &mut self.count
    }

    pub(crate) fn fail(&mut self, page: u64, errno: Errno) {
        self.failures.insert(PageNo(page), errno);
    }

    pub(crate) fn take_failures(&mut self) -> Vec<(PageNo, Errno)> {
        core::mem::take(&mut self.failures).into_iter().collect()
    }
}
