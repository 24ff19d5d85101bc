//! Appending transactions to the log.

use super::batch::Batch;
use super::headers;
use super::ledger::Ledger;
use super::need::Need;
use super::stream::Stream;
use crate::layout::log::{Header, Place};
use abi::{Errno, Result, Timestamp};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::{Device, PageNo};
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

/// A write that was started.
pub(super) type Write = Pin<Box<dyn Future<Output = Result<()>>>>;

/// The log of a mounted file system. One transaction is appended at a time.
///
/// Whoever appends may be dropped at any moment; the next may begin the same transaction again,
/// from its beginning: it comes to stand in the same place.
pub struct Log {
    device: Rc<Device>,
    place: Place,
    /// The newest header that is durable.
    header: Cell<Header>,
    ledger: RefCell<Ledger>,
    /// Writes that have been started and not been waited for. One that lands late must not
    /// overwrite what came after it, so everybody waits for them before writing anything.
    under_way: RefCell<Vec<Write>>,
    failed: Cell<Option<Errno>>,
    flushes: Cell<u64>,
}

impl Log {
    /// The log that `header`, of [`super::format`] or [`super::replay`], is the newest header of.
    pub fn new(device: Rc<Device>, place: Place, header: Header, page_bytes: u32) -> Self {
        Self {
            device,
            place,
            header: Cell::new(header),
            ledger: RefCell::new(Ledger::new(&header, page_bytes)),
            under_way: RefCell::default(),
            failed: Cell::new(None),
            flushes: Cell::new(0),
        }
    }

    /// Size of its blocks in bytes.
    pub fn block_bytes(&self) -> u32 {
        self.place.block_bytes
    }

    /// The most that one transaction may need, in bytes: half of the log, so that the list of
    /// inodes of one and all of the next fit in it together.
    pub fn transaction_bytes_max(&self) -> u64 {
        let circle = self.header.get().circle;
        let block = u64::from(circle.block_bytes);
        (circle.size_bytes / 2 / block).saturating_sub(1) * block
    }

    /// What may be appended now, in bytes. A log is never filled: NetBSD would take it for empty.
    pub fn room_bytes(&self) -> u64 {
        let header = self.header.get();
        let most = header.circle.size_bytes - u64::from(header.circle.block_bytes);
        most.saturating_sub(header.used_bytes)
    }

    /// How often it has flushed the disk.
    pub fn flushes(&self) -> u64 {
        self.flushes.get()
    }

    /// Bytes in use, of all that there are.
    pub fn fill_bytes(&self) -> (u64, u64) {
        let header = self.header.get();
        (header.used_bytes, header.circle.size_bytes)
    }

    /// Pages to write in place so that, with the next header, about `bytes` become free; and a
    /// number for [`Log::note_in_place`].
    pub fn oldest_pages(&self, bytes: u64) -> (Vec<PageNo>, u64) {
        let ledger = self.ledger.borrow();
        (ledger.oldest_pages(bytes), ledger.next_sequence())
    }

    /// A page was written as it was, or as it was to be written, when [`Log::oldest_pages`] gave
    /// this number.
    pub fn note_in_place(&self, page: PageNo, number: u64) {
        self.ledger.borrow_mut().in_place(page, number);
    }

    /// Waits for all writes that were started.
    ///
    /// # Errors
    /// If one of them failed, now or ever: then the log is not to be trusted any more.
    pub async fn finish(&self) -> Result<()> {
        poll_fn(|context| {
            let mut under_way = self.under_way.borrow_mut();
            under_way.retain_mut(|write| match write.as_mut().poll(context) {
                Poll::Ready(result) => {
                    self.failed.set(self.failed.get().or(result.err()));
                    false
                }
                Poll::Pending => true,
            });
            if under_way.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.failed.get().map_or(Ok(()), Err)
    }

    /// Starts to write the records of a transaction behind the head, where there must be room.
    /// Nothing must be under way (see [`Log::finish`]).
    pub fn start(&self, batch: &Batch<'_>) {
        let (header, at) = (self.header.get(), self.ledger.borrow().head());
        let mut stream = Stream::new(&self.device, &self.place, header.order, header.circle, at);
        stream.revocations(batch.revoked);
        stream.blocks(&batch.extents(self.place.block_bytes));
        stream.list(batch.unlinked);
        let (writes, head) = stream.end();
        debug_assert_eq!(head, header.circle.advance(at, self.need(batch).bytes()));
        self.under_way.borrow_mut().extend(writes);
    }

    /// What a transaction takes, exactly.
    pub fn need(&self, batch: &Batch<'_>) -> Need {
        batch.need(self.place.block_bytes)
    }

    /// Makes the transaction that was started, and has been finished, part of the log: it is
    /// durable when this returns. `is_in_place` says of a page that all that was released of it is
    /// in its place.
    pub async fn commit(
        &self,
        batch: &Batch<'_>,
        is_in_place: impl Fn(PageNo) -> bool,
    ) -> Result<()> {
        let need = self.need(batch);
        // What is in place now is durable after the flush, so the tail may pass it.
        self.ledger.borrow_mut().refresh(is_in_place);
        self.flush().await?;
        let kept = self.ledger.borrow().kept_with(need);
        self.write_header(kept, batch.time).await?;
        self.ledger.borrow_mut().append(batch, need);
        Ok(())
    }

    /// Moves the tail as far as it can be. What it leaves behind may be written again when this
    /// returns.
    pub async fn trim(&self, time: Timestamp, is_in_place: impl Fn(PageNo) -> bool) -> Result<()> {
        self.ledger.borrow_mut().refresh(is_in_place);
        self.flush().await?;
        let kept = {
            let ledger = self.ledger.borrow();
            ledger.kept(ledger.head())
        };
        self.write_header(kept, time).await
    }

    async fn write_header(&self, (tail, used_bytes): (u64, u64), time: Timestamp) -> Result<()> {
        let old = self.header.get();
        let mut header = Header { tail, used_bytes, time, ..old };
        loop {
            header.generation = header.generation.wrapping_add(1);
            let write = headers::write(&self.device, &self.place, &header);
            self.under_way.borrow_mut().push(Box::pin(write));
            self.finish().await?;
            self.flush().await?;
            // Generation 0 is less than every other one, so it holds only with its successor.
            if header.generation != 0 {
                break;
            }
        }
        self.header.set(header);
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        self.flushes.set(self.flushes.get() + 1);
        self.device.flush().await
    }
}
