//! Writes of pages: what one is made of, how neighbours become one request, who waits for it.
//!
//! ```text
//!  write_back ─► next ─► writing ─► pieces ─► requests ─► Device
//!                 ▲         │  a page has one write under way; what comes later waits in `next`,
//!                 └─ merged ┘  joined by what comes later still
//! ```
//! A request belongs to the device. Its end is noted in the pages it covers and starts what waited
//! there, whether or not any future is still interested.

use crate::{Loan, REQUEST_BYTES_MAX, Sectors};
use abi::Result;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// One write of one page.
#[derive(Default)]
pub(crate) struct Write {
    /// What is written: disjoint sectors, each of one version of the page.
    parts: Vec<(Bytes, Sectors)>,
    /// Data under way that was not forgotten since: lost if the write fails.
    pub(crate) free: Sectors,
    /// Metadata under way that was not forgotten since: dirty again if the write fails.
    pub(crate) released: Sectors,
    /// Memory of others in which some of that stands.
    loans: Vec<Rc<Loan>>,
    waiters: Vec<Rc<Progress>>,
    /// Pieces under way.
    pieces_left: usize,
    result: Option<Result<()>>,
}

impl Write {
    /// Adds sectors as they stand in `bytes`, in place of what was to be written there.
    fn add(&mut self, bytes: &Bytes, sectors: Sectors) {
        self.parts.retain_mut(|(_, older)| {
            *older = older.without(sectors);
            !older.is_empty()
        });
        if !sectors.is_empty() {
            self.parts.push((bytes.clone(), sectors));
        }
    }

    /// Adds data.
    pub(crate) fn add_free(&mut self, bytes: &Bytes, sectors: Sectors) {
        self.add(bytes, sectors);
        self.free |= sectors;
    }

    /// What was added stands in memory that is lent, and stays so until this write ends.
    pub(crate) fn borrow(&mut self, loan: Rc<Loan>) {
        self.loans.push(loan);
    }

    /// Adds metadata that the log has.
    pub(crate) fn add_released(&mut self, bytes: &Bytes, sectors: Sectors) {
        self.add(bytes, sectors);
        self.released |= sectors;
    }

    /// Tells `waiter` when this write ends.
    pub(crate) fn tell(&mut self, waiter: &Rc<Progress>) {
        waiter.expect_one();
        self.waiters.push(waiter.clone());
    }

    /// What is to be written, ascending.
    pub(crate) fn take_pieces(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (bytes, sectors) in self.parts.drain(..) {
            for run in sectors.runs() {
                let end = run.end.min(bytes.len());
                pieces.push(Piece { start: run.start, bytes: bytes.slice(run.start..end) });
            }
        }
        pieces.sort_unstable_by_key(|piece| piece.start);
        pieces
    }

    /// A piece is under way.
    pub(crate) fn expect_piece(&mut self) {
        self.pieces_left += 1;
    }

    /// The outcome of the whole write, if this was the last of its pieces.
    pub(crate) fn piece_ended(&mut self, result: Result<()>) -> Option<Result<()>> {
        let result = self.result.unwrap_or(Ok(())).and(result);
        self.result = Some(result);
        self.pieces_left -= 1;
        (self.pieces_left == 0).then_some(result)
    }

    /// Tells everybody who waits.
    pub(crate) fn end(&self, result: Result<()>) {
        for waiter in &self.waiters {
            waiter.one_ended(result);
        }
    }
}

/// Contiguous bytes of a page to be written.
pub(crate) struct Piece {
    /// Where in the page.
    pub(crate) start: usize,
    pub(crate) bytes: Bytes,
}

/// Contiguous bytes of the disk to be written.
pub(crate) struct Request {
    pub(crate) offset_bytes: u64,
    pub(crate) data: Vec<Bytes>,
    length_bytes: u64,
    /// The page of each piece of it.
    pub(crate) pages: Vec<u64>,
}

/// Joins pieces of pages, ascending, to as few requests as may be.
#[derive(Default)]
pub(crate) struct Requests {
    pub(crate) list: Vec<Request>,
}

impl Requests {
    pub(crate) fn add(&mut self, page: u64, offset_bytes: u64, bytes: Bytes) {
        let length_bytes = bytes.len() as u64;
        if let Some(last) = self.list.last_mut()
            && last.offset_bytes + last.length_bytes == offset_bytes
            && last.length_bytes + length_bytes <= REQUEST_BYTES_MAX
        {
            last.length_bytes += length_bytes;
            last.data.push(bytes);
            last.pages.push(page);
            return;
        }
        let (data, pages) = ([bytes].into(), [page].into());
        self.list.push(Request { offset_bytes, data, length_bytes, pages });
    }
}

/// How far the writes are that one call waits for.
pub(crate) struct Progress {
    writes_left: Cell<usize>,
    result: Cell<Result<()>>,
    waker: Cell<Option<Waker>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { writes_left: Cell::new(0), result: Cell::new(Ok(())), waker: Cell::new(None) }
    }
}

impl Progress {
    fn expect_one(&self) {
        self.writes_left.set(self.writes_left.get() + 1);
    }

    fn one_ended(&self, result: Result<()>) {
        self.result.set(self.result.get().and(result));
        self.writes_left.set(self.writes_left.get() - 1);
        if let Some(waker) = (self.writes_left.get() == 0).then(|| self.waker.take()).flatten() {
            waker.wake();
        }
    }
}

/// Ends when the writes it stands for have ended, with the first of their errors if any failed.
/// They go on without it.
pub struct WriteBack(Rc<Progress>);

impl WriteBack {
    pub(crate) fn new(progress: Rc<Progress>) -> Self {
        Self(progress)
    }
}

impl Future for WriteBack {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.0.writes_left.get() == 0 {
            return Poll::Ready(self.0.result.get());
        }
        self.0.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }
}
