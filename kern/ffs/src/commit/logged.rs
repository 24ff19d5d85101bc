//! A commit through the log.
//!
//! ```text
//! data that must come first ─┐
//! records behind the head ───┴─► flush ─► header ─► flush
//! ```
//! Data and records go together: both must only be there before the header. What earlier commits
//! have released comes to its place meanwhile; the header's tail passes what did before the flush.

use super::seal::Sealed;
use crate::file_system::Ffs;
use crate::log::Log;
use crate::writer::Writer;
use abi::{Errno, Result};

impl Ffs {
    pub(super) async fn write_logged(
        &self,
        writer: &Writer,
        log: &Log,
        sealed: &Sealed,
    ) -> Result<()> {
        let fresh = self.cache.write_back(sealed.fresh.iter().copied());
        let stable = self.cache.write_back(sealed.stable.iter().copied());
        let batch = sealed.batch();
        self.settle_metadata(log).await?;
        self.make_room(log, log.need(&batch).bytes()).await?;
        log.start(&batch).await?;
        fresh.await?;
        self.note_stable(writer, sealed, stable.await)?;
        log.commit(&batch, |page| !self.cache.is_released(page)).await
    }

    /// Waits until the log has room for `bytes` more: writes in place what stands at its tail.
    async fn make_room(&self, log: &Log, bytes: u64) -> Result<()> {
        while log.room_bytes() < bytes {
            let room_bytes = log.room_bytes();
            let (pages, number) = log.oldest_pages(bytes - room_bytes);
            self.cache.write_back(pages.iter().copied()).await?;
            pages.into_iter().for_each(|page| log.note_in_place(page, number));
            log.trim(|page| !self.cache.is_released(page)).await?;
            if log.room_bytes() <= room_bytes {
                // Nothing is left in it but the list of inodes.
                return Err(Errno::NoSpace);
            }
        }
        Ok(())
    }

    /// Waits while more metadata that the log has is kept in memory than changed data may be: a log
    /// holds sectors, but what they keep here are pages.
    async fn settle_metadata(&self, log: &Log) -> Result<()> {
        while self.cache.released_bytes() > self.dirty_bytes_max() {
            let (_, size_bytes) = log.fill_bytes();
            let (pages, number) = log.oldest_pages(size_bytes / 4);
            if pages.is_empty() {
                return Ok(());
            }
            self.cache.write_back(pages.iter().copied()).await?;
            pages.into_iter().for_each(|page| log.note_in_place(page, number));
        }
        Ok(())
    }

    /// Starts to write in place what stands at the tail of a log more than half full, or of one
    /// that keeps much in memory, so that the next header can leave it behind and nobody has to
    /// wait for room.
    pub(super) fn relieve_log(&self, writer: &Writer) {
        let Some(log) = &writer.log else { return };
        let (used_bytes, size_bytes) = log.fill_bytes();
        let keeps_much = self.cache.released_bytes() > self.dirty_bytes_max() / 2;
        if used_bytes > size_bytes / 2 || keeps_much {
            let (pages, _) = log.oldest_pages(size_bytes / 4);
            // The device goes on with it by itself.
            drop(self.cache.write_back(pages));
        }
    }
}
