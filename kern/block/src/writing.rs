//! The pages of a disk, for writing: what changed, what may be written of it, and its way there.
//!
//! The owner bounds what is dirty and says when it is written; nothing here writes by itself.

use crate::pages::Pages;
use crate::write_back::{Progress, Request};
use crate::{Cache, Device, Loan, PageNo, Sectors, WriteBack};
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::cell::RefCell;
use hyper::DiskOperation;

impl Cache {
    /// New contents of a page, all of it. Of these, `free` sectors (data) differ from the disk and
    /// may be written at any time, `held` ones (metadata) only as they are released; a sector is
    /// what the last call said that named it. A page with dirt is never evicted, and counts beside
    /// the budget: whoever makes dirt bounds it, by [`Cache::dirty_bytes`] and the size of a log.
    ///
    /// # Panics
    /// If the disk has no such page, or `bytes` are not all of it. (The last one may be longer than
    /// its part on the disk: the rest is cut off.)
    pub fn change(&self, page: PageNo, mut bytes: Bytes, free: Sectors, held: Sectors) {
        assert!(self.check(page, 1).is_ok(), "page {} lies beyond the end of the disk", page.0);
        bytes.truncate(self.length(page.0));
        assert_eq!(bytes.len(), self.length(page.0), "not all of page {}", page.0);
        self.pages.borrow_mut().change(page.0, bytes, free, held);
    }

    /// Memory of a call, so many bytes of it, is lent to pages: see [`Cache::change_lent`].
    pub fn lend(&self, bytes: u64) -> Rc<Loan> {
        self.pages.borrow_mut().dirt_count().lend(bytes)
    }

    /// New contents of a page, all of it data, which stand in memory that is lent, and stay there
    /// until the disk has them or somebody looks at them. The page is not in memory then.
    ///
    /// # Panics
    /// As [`Cache::change`].
    pub fn change_lent(&self, page: PageNo, mut bytes: Bytes, loan: Rc<Loan>) {
        assert!(self.check(page, 1).is_ok(), "page {} lies beyond the end of the disk", page.0);
        bytes.truncate(self.length(page.0));
        assert_eq!(bytes.len(), self.length(page.0), "not all of page {}", page.0);
        self.pages.borrow_mut().change_lent(page.0, bytes, loan);
    }

    /// The log has `sectors` of the page as they stand in `bytes` (a snapshot: the page may have
    /// changed since, and then the changed sectors are held again under a later commit): these
    /// contents may be written in place from now on. Sectors released before and not written yet
    /// are superseded by this snapshot, which has their contents too. Sectors forgotten since the
    /// snapshot stay so.
    ///
    /// `bytes` is what was given to [`Cache::change`] or by [`Cache::peek`], and no copy of it: by
    /// it the cache knows what was changed since. Snapshots are released in order.
    pub fn release(&self, page: PageNo, bytes: Bytes, sectors: Sectors) {
        self.pages.borrow_mut().update(page.0, |dirty| dirty.release(bytes, sectors));
    }

    /// These sectors belong to nobody any more: their dirt (free, held and released) is forgotten
    /// and need never be written. What is being written at this moment is written to its end first.
    pub fn forget(&self, page: PageNo, sectors: Sectors) {
        self.pages.borrow_mut().update(page.0, |dirty| dirty.forget(sectors));
    }

    /// The data in these sectors belongs to nobody any more: it need never be written. Metadata
    /// that is held or released in them stays so, until [`Cache::forget`].
    pub fn forget_data(&self, page: PageNo, sectors: Sectors) {
        self.pages.borrow_mut().update(page.0, |dirty| dirty.forget_data(sectors));
    }

    /// Starts to write what is dirty and may be written (free and released sectors) of these pages,
    /// as it stands now, neighbours clustered into requests of up to [`REQUEST_BYTES_MAX`](crate::REQUEST_BYTES_MAX); the
    /// future ends when all of that is on the disk (not durable yet), also what another call had
    /// started before. The work is the device's: it goes on if the future is dropped. At most one
    /// write of a page is under way at a time: later contents wait for the earlier write, and
    /// several that wait become one. What is written is at least as new as at the time of the call,
    /// even if it changes or is forgotten meanwhile.
    ///
    /// # Errors
    /// The future's: the first error of a write that it waited for.
    pub fn write_back(&self, pages: impl IntoIterator<Item = PageNo>) -> WriteBack {
        let mut numbers: Vec<u64> = pages.into_iter().map(|page| page.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let progress = Rc::new(Progress::default());
        let requests = self.pages.borrow_mut().write_back(&numbers, &progress);
        submit(&self.pages, &self.device, requests);
        WriteBack::new(progress)
    }

    /// Pages with dirt that may be written, the oldest dirt first, of at most `bytes` together.
    pub fn oldest(&self, bytes: u64) -> Vec<PageNo> {
        self.pages.borrow().dirty().oldest(bytes)
    }

    /// Whether a page has released sectors that are not in place yet (or are being written).
    pub fn is_released(&self, page: PageNo) -> bool {
        self.pages.borrow().dirty().is_released(page.0)
    }

    /// Bytes of the pages that have.
    pub fn released_bytes(&self) -> u64 {
        let pages = self.pages.borrow().dirty().released_pages() as u64;
        pages * u64::from(self.page_bytes())
    }

    /// Whether a page has free dirt or is being written.
    pub fn is_dirty(&self, page: PageNo) -> bool {
        self.pages.borrow().dirty().is_dirty(page.0)
    }

    /// Bytes of pages with free dirt or being written; of those that stand in lent memory, all of
    /// that. What a bound on dirty data looks at.
    pub fn dirty_bytes(&self) -> u64 {
        self.pages.borrow().dirty().dirty_bytes()
    }

    /// Ends with the next write of pages that does, well or badly, or when room is given back; a
    /// write must be under way, or room taken.
    pub async fn next_end(&self) {
        let ends = self.pages.borrow().ends();
        ends.wait().await;
    }

    /// Everything completed before is durable when it ends.
    ///
    /// # Errors
    /// As [`Device::flush`].
    pub async fn flush(&self) -> Result<()> {
        self.device.flush().await
    }

    /// Pages of which free dirt (data) could not be written since the last call, in order; told
    /// whether or not somebody waited for the write. That dirt is lost, and the page is dropped from
    /// memory once nothing else in it waits: newer free dirt, held and released sectors. A failed
    /// write of released sectors keeps them: the next [`Cache::write_back`] tries again.
    pub fn take_failures(&self) -> Vec<(PageNo, Errno)> {
        self.pages.borrow_mut().take_failures()
    }
}

/// Submits writes. The end of each starts what waited for it in the pages it covers.
fn submit(pages: &Rc<RefCell<Pages>>, device: &Device, requests: Vec<Request>) {
    for Request { offset_bytes, data, pages: covered, .. } in requests {
        let pages = pages.clone();
        device.start(DiskOperation::Write { offset_bytes, data }, move |device, result| {
            let requests = pages.borrow_mut().request_ended(&covered, result.map(drop));
            submit(&pages, device, requests);
            let ends = pages.borrow().ends();
            ends.wake_all();
        });
    }
}
