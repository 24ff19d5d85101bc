//! What is in a regular file: pages of up to 64 KiB.
//!
//! ```text
//! index:     0            1         2            3
//!        |64 KiB      | (hole) |64 KiB      |4 KiB|      size
//! ```
//! A page that nobody wrote to is absent and reads as zeros. A page is as long as the power of
//! two that its last written byte needs, so small files stay small; behind its end, and behind
//! the end of the file, everything is zero. A reader of much is given slices of the pages: a
//! page that is being read is copied before it is written to, one that is not is written in
//! place.

use crate::space::Space;
use abi::{Errno, Result};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};

pub(crate) const PAGE_BYTES: usize = 64 << 10;
const PAGE_BYTES_MIN: usize = 64;

/// What a page is counted for beside its bytes: its place in the tree and its reference count.
const PAGE_OVERHEAD_BYTES: u64 = 96;

static ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

#[derive(Default)]
pub(crate) struct Contents {
    size_bytes: u64,
    used_bytes: u64,
    pages: BTreeMap<u64, Bytes>,
}

impl Contents {
    pub(crate) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(crate) const fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// The bytes from `offset_bytes` on, at most `length_bytes`, fewer only at the end.
    pub(crate) fn read(&self, offset_bytes: u64, length_bytes: u32) -> Vec<Bytes> {
        let end = offset_bytes.saturating_add(length_bytes.into()).min(self.size_bytes);
        let mut pieces = Vec::new();
        let mut position = offset_bytes;
        while position < end {
            let (index, start) = place_of(position);
            let length = room_in_page(start, end - position);
            self.read_page(index, start, start + length, &mut pieces);
            position += length as u64;
        }
        pieces
    }

    fn read_page(&self, index: u64, start: usize, end: usize, pieces: &mut Vec<Bytes>) {
        let mut zeros_from = start;
        if let Some(page) = self.pages.get(&index).filter(|page| page.len() > start) {
            zeros_from = end.min(page.len());
            pieces.push(vfs::share(page, start..zeros_from));
        }
        if zeros_from < end {
            pieces.push(Bytes::from_static(&ZEROS[zeros_from..end]));
        }
    }

    /// Writes as much of `data` as there is space for. Returns how many bytes that was.
    ///
    /// # Errors
    /// `NoSpace` if it was none.
    pub(crate) fn write(
        &mut self,
        offset_bytes: u64,
        data: &[u8],
        space: &mut Space,
    ) -> Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        let mut written = 0;
        while written < data.len() {
            let (index, start) = place_of(offset_bytes + written as u64);
            let length = room_in_page(start, (data.len() - written) as u64);
            if self.write_page(index, start, &data[written..written + length], space).is_err() {
                break;
            }
            written += length;
        }
        if written == 0 {
            return Err(Errno::NoSpace);
        }
        self.size_bytes = self.size_bytes.max(offset_bytes + written as u64);
        Ok(written)
    }

    fn write_page(
        &mut self,
        index: u64,
        start: usize,
        data: &[u8],
        space: &mut Space,
    ) -> Result<()> {
        let old_cost = self.pages.get(&index).map_or(0, cost_bytes);
        let old_length = self.pages.get(&index).map_or(0, Bytes::len);
        let length = page_length(start + data.len()).max(old_length);
        let growth = length as u64 + PAGE_OVERHEAD_BYTES - old_cost;
        space.take(growth)?;
        self.used_bytes += growth;
        let page = self.pages.entry(index).or_default();
        *page = overwritten(core::mem::take(page), length, start, data);
        Ok(())
    }

    /// Cuts the file off, or extends it with a hole.
    pub(crate) fn resize(&mut self, size_bytes: u64, space: &mut Space) {
        if size_bytes < self.size_bytes {
            let (index, keep) = place_of(size_bytes);
            let mut cut = self.pages.split_off(&index);
            let old_cost: u64 = cut.values().map(cost_bytes).sum();
            let kept = cut.remove(&index).and_then(|page| shortened(page, keep));
            let freed = old_cost - kept.as_ref().map_or(0, cost_bytes);
            self.pages.extend(kept.map(|page| (index, page)));
            self.used_bytes -= freed;
            space.give(freed);
        }
        self.size_bytes = size_bytes;
    }
}

fn place_of(offset_bytes: u64) -> (u64, usize) {
    let page_bytes = PAGE_BYTES as u64;
    (offset_bytes / page_bytes, (offset_bytes % page_bytes) as usize)
}

fn room_in_page(start: usize, length_bytes: u64) -> usize {
    usize::try_from(length_bytes).map_or(PAGE_BYTES - start, |l| l.min(PAGE_BYTES - start))
}

fn page_length(end: usize) -> usize {
    end.next_power_of_two().max(PAGE_BYTES_MIN)
}

fn cost_bytes(page: &Bytes) -> u64 {
    page.len() as u64 + PAGE_OVERHEAD_BYTES
}

/// The page with `data` at `start`, `length` bytes long.
fn overwritten(page: Bytes, length: usize, start: usize, data: &[u8]) -> Bytes {
    let mut own = match page.try_into_mut() {
        Ok(own) if own.len() == length => own,
        _ if data.len() == length => return Bytes::copy_from_slice(data),
        Ok(own) => copied(&own, length),
        Err(shared) => copied(&shared, length),
    };
    own[start..start + data.len()].copy_from_slice(data);
    own.freeze()
}

/// The page without what is behind its first `keep` bytes; none if nothing is left.
fn shortened(page: Bytes, keep: usize) -> Option<Bytes> {
    match keep {
        0 => None,
        keep if keep >= page.len() => Some(page),
        keep => Some(copied(&page[..keep], page_length(keep)).freeze()),
    }
}

fn copied(bytes: &[u8], length: usize) -> BytesMut {
    let mut copy = BytesMut::zeroed(length);
    copy[..bytes.len()].copy_from_slice(bytes);
    copy
}
