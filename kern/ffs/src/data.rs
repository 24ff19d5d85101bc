//! The contents of a file: ranges of it as slices of cache pages; only small ones are copied.

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{DIRECT_POINTERS, Lbn};
use crate::map::{Map, Role};
use abi::{Errno, Result};
use alloc::vec;
use alloc::vec::Vec;
use block::PageNo;
use bytes::Bytes;
use core::ops::Range;

/// Every hole of every file: one block of zeros, of the largest size there is.
static ZEROS: [u8; 65536] = [0; 65536];

/// The part of one block that a read wants.
#[derive(Clone, Copy)]
struct Segment {
    /// The page it is in; `None` if it is a hole.
    page: Option<PageNo>,
    /// Where in the page, in bytes.
    start: usize,
    end: usize,
}

impl Segment {
    /// Whether `next` lies in the page behind this one.
    fn is_before(&self, next: &Self) -> bool {
        matches!((self.page, next.page), (Some(page), Some(next)) if page.0 + 1 == next.0)
            || (self.page.is_none() && next.page.is_none())
    }

    /// Where the wanted part is. Shorter pages are a disk's last.
    fn range_in(&self, page: &Bytes) -> Result<Range<usize>> {
        if page.len() < self.end { Err(Errno::Io) } else { Ok(self.start..self.end) }
    }

    /// The wanted part of the page, for a reply.
    fn cut(&self, page: &Bytes) -> Result<Bytes> {
        Ok(vfs::share(page, self.range_in(page)?))
    }
}

/// Blocks of a file that are neighbours on disk, to be read ahead together.
struct Run {
    /// The first of them.
    lbn: u64,
    pages: Range<u64>,
}

impl Ffs {
    /// The bytes of `range`, which lies within the file, or at least within its last fragment.
    pub(crate) async fn read_range(&self, node: &Node, range: Range<u64>) -> Result<Vec<Bytes>> {
        self.read_blocks(node, range, 0..0).await
    }

    /// As [`Ffs::read_range`], for readers that go on behind it: starts to read what follows.
    pub(crate) async fn read_in_sequence(
        &self,
        node: &Node,
        range: Range<u64>,
    ) -> Result<Vec<Bytes>> {
        let shift = self.geometry.block_shift;
        let (state, ahead) = node.ahead.get().after(range.clone(), shift);
        node.ahead.set(state);
        self.read_blocks(node, range, ahead).await
    }

    /// The bytes of a range that lies within one block, to be looked at and let go: shared
    /// however few they are.
    pub(crate) async fn read_within_block(&self, node: &Node, range: Range<u64>) -> Result<Bytes> {
        let lbn = Lbn(range.start >> self.geometry.block_shift);
        let segment = self.segment(&mut Map::new(self, node), node, lbn, &range).await?;
        let Some(page) = segment.page else { return Ok(zeros(segment.end - segment.start)) };
        let page = self.cache.read(page).await?;
        Ok(page.slice(segment.range_in(&page)?))
    }

    async fn read_blocks(
        &self,
        node: &Node,
        range: Range<u64>,
        ahead: Range<u64>,
    ) -> Result<Vec<Bytes>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let shift = self.geometry.block_shift;
        let mut map = Map::new(self, node);
        let (first, last) = (range.start >> shift, (range.end - 1) >> shift);
        if first == last {
            let segment = self.segment(&mut map, node, Lbn(first), &range).await?;
            self.read_ahead(node, &map, ahead);
            return Ok(vec![self.piece(segment).await?]);
        }
        let mut segments = Vec::with_capacity((last - first + 1) as usize);
        for lbn in first..=last {
            segments.push(self.segment(&mut map, node, Lbn(lbn), &range).await?);
        }
        self.read_ahead(node, &map, ahead);
        self.pieces(&segments).await
    }

    /// Where the part of `range` that lies in block `lbn` is.
    async fn segment(
        &self,
        map: &mut Map<'_>,
        node: &Node,
        lbn: Lbn,
        range: &Range<u64>,
    ) -> Result<Segment> {
        let geometry = &self.geometry;
        let block_start = lbn.0 << geometry.block_shift;
        let start = range.start.max(block_start) - block_start;
        let end = (range.end - block_start).min(geometry.block_bytes().into());
        let pointer = map.pointer(lbn).await?;
        if pointer.is_hole() {
            return Ok(Segment { page: None, start: start as usize, end: end as usize });
        }
        let frags = self.block_frags(node.inode().size_bytes, lbn);
        self.check_pointer(node.number, Role::Data(lbn), pointer, frags)?;
        let base = u64::from(geometry.frag_in_block(pointer)) << geometry.frag_shift;
        let (start, end) = ((base + start) as usize, (base + end) as usize);
        Ok(Segment { page: Some(self.page(pointer)), start, end })
    }

    /// How many fragments block `lbn` of a file of this size has: all, but for a small file's last
    /// block.
    pub(crate) fn block_frags(&self, size_bytes: u64, lbn: Lbn) -> u32 {
        let geometry = &self.geometry;
        let behind = size_bytes.saturating_sub(lbn.0 << geometry.block_shift);
        if lbn.0 >= DIRECT_POINTERS as u64 || behind >= geometry.block_bytes().into() {
            return geometry.frags_per_block();
        }
        (behind as u32).div_ceil(geometry.frag_bytes())
    }

    async fn piece(&self, segment: Segment) -> Result<Bytes> {
        match segment.page {
            Some(page) => segment.cut(&self.cache.read(page).await?),
            None => Ok(zeros(segment.end - segment.start)),
        }
    }

    /// Reads each run of neighbouring pages at once, and the later runs while the first is
    /// waited for.
    async fn pieces(&self, segments: &[Segment]) -> Result<Vec<Bytes>> {
        let runs = || segments.chunk_by(Segment::is_before);
        for run in runs().skip(1) {
            if let Some(first) = run[0].page {
                self.cache.read_ahead(first, run.len() as u32);
            }
        }
        let mut pieces = Vec::with_capacity(segments.len());
        for run in runs() {
            match run[0].page {
                None => pieces.extend(run.iter().map(|hole| zeros(hole.end - hole.start))),
                Some(first) => {
                    let pages = self.cache.read_run(first, run.len() as u32).await?;
                    for (segment, page) in run.iter().zip(&pages) {
                        pieces.push(segment.cut(page)?);
                    }
                }
            }
        }
        Ok(pieces)
    }

    /// Starts to read those of the blocks `planned` that the file has, and takes note of how far
    /// it got.
    fn read_ahead(&self, node: &Node, map: &Map<'_>, planned: Range<u64>) {
        let blocks = node.inode().size_bytes.div_ceil(self.geometry.block_bytes().into());
        let ahead = planned.start..planned.end.min(blocks);
        if ahead.is_empty() {
            return;
        }
        let reached = self.start_ahead(map, ahead.clone());
        if reached < ahead.end {
            node.ahead.set(node.ahead.get().reached(&planned, reached));
        }
    }

    /// Starts to read the blocks `ahead`, as far as the map knows where they are and the cache
    /// has room; if the map ends before them, its next indirect block is sent for. Gives the
    /// first block that it did not get to.
    fn start_ahead(&self, map: &Map<'_>, ahead: Range<u64>) -> u64 {
        let frags = self.geometry.frags_per_block();
        let mut run = Run { lbn: ahead.start, pages: 0..0 };
        for lbn in ahead.clone() {
            let Some(pointer) = map.known(Lbn(lbn)) else {
                map.expect(Lbn(lbn));
                return if self.start_run(&run) { lbn } else { run.lbn };
            };
            let page = self.page(pointer).0;
            if !self.geometry.is_data(pointer, frags) {
                continue;
            }
            if run.pages.end == page {
                run.pages.end += 1;
            } else if self.start_run(&run) {
                run = Run { lbn, pages: page..page + 1 };
            } else {
                return run.lbn;
            }
        }
        if self.start_run(&run) { ahead.end } else { run.lbn }
    }

    /// Says whether there was room.
    fn start_run(&self, run: &Run) -> bool {
        let Range { start, end } = run.pages;
        start == end || self.cache.read_ahead(PageNo(start), (end - start) as u32)
    }
}

fn zeros(length_bytes: usize) -> Bytes {
    Bytes::from_static(&ZEROS[..length_bytes])
}
