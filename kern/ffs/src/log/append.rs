//! Appending transactions to the log.

use super::batch::Batch;
use super::headers;
use super::ledger::Ledger;
use super::need::Need;
use super::stream::Stream;
use crate::layout::ByteOrder;
use crate::layout::log::{Header, Place};
use crate::under_way::UnderWay;
use abi::{Result, Timestamp};
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::{Device, PageNo};
use core::cell::{Cell, RefCell};

/// The log of a mounted file system. One transaction is appended at a time.
///
/// Whoever appends may be dropped at any moment; the next may begin the same transaction again,
/// from its beginning: it comes to stand in the same place.
pub struct Log {
    device: Rc<Device>,
    place: Place,
    page_bytes: u32,
    /// The newest header that is durable.
    header: Cell<Header>,
    /// Whether that is so: a new log is made when it is needed.
    is_made: Cell<bool>,
    ledger: RefCell<Ledger>,
    under_way: UnderWay,
    flushes: Cell<u64>,
    written_bytes: Cell<u64>,
}

impl Log {
    /// The log that `header`, which [`super::replay`] left, is the newest header of.
    pub fn of(device: Rc<Device>, place: Place, header: Header, page_bytes: u32) -> Self {
        Self {
            device,
            place,
            page_bytes,
            header: Cell::new(header),
            is_made: Cell::new(true),
            ledger: RefCell::new(Ledger::new(&header, page_bytes)),
            under_way: UnderWay::default(),
            flushes: Cell::new(0),
            written_bytes: Cell::new(0),
        }
    }

    /// A new log at `place`, whatever is there now: see [`Log::make`].
    pub fn new(device: Rc<Device>, place: Place, order: ByteOrder, page_bytes: u32) -> Self {
        let header = Header::empty(&place, order, Timestamp::default());
        let log = Self::of(device, place, header, page_bytes);
        log.is_made.set(false);
        log
    }

    /// Makes sure that there is a log on the disk. What was there before must be without meaning:
    /// the superblock says that no log is in use.
    ///
    /// # Errors
    /// `Io` if the disk failed.
    pub async fn make(&self) -> Result<()> {
        if self.is_made.get() {
            return Ok(());
        }
        self.under_way.finish().await?;
        let header = self.header.get();
        self.write_header(Header { generation: u32::MAX, ..header }).await?;
        self.is_made.set(true);
        Ok(())
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

    /// Bytes of records that it has written.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes.get()
    }

    /// Bytes in use that must not be written again, and all that there are.
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

    /// What a transaction takes, exactly.
    pub fn need(&self, batch: &Batch<'_>) -> Need {
        batch.need(self.page_bytes, self.place.block_bytes)
    }

    /// Starts to write the records of a transaction behind the head, where there must be room.
    /// First waits for whatever an earlier attempt has left under way.
    ///
    /// # Errors
    /// `Io` if that failed.
    pub async fn start(&self, batch: &Batch<'_>) -> Result<()> {
        self.under_way.finish().await?;
        let (header, at) = (self.header.get(), self.ledger.borrow().head());
        let writes = (&self.device, &self.under_way);
        let mut stream = Stream::new(writes, &self.place, &header, at);
        stream.revocations(batch.revoked);
        stream.blocks(&batch.extents(self.page_bytes, self.place.block_bytes));
        stream.list(batch.unlinked);
        let head = stream.end();
        debug_assert_eq!(head, header.circle.advance(at, self.need(batch).bytes()));
        Ok(())
    }

    /// Makes the transaction that was started last part of the log: it is durable when this
    /// returns. `is_in_place` says of a page that all that was released of it is in its place.
    ///
    /// # Errors
    /// `Io` if the disk failed: nobody knows whether the transaction is in the log.
    pub async fn commit(
        &self,
        batch: &Batch<'_>,
        is_in_place: impl Fn(PageNo) -> bool,
    ) -> Result<()> {
        let need = self.need(batch);
        self.under_way.finish().await?;
        // What is in place now is durable after the flush, so the tail may pass it.
        self.ledger.borrow_mut().refresh(is_in_place);
        self.flush().await?;
        let (tail, used_bytes) = self.ledger.borrow().kept_with(need);
        let header = self.header.get();
        self.write_header(Header { tail, used_bytes, time: batch.time, ..header }).await?;
        self.ledger.borrow_mut().append(batch, need);
        self.written_bytes.set(self.written_bytes.get() + need.bytes());
        Ok(())
    }

    /// Moves the tail as far as it can be. What it leaves behind may be written again when this
    /// returns.
    ///
    /// # Errors
    /// `Io` if the disk failed.
    pub async fn trim(&self, is_in_place: impl Fn(PageNo) -> bool) -> Result<()> {
        self.under_way.finish().await?;
        self.ledger.borrow_mut().refresh(is_in_place);
        self.flush().await?;
        let (tail, used_bytes) = {
            let ledger = self.ledger.borrow();
            ledger.kept(ledger.head())
        };
        self.write_header(Header { tail, used_bytes, ..self.header.get() }).await
    }

    /// Writes `header` as the next generation, durably.
    async fn write_header(&self, mut header: Header) -> Result<()> {
        loop {
            header.generation = header.generation.wrapping_add(1);
            self.under_way.add(headers::write(&self.device, &self.place, &header));
            self.under_way.finish().await?;
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
