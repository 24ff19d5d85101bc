//! The pages in memory: clean ones, dirty ones, and those on their way. A page is in one place,
//! except that one may become dirty while it is read: then what arrives is older, and is dropped.

use crate::device::Outcome;
use crate::dirty::DirtyPages;
use crate::dirty_page::DirtyPage;
use crate::loan::Loan;
use crate::room::DirtCount;
use crate::write_back::{Piece, Progress, Request, Requests};
use crate::{Clock, PageNo, Sectors};
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::ops::Range;
use hashbrown::HashMap;
use task::WaitQueue;

type Load = Rc<Outcome<Bytes>>;

/// A page asked for: here, or on its way.
pub(crate) enum Asked {
    Here(Bytes),
    Coming(Load),
}

impl Asked {
    pub(crate) async fn wait(self) -> Result<Bytes> {
        match self {
            Self::Here(bytes) => Ok(bytes),
            Self::Coming(load) => load.wait_shared().await,
        }
    }
}

pub(crate) struct Pages {
    page_bytes: u64,
    /// Clean pages.
    resident: Clock<u64, Bytes>,
    dirty: DirtyPages,
    /// How often pages are pinned, in memory or not.
    pins: HashMap<u64, usize>,
    /// Where is waited for the end of a write.
    ends: Rc<WaitQueue>,
    loading: HashMap<u64, Load>,
    /// Bytes of the pages in `loading`.
    loading_bytes: u64,
    budget_bytes: u64,
    lookups: Lookups,
}

/// Pages asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// That were in memory.
    pub hits: u64,
    /// That had to be read.
    pub misses: u64,
}

/// Reading.
impl Pages {
    pub(crate) fn new(page_bytes: u32, budget_bytes: u64) -> Self {
        Self {
            page_bytes: page_bytes.into(),
            resident: Clock::new(budget_bytes),
            dirty: DirtyPages::default(),
            pins: HashMap::default(),
            ends: Rc::default(),
            loading: HashMap::default(),
            loading_bytes: 0,
            budget_bytes,
            lookups: Lookups::default(),
        }
    }

    /// The newest contents, if they are in memory.
    pub(crate) fn get(&mut self, page: u64) -> Option<Bytes> {
        let found = self.resident.get(page).or_else(|| self.dirty.get(page));
        self.lookups.hits += u64::from(found.is_some());
        found
    }

    /// The page or its arrival, if it need not be read.
    pub(crate) fn ask(&mut self, page: u64) -> Option<Asked> {
        let here = self.get(page).map(Asked::Here);
        here.or_else(|| self.loading.get(&page).cloned().map(Asked::Coming))
    }

    pub(crate) fn is_missing(&self, page: u64) -> bool {
        let is_here = self.resident.contains(page) || self.dirty.contains(page);
        !is_here && !self.loading.contains_key(&page)
    }

    pub(crate) fn expect(&mut self, page: u64) -> Load {
        self.lookups.misses += 1;
        self.loading.entry(page).or_default().clone()
    }

    pub(crate) fn expect_bytes(&mut self, bytes: u64) {
        self.loading_bytes += bytes;
    }

    /// Takes what a read of `run_bytes` brought.
    pub(crate) fn arrive(
        &mut self,
        run: Range<u64>,
        run_bytes: u64,
        result: Result<Vec<BytesMut>>,
    ) {
        self.loading_bytes -= run_bytes;
        let mut buffers = result.map(Vec::into_iter);
        for page in run {
            let bytes = buffers
                .as_mut()
                .map_err(|errno| *errno)
                .and_then(|buffers| buffers.next().map(BytesMut::freeze).ok_or(Errno::Io));
            let bytes = self.settle(page, bytes);
            if let Some(load) = self.loading.remove(&page) {
                load.set(bytes);
            }
        }
    }

    /// What stands in a page for which a read brought `bytes`.
    fn settle(&mut self, page: u64, bytes: Result<Bytes>) -> Result<Bytes> {
        if let Some(newer) = self.update(page, DirtyPage::arrived) {
            return Ok(newer);
        }
        let bytes = bytes?;
        self.keep(page, bytes.clone());
        Ok(bytes)
    }

    /// Keeps a clean page, for a while or for as long as it is pinned.
    fn keep(&mut self, page: u64, bytes: Bytes) {
        if self.pins.contains_key(&page) {
            return self.dirty.insert(page, DirtyPage::new(bytes, false));
        }
        let weight = bytes.len() as u64;
        self.resident.insert(page, bytes, weight);
    }

    /// Whether `bytes` more may be on their way; a run by itself may, whatever its length.
    pub(crate) fn may_load(&self, bytes: u64) -> bool {
        self.loading_bytes == 0 || self.loading_bytes + bytes <= self.budget_bytes
    }

    /// Whether `bytes` more on their way would leave half of the budget to pages in use.
    pub(crate) fn may_load_ahead(&self, bytes: u64) -> bool {
        self.loading_bytes + bytes <= self.budget_bytes / 2
    }

    /// Keeps a page in memory, from its arrival on if it is not there.
    pub(crate) fn pin(&mut self, page: u64) {
        *self.pins.entry(page).or_default() += 1;
        self.dirty.own(page);
        if let Some(bytes) = self.resident.get(page) {
            self.resident.remove(page);
            self.keep(page, bytes);
        }
    }

    /// Takes back one [`Pages::pin`].
    pub(crate) fn unpin(&mut self, page: u64) {
        let Some(count) = self.pins.get_mut(&page) else { return };
        *count -= 1;
        if *count == 0 {
            self.pins.remove(&page);
            self.update(page, |_| ());
        }
    }

    /// Keeps, and lets be on their way, so many bytes from now on.
    pub(crate) fn set_budget(&mut self, budget_bytes: u64) {
        self.budget_bytes = budget_bytes.max(self.page_bytes);
        self.resident.set_budget(self.budget_bytes);
    }

    pub(crate) fn lookups(&self) -> Lookups {
        self.lookups
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        self.resident.weight()
    }

    pub(crate) fn loading_bytes(&self) -> u64 {
        self.loading_bytes
    }
}

/// Writing.
impl Pages {
    pub(crate) fn dirty(&self) -> &DirtyPages {
        &self.dirty
    }

    pub(crate) fn dirt_count(&mut self) -> &mut DirtCount {
        self.dirty.count()
    }

    pub(crate) fn ends(&self) -> Rc<WaitQueue> {
        self.ends.clone()
    }

    pub(crate) fn take_failures(&mut self) -> Vec<(PageNo, Errno)> {
        self.dirty.take_failures()
    }

    pub(crate) fn change(&mut self, page: u64, bytes: Bytes, free: Sectors, held: Sectors) {
        self.expect_dirt(page, &bytes);
        self.update(page, |dirty| dirty.change(bytes, free, held));
    }

    fn expect_dirt(&mut self, page: u64, bytes: &Bytes) {
        if !self.dirty.contains(page) {
            self.resident.remove(page);
            let is_loading = self.loading.contains_key(&page);
            self.dirty.insert(page, DirtyPage::new(bytes.clone(), is_loading));
        }
    }

    /// The same for data that fills the page. One that is pinned has its own.
    pub(crate) fn change_lent(&mut self, page: u64, bytes: Bytes, loan: Rc<Loan>) {
        let all = Sectors::of(0..bytes.len());
        if self.pins.contains_key(&page) {
            return self.change(page, Bytes::copy_from_slice(&bytes), all, Sectors::NONE);
        }
        self.expect_dirt(page, &bytes);
        self.update(page, |dirty| {
            dirty.change(bytes, all, Sectors::NONE);
            dirty.borrow(loan);
        });
    }

    /// Changes the state of a page that is dirty. One that is clean thereafter may be evicted.
    pub(crate) fn update<T>(
        &mut self,
        page: u64,
        change: impl FnOnce(&mut DirtyPage) -> T,
    ) -> Option<T> {
        let (value, is_clean) = self.dirty.update(page, change)?;
        if is_clean
            && !self.pins.contains_key(&page)
            && let Some(bytes) = self.dirty.take_clean(page)
        {
            self.keep(page, bytes);
        }
        Some(value)
    }

    /// Takes what may be written of pages in ascending order; `progress` is told of their writes.
    pub(crate) fn write_back(&mut self, pages: &[u64], progress: &Rc<Progress>) -> Vec<Request> {
        self.start(pages, |dirty| dirty.write_back(progress))
    }

    /// Notes the outcome of a request. Returns those that waited for it.
    pub(crate) fn request_ended(&mut self, pages: &[u64], result: Result<()>) -> Vec<Request> {
        for &page in pages {
            let failure = self.update(page, |dirty| dirty.piece_ended(result)).flatten();
            if let Some(errno) = failure {
                self.dirty.fail(page, errno);
            }
        }
        self.start(pages, DirtyPage::start_next)
    }

    /// Makes requests of what each page has to be written now.
    fn start(
        &mut self,
        pages: &[u64],
        mut pieces: impl FnMut(&mut DirtyPage) -> Vec<Piece>,
    ) -> Vec<Request> {
        let mut requests = Requests::default();
        for &page in pages {
            for piece in self.update(page, &mut pieces).unwrap_or_default() {
                requests.add(page, page * self.page_bytes + piece.start as u64, piece.bytes);
            }
        }
        for page in requests.list.iter().flat_map(|request| &request.pages) {
            self.update(*page, DirtyPage::expect_piece);
        }
        requests.list
    }
}
