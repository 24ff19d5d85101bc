//! Pages in memory.
//!
//! Eviction is a clock: a hit marks its page, a sweeping hand evicts the first page it finds
//! unmarked and unmarks the others. Pages that a scan touched once go in the hand's next round;
//! what is used again and again, such as inode blocks and indirect blocks, stays.

use crate::device::Outcome;
use crate::{Device, slots::Slots};
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::cell::RefCell;
use core::ops::Range;
use hashbrown::HashMap;

/// Most bytes that one request to the disk reads.
pub const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// A page's number: its offset on the disk divided by the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageNo(pub u64);

type Load = Rc<Outcome<Bytes>>;

/// The pages of one disk that are in memory.
pub struct Cache {
    device: Rc<Device>,
    page_bytes: u32,
    disk_bytes: u64,
    pages: Rc<RefCell<Pages>>,
}

/// A page asked for: here, or on its way.
enum Asked {
    Here(Bytes),
    Coming(Load),
}

impl Asked {
    async fn wait(self) -> Result<Bytes> {
        match self {
            Self::Here(bytes) => Ok(bytes),
            Self::Coming(load) => load.wait_shared().await,
        }
    }
}

struct Pages {
    resident: Slots,
    loading: HashMap<u64, Load>,
    loading_bytes: u64,
    budget_bytes: u64,
}

impl Cache {
    /// An empty cache of pages of `page_bytes` (a power of two) that keeps at most
    /// `budget_bytes` of them, but always the page last read.
    pub fn new(device: Rc<Device>, page_bytes: u32, budget_bytes: u64) -> Self {
        debug_assert!(page_bytes.is_power_of_two());
        let disk_bytes = device.geometry().size_bytes;
        let pages = Rc::new(RefCell::new(Pages::new(budget_bytes)));
        Self { device, page_bytes, disk_bytes, pages }
    }

    /// The device below.
    pub fn device(&self) -> &Rc<Device> {
        &self.device
    }

    /// Page size in bytes.
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// Bytes of pages in memory at the moment.
    pub fn resident_bytes(&self) -> u64 {
        self.pages.borrow().resident.bytes()
    }

    /// One page; shorter than the others only at the end of the disk.
    ///
    /// # Errors
    /// `Io` if the disk failed or the page lies beyond its end.
    pub async fn read(&self, page: PageNo) -> Result<Bytes> {
        if let Some(bytes) = self.pages.borrow_mut().resident.get(page.0) {
            return Ok(bytes);
        }
        let mut pages = self.read_run(page, 1).await?;
        pages.pop().ok_or(Errno::Io)
    }

    /// `count` pages from `first` on: those not in memory are read together, in as few requests
    /// as there are gaps (of at most [`REQUEST_BYTES_MAX`] each). A page is in flight once,
    /// however many wait for it.
    ///
    /// # Errors
    /// As [`Cache::read`].
    pub async fn read_run(&self, first: PageNo, count: u32) -> Result<Vec<Bytes>> {
        self.check(first, count)?;
        let mut asked = Vec::with_capacity(count as usize);
        self.ask_run(first, count, |page| asked.push(page));
        let mut pages = Vec::with_capacity(count as usize);
        for page in asked {
            pages.push(page.wait().await?);
        }
        Ok(pages)
    }

    /// Starts reading pages that will be asked for soon, and waits for nothing. Does nothing
    /// where the budget is short: what is read ahead must not drive out what is in use.
    pub fn read_ahead(&self, first: PageNo, count: u32) {
        let pages_max = (self.disk_bytes.div_ceil(self.page_size())).saturating_sub(first.0);
        let count = u64::from(count).min(pages_max) as u32;
        if self.pages.borrow().has_room_for(u64::from(count) * self.page_size()) {
            self.ask_run(first, count, drop);
        }
    }

    fn page_size(&self) -> u64 {
        u64::from(self.page_bytes)
    }

    fn check(&self, first: PageNo, count: u32) -> Result<()> {
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
                Asked::Coming(self.pages.borrow_mut().expect(page, self.length(page)))
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
        let buffers = run.clone().map(|page| BytesMut::zeroed(self.length(page))).collect();
        let pages = self.pages.clone();
        let offset_bytes = run.start * self.page_size();
        self.device.start_read(offset_bytes, buffers, move |result| {
            pages.borrow_mut().arrive(run, result);
        });
    }

    fn length(&self, page: u64) -> usize {
        (self.disk_bytes - page * self.page_size()).min(self.page_size()) as usize
    }
}

impl Pages {
    fn new(budget_bytes: u64) -> Self {
        let (resident, loading) = (Slots::default(), HashMap::default());
        Self { resident, loading, loading_bytes: 0, budget_bytes }
    }

    fn ask(&mut self, page: u64) -> Option<Asked> {
        let here = self.resident.get(page).map(Asked::Here);
        here.or_else(|| self.loading.get(&page).cloned().map(Asked::Coming))
    }

    fn expect(&mut self, page: u64, length_bytes: usize) -> Load {
        self.loading_bytes += length_bytes as u64;
        self.loading.entry(page).or_default().clone()
    }

    fn arrive(&mut self, run: Range<u64>, result: Result<Vec<BytesMut>>) {
        let mut buffers = result.map(Vec::into_iter);
        for page in run {
            let bytes = buffers
                .as_mut()
                .map_err(|errno| *errno)
                .and_then(|buffers| buffers.next().map(BytesMut::freeze).ok_or(Errno::Io));
            if let Ok(bytes) = &bytes {
                self.resident.insert(page, bytes.clone(), self.budget_bytes);
            }
            if let Some(load) = self.loading.remove(&page) {
                load.set(bytes);
            }
        }
        if self.loading.is_empty() {
            self.loading_bytes = 0;
        }
    }

    /// Whether `bytes` more on their way would leave half of the budget to pages in use.
    fn has_room_for(&self, bytes: u64) -> bool {
        self.loading_bytes + bytes <= self.budget_bytes / 2
    }
}
