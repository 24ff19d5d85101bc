//! What one commit puts into the log.

use super::need::Need;
use crate::layout::log::{Extent, Unlinked};
use abi::Timestamp;
use alloc::vec::Vec;
use block::{PageNo, Sectors};
use bytes::Bytes;

/// Metadata of one page as it is to be logged.
#[derive(Clone, Debug)]
pub struct LoggedPage {
    /// Which page.
    pub page: PageNo,
    /// All of the page, or what the disk has of the last one.
    pub bytes: Bytes,
    /// What of it is logged.
    pub sectors: Sectors,
}

/// A compound transaction, sealed. No page is in it twice, or without sectors.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Freed, and logged before.
    pub revoked: &'a [Extent],
    /// Changed, and to be put in place once this is in the log.
    pub pages: &'a [LoggedPage],
    /// All inodes without names.
    pub unlinked: &'a [Unlinked],
    /// When it was sealed.
    pub time: Timestamp,
}

impl Batch<'_> {
    /// Extents of the disk and their contents, as they are logged: whole blocks of the log.
    pub(super) fn extents(&self, page_bytes: u32, block_bytes: u32) -> Vec<(Extent, Bytes)> {
        let mut extents = Vec::new();
        for logged in self.pages {
            let start = logged.page.0 * u64::from(page_bytes);
            for run in widened(logged.sectors, block_bytes).runs() {
                let offset_bytes = start + run.start as u64;
                let length_bytes = run.len() as u32;
                extents.push((Extent { offset_bytes, length_bytes }, logged.bytes.slice(run)));
            }
        }
        extents
    }

    /// What it takes in the log, exactly.
    pub fn need(&self, page_bytes: u32, block_bytes: u32) -> Need {
        let extents = self.extents(page_bytes, block_bytes);
        let data_bytes = extents.iter().map(|(extent, _)| u64::from(extent.length_bytes)).sum();
        Need::new(block_bytes, self.revoked.len(), extents.len(), data_bytes, self.unlinked.len())
    }
}

/// Where blocks of the log are larger than sectors, so are those of the device, and fragments are
/// no smaller: what is logged with a sector belongs to the same owner.
fn widened(sectors: Sectors, block_bytes: u32) -> Sectors {
    let block = block_bytes as usize;
    sectors.runs().fold(Sectors::NONE, |all, run| {
        all | Sectors::of(run.start / block * block..run.end.next_multiple_of(block))
    })
}
