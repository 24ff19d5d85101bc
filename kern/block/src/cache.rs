//! The pages of a disk, for reading. (For writing, see `writing`.)
//!
//! A [`Clock`](crate::Clock) evicts: pages that a scan touched once go in the hand's next round; what is used
//! again and again, such as inode blocks and indirect blocks, stays.
//!
//! What is on its way has a bound of its own, as large as the budget of what is there. A run that
//! would exceed it waits, first come first served, until enough has arrived; what is read ahead
//! does not wait, it is left out.

use crate::Device;
use crate::pages::{Asked, Lookups, Pages};
use crate::sectors::PAGE_BYTES_MAX;
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::cell::RefCell;
use core::ops::Range;
use hyper::DiskOperation;
use task::{Lock, WaitQueue};

/// Most bytes that one request to the disk reads or writes.
pub const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// A page's number: its offset on the disk divided by the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageNo(pub u64);

/// What a cache holds and what it is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Bytes of pages that the disk has, too, or that are on their way from there.
    pub clean_bytes: u64,
    /// Bytes of pages that have changed.
    pub dirty_bytes: u64,
    /// Pages asked for.
    pub lookups: Lookups,
}

/// The pages of one disk that are in memory.
pub struct Cache {
    pub(crate) device: Rc<Device>,
    page_bytes: u32,
    disk_bytes: u64,
    pub(crate) pages: Rc<RefCell<Pages>>,
    /// Held by the run whose turn it is to wait for room.
    turn: Lock,
    /// Where that run waits.
    arrivals: Rc<WaitQueue>,
}

/// A page that stays in memory until this is dropped.
pub struct Pinned {
    pages: Rc<RefCell<Pages>>,
    page: u64,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.pages.borrow_mut().unpin(self.page);
    }
}

impl Cache {
    /// An empty cache of pages of `page_bytes` (a power of two, at most 64 KiB) that keeps at most
    /// `budget_bytes` of them, but always one, and lets as many be on their way. Pages that are
    /// dirty or pinned count beside the budget.
    pub fn new(device: Rc<Device>, page_bytes: u32, budget_bytes: u64) -> Self {
        debug_assert!(page_bytes.is_power_of_two() && page_bytes as usize <= PAGE_BYTES_MAX);
        let disk_bytes = device.geometry().size_bytes;
        let pages = Pages::new(page_bytes, budget_bytes.max(page_bytes.into()));
        let pages = Rc::new(RefCell::new(pages));
        let (turn, arrivals) = (Lock::default(), Rc::default());
        Self { device, page_bytes, disk_bytes, pages, turn, arrivals }
    }

    /// The device below.
    pub fn device(&self) -> &Rc<Device> {
        &self.device
    }

    /// Page size in bytes.
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// Keeps so many bytes of clean pages from now on, and lets as many be on their way.
    pub fn set_budget(&self, budget_bytes: u64) {
        self.pages.borrow_mut().set_budget(budget_bytes);
        self.arrivals.wake_all();
    }

    /// What it holds, and how often it had what was asked for.
    pub fn usage(&self) -> CacheUse {
        let pages = self.pages.borrow();
        CacheUse {
            clean_bytes: pages.resident_bytes() + pages.loading_bytes(),
            dirty_bytes: pages.dirty().dirty_bytes(),
            lookups: pages.lookups(),
        }
    }

    #[cfg(test)]
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.pages.borrow().resident_bytes()
    }

    #[cfg(test)]
    pub(crate) fn loading_bytes(&self) -> u64 {
        self.pages.borrow().loading_bytes()
    }

    /// The newest contents of a page that is in memory, without waiting.
    pub fn peek(&self, page: PageNo) -> Option<Bytes> {
        self.pages.borrow_mut().get(page.0)
    }

    /// One page; shorter than the others only at the end of the disk.
    ///
    /// # Errors
    /// `Io` if the disk failed or the page lies beyond its end.
    pub async fn read(&self, page: PageNo) -> Result<Bytes> {
        if let Some(bytes) = self.peek(page) {
            return Ok(bytes);
        }
        let mut pages = self.read_run(page, 1).await?;
        pages.pop().ok_or(Errno::Io)
    }

    /// `count` pages from `first` on: those not in memory are read together, in as few requests
    /// as there are gaps (of at most [`REQUEST_BYTES_MAX`] each). A page is in flight once,
    /// however many wait for it. Waits while too much else is on its way.
    ///
    /// # Errors
    /// As [`Cache::read`].
    pub async fn read_run(&self, first: PageNo, count: u32) -> Result<Vec<Bytes>> {
        self.check(first, count)?;
        self.room_for(first, count).await;
        let mut asked = Vec::with_capacity(count as usize);
        self.ask_run(first, count, |page| asked.push(page));
        let mut pages = Vec::with_capacity(count as usize);
        for page in asked {
            pages.push(page.wait().await?);
        }
        Ok(pages)
    }

    /// Reads a page, if it is not in memory, that is not evicted while the returned value lives.
    /// Such pages count beside the budget; whoever pins many bounds them.
    ///
    /// # Errors
    /// As [`Cache::read`].
    pub async fn pin(&self, page: PageNo) -> Result<Pinned> {
        self.pages.borrow_mut().pin(page.0);
        let pinned = Pinned { pages: self.pages.clone(), page: page.0 };
        self.read(page).await?;
        Ok(pinned)
    }

    /// Starts reading pages that will be asked for soon, and waits for nothing. Does nothing
    /// where the budget is short: what is read ahead must not drive out what is in use. Says
    /// whether it was done.
    pub fn read_ahead(&self, first: PageNo, count: u32) -> bool {
        let pages_max = (self.disk_bytes.div_ceil(self.page_size())).saturating_sub(first.0);
        let count = u64::from(count).min(pages_max) as u32;
        let has_room = self.pages.borrow().may_load_ahead(u64::from(count) * self.page_size());
        if has_room {
            self.ask_run(first, count, drop);
        }
        has_room
    }

    /// Waits until the missing pages of a run may be on their way, behind the runs that waited
    /// before. What they wait for arrives whether or not its own reader still wants it, so no
    /// wait is for ever.
    async fn room_for(&self, first: PageNo, count: u32) {
        let run_bytes = u64::from(count) * self.page_size();
        let nobody_waits = self.arrivals.is_empty();
        if nobody_waits && self.pages.borrow().may_load(run_bytes) {
            return;
        }
        let missing = || {
            let pages = self.pages.borrow();
            let missing = (first.0..).take(count as usize).filter(|&page| pages.is_missing(page));
            missing.count() as u64 * self.page_size()
        };
        if missing() == 0 {
            return;
        }
        let _turn = self.turn.exclusive().await;
        while !self.pages.borrow().may_load(missing()) {
            self.arrivals.wait().await;
        }
    }

    fn page_size(&self) -> u64 {
        u64::from(self.page_bytes)
    }

    pub(crate) fn check(&self, first: PageNo, count: u32) -> Result<()> {
        let last = first.0.checked_add(u64::from(count)).and_then(|end| end.checked_sub(1));
        let start = last.and_then(|page| page.checked_mul(self.page_size())).ok_or(Errno::Io)?;
        if start < self.disk_bytes { Ok(()) } else { Err(Errno::Io) }
    }

    /// Gives `each` the pages of a run in order, and starts to read those that are missing.
    fn ask_run(&self, first: PageNo, count: u32, mut each: impl FnMut(Asked)) {
        let run_pages_max = (REQUEST_BYTES_MAX / self.page_size()).max(1);
        let mut missing: Option<Range<u64>> = None;
        for page in first.0..first.0 + u64::from(count) {
            let known = self.pages.borrow_mut().ask(page);
            if known.is_some() {
                self.load(missing.take());
            }
            each(known.unwrap_or_else(|| {
                missing.get_or_insert(page..page).end = page + 1;
                Asked::Coming(self.pages.borrow_mut().expect(page))
            }));
            if missing.as_ref().is_some_and(|run| run.end - run.start == run_pages_max) {
                self.load(missing.take());
            }
        }
        self.load(missing);
    }

    /// Starts to read a run of expected pages.
    fn load(&self, run: Option<Range<u64>>) {
        let Some(run) = run else { return };
        let lengths = run.clone().map(|page| self.length(page));
        let run_bytes = lengths.clone().sum::<usize>() as u64;
        self.pages.borrow_mut().expect_bytes(run_bytes);
        let buffers = lengths.map(BytesMut::zeroed).collect();
        let (pages, arrivals) = (self.pages.clone(), self.arrivals.clone());
        let offset_bytes = run.start * self.page_size();
        let operation = DiskOperation::Read { offset_bytes, buffers };
        self.device.start(operation, move |_, result| {
            pages.borrow_mut().arrive(run, run_bytes, result);
            arrivals.wake_all();
        });
    }

    pub(crate) fn length(&self, page: u64) -> usize {
        (self.disk_bytes - page * self.page_size()).min(self.page_size()) as usize
    }
}
