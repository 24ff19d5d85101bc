//! Space that files gave back, told to the disk.
//!
//! That comes once it is durable that nobody has it, and ends before anybody else gets it: a crash
//! finds zeros only where nothing stands, and no late discard hits what another file has there.
//! What is smaller than a hole can be is kept.

use crate::file_system::Ffs;
use crate::writer::{Extent, Writer};
use alloc::vec::Vec;
use core::ops::Range;

/// Files have holes of pages, on all that keep images.
const HOLE_BYTES: u64 = 4096;

impl Ffs {
    /// Tells the disk that it need not keep these, unless it has said before that it must; and
    /// waits until it has been told. If whoever waits is dropped, the next committer waits first.
    pub(super) async fn discard(&self, writer: &Writer, freed: &[Extent]) {
        self.end_discards(writer).await;
        if !self.options.discard || writer.keeps_space.get() {
            return;
        }
        let device = self.cache.device();
        for hole in holes(freed, self.geometry.frag_shift) {
            writer.commits.discards.add(device.discard(hole.start, hole.end - hole.start));
        }
        self.end_discards(writer).await;
    }

    async fn end_discards(&self, writer: &Writer) {
        if let Err(errno) = writer.commits.discards.finish().await
            && !writer.keeps_space.replace(true)
        {
            self.damaged(format_args!("the disk takes no space back: {errno}"));
        }
    }
}

/// The bytes of extents in a row, as far as they make holes.
fn holes(extents: &[Extent], frag_shift: u32) -> Vec<Range<u64>> {
    let mut extents: Vec<_> = extents.iter().map(|extent| (extent.at.0, extent.frags)).collect();
    extents.sort_unstable();
    let mut rows: Vec<Range<u64>> = Vec::new();
    for (at, frags) in extents {
        let end = at + u64::from(frags);
        match rows.last_mut() {
            Some(row) if row.end == at => row.end = end,
            _ => rows.push(at..end),
        }
    }
    let whole = |row: Range<u64>| {
        let start = (row.start << frag_shift).next_multiple_of(HOLE_BYTES);
        start..(row.end << frag_shift) / HOLE_BYTES * HOLE_BYTES
    };
    rows.into_iter().map(whole).filter(|hole| hole.start < hole.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::FragNo;
    use alloc::vec;

    #[test]
    fn what_lies_in_a_row_is_one_hole_of_whole_pages() {
        let extent = |at, frags| Extent { at: FragNo(at), frags, was_metadata: false };
        let freed = [extent(16, 8), extent(5, 3), extent(8, 8), extent(30, 3), extent(40, 4)];
        let expected = vec![8 << 10..24 << 10, 40 << 10..44 << 10];
        assert_eq!(holes(&freed, 10), expected);
        assert_eq!(holes(&[], 10), vec![]);
    }
}
