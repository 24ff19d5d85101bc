//! Ranges of an image cut into pages.

use std::ops::Range;

/// Size of a page.
pub(crate) const PAGE_BYTES: u64 = 4096;

/// Cuts a range where pages end: the page, the range inside it, and the range of the bytes.
pub(crate) fn pieces(
    offset_bytes: u64,
    length: usize,
) -> impl Iterator<Item = (u64, Range<usize>, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset_bytes + done as u64;
        let inside = (at % PAGE_BYTES) as usize;
        let count = (PAGE_BYTES as usize - inside).min(length - done);
        done += count;
        (count > 0).then(|| (at / PAGE_BYTES, inside..inside + count, done - count..done))
    })
}
