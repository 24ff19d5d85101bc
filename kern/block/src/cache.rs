//! Pages.

use crate::Device;
use abi::Result;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;

/// A page's number: its offset on the disk divided by the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageNo(pub u64);

/// The pages of one disk that are in memory.
pub struct Cache {
    device: Rc<Device>,
    page_bytes: u32,
    budget_bytes: u64,
}

impl Cache {
    /// An empty cache of pages of `page_bytes` (a power of two) that keeps at most
    /// `budget_bytes` of them.
    pub fn new(device: Rc<Device>, page_bytes: u32, budget_bytes: u64) -> Self {
        Self { device, page_bytes, budget_bytes }
    }

    /// The device below.
    pub fn device(&self) -> &Rc<Device> {
        &self.device
    }

    /// Page size in bytes.
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// One page; shorter than the others only at the end of the disk.
    ///
    /// # Errors
    /// `Io` if the disk failed or the page lies beyond its end.
    pub async fn read(&self, page: PageNo) -> Result<Bytes> {
        todo!("{} {}", page.0, self.budget_bytes)
    }

    /// `count` pages from `first` on: those not in memory are read together, in as few requests
    /// as there are gaps. A request is in flight once however many wait for it.
    ///
    /// # Errors
    /// As [`Cache::read`].
    pub async fn read_run(&self, first: PageNo, count: u32) -> Result<Vec<Bytes>> {
        todo!("{} {count}", first.0)
    }

    /// Starts reading pages that will be asked for soon, and waits for nothing.
    pub fn read_ahead(&self, first: PageNo, count: u32) {
        todo!("{} {count}", first.0)
    }
}
