//! One page whose contents the disk does not have yet.
//!
//! Its dirt is a set of sectors, of three kinds:
//!
//! ```text
//!             change            release                    write_back
//!  data ─────► free ─────────────────────────────────► being written ──► clean
//!  metadata ─► held ─────► released (as the log has it) ► being written ──► clean
//! ```
//! One write is under way at a time. What is to be written meanwhile is put together in `next`.

use crate::Sectors;
use crate::loan::Loan;
use crate::versions::Versions;
use crate::write_back::{Piece, Progress, Write};
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;

/// One page with dirt.
pub(crate) struct DirtyPage {
    /// The newest contents, and those that commits may release yet.
    versions: Versions,
    free: Sectors,
    released: Sectors,
    /// The contents that were released last; they have all that was released before, too.
    snapshot: Bytes,
    writing: Option<Write>,
    /// What is written when `writing` has ended.
    next: Option<Write>,
    /// When the oldest dirt that may be written came, as a number in order.
    pub(crate) since: u64,
    /// A read of this page is under way. What it brings is older than what is here.
    is_loading: bool,
    /// Data was lost: these are contents that the disk will never have.
    pub(crate) is_lost: bool,
    /// The newest contents stand in memory that belongs to somebody else.
    loan: Option<Rc<Loan>>,
}

impl DirtyPage {
    pub(crate) fn new(bytes: Bytes, is_loading: bool) -> Self {
        Self {
            versions: Versions::new(bytes),
            free: Sectors::NONE,
            released: Sectors::NONE,
            snapshot: Bytes::new(),
            writing: None,
            next: None,
            since: 0,
            is_loading,
            is_lost: false,
            loan: None,
        }
    }

    /// Takes new contents. A sector is of the kind that was said last.
    pub(crate) fn change(&mut self, bytes: Bytes, free: Sectors, held: Sectors) {
        let all = Sectors::of(0..bytes.len());
        let held = held.intersection(all);
        let free = free.intersection(all).without(held);
        self.forget_metadata(free);
        self.free = self.free.without(held) | free;
        self.versions.add(bytes, held);
        self.loan = None;
    }

    /// The contents given last, which are data, are lent.
    pub(crate) fn borrow(&mut self, loan: Rc<Loan>) {
        self.loan = Some(loan);
    }

    pub(crate) fn is_lent(&self) -> bool {
        self.loan.is_some()
    }

    /// Gives lent contents back for a copy. What is being written of them is written to its end.
    pub(crate) fn own(&mut self) {
        if self.loan.take().is_some() {
            self.versions.copy_newest();
        }
    }

    /// The log has `sectors` as they stand in `bytes`.
    pub(crate) fn release(&mut self, bytes: Bytes, sectors: Sectors) {
        let sectors = self.versions.release(&bytes, sectors);
        if !sectors.is_empty() {
            self.released |= sectors;
            self.snapshot = bytes;
        }
    }

    /// Nobody wants these sectors any more. What is being written goes on, for nobody.
    pub(crate) fn forget(&mut self, sectors: Sectors) {
        self.forget_metadata(sectors);
        self.forget_data(sectors);
    }

    pub(crate) fn forget_data(&mut self, sectors: Sectors) {
        self.free = self.free.without(sectors);
        for write in [&mut self.writing, &mut self.next].into_iter().flatten() {
            write.free = write.free.without(sectors);
        }
    }

    fn forget_metadata(&mut self, sectors: Sectors) {
        self.versions.forget(sectors);
        self.released = self.released.without(sectors);
        for write in [&mut self.writing, &mut self.next].into_iter().flatten() {
            write.released = write.released.without(sectors);
        }
    }

    /// Takes what may be written for a write, and tells `waiter` when it and those before it end.
    /// Returns what is to be written now.
    pub(crate) fn write_back(&mut self, waiter: &Rc<Progress>) -> Vec<Piece> {
        if self.is_writable() {
            let next = self.next.get_or_insert_default();
            next.add_released(&self.snapshot, self.released);
            next.add_free(self.versions.newest(), self.free);
            self.loan.iter().for_each(|loan| next.borrow(loan.clone()));
            (self.free, self.released) = (Sectors::NONE, Sectors::NONE);
        }
        for write in [&mut self.writing, &mut self.next].into_iter().flatten() {
            write.tell(waiter);
        }
        self.start_next()
    }

    /// Starts what waits, unless a write is under way. Returns what is to be written now.
    pub(crate) fn start_next(&mut self) -> Vec<Piece> {
        if self.writing.is_some() {
            return Vec::new();
        }
        self.writing = self.next.take();
        self.writing.as_mut().map(Write::take_pieces).unwrap_or_default()
    }

    pub(crate) fn expect_piece(&mut self) {
        if let Some(write) = &mut self.writing {
            write.expect_piece();
        }
    }

    /// A piece of this page was written, or was not. Says why data was lost.
    pub(crate) fn piece_ended(&mut self, result: Result<()>) -> Option<Errno> {
        let result = self.writing.as_mut()?.piece_ended(result)?;
        let write = self.writing.take()?;
        write.end(result);
        if result.is_err() {
            self.released |= write.released;
            self.is_lost |= !write.free.is_empty();
        }
        if !self.is_released() {
            self.snapshot = Bytes::new();
        }
        result.err().filter(|_| !write.free.is_empty())
    }

    /// The read that was under way has arrived. Returns the contents, which are newer.
    pub(crate) fn arrived(&mut self) -> Bytes {
        self.is_loading = false;
        self.own();
        self.bytes().clone()
    }

    /// The newest contents.
    pub(crate) fn bytes(&self) -> &Bytes {
        self.versions.newest()
    }

    fn is_writable(&self) -> bool {
        !(self.free | self.released).is_empty()
    }

    pub(crate) fn is_released(&self) -> bool {
        let under_way = [&self.writing, &self.next].into_iter().flatten();
        under_way.fold(self.released, |sum, write| sum | write.released) != Sectors::NONE
    }

    /// Whether the disk has all of it, or nobody cares whether it has.
    pub(crate) fn is_clean(&self) -> bool {
        let dirt = self.free | self.versions.held() | self.released;
        dirt.is_empty() && self.writing.is_none() && self.next.is_none() && !self.is_loading
    }

    /// Whether it has free dirt or is being written.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.free.is_empty() || self.writing.is_some() || self.next.is_some()
    }

    pub(crate) fn tally(&self) -> Tally {
        let counts = self.is_dirty() && !self.is_lent();
        Tally {
            dirty_bytes: if counts { self.bytes().len() as u64 } else { 0 },
            released_pages: self.is_released().into(),
            is_writable: self.is_writable(),
        }
    }
}

/// What one page adds to what is counted and ordered.
pub(crate) struct Tally {
    /// Those that are its own.
    pub(crate) dirty_bytes: u64,
    pub(crate) released_pages: usize,
    pub(crate) is_writable: bool,
}
