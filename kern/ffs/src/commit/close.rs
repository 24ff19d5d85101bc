//! Everything written, and the end.
//!
//! ```text
//! files without names gone ─► commit ─► all in place ─► empty log ─► summaries, counts ─►
//! fs_clean = 1 ─► FS_DOWAPBL off
//! ```
//! A flush stands between any two. The superblock's counts and the write verifier take two sectors,
//! so they are durable before `fs_clean`, in another one, vouches for them; and while `FS_DOWAPBL`
//! is on, there is an empty log to be replayed.

use super::superblock::set_state;
use crate::file_system::Ffs;
use crate::layout::{clean, flags};
use crate::writer::Writer;
use abi::{Errno, Result};

impl Ffs {
    /// Makes everything durable, unstable data too.
    pub(crate) async fn write_everything(&self) -> Result<()> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        self.make_durable().await?;
        let written = self.cache.write_back(self.cache.oldest(u64::MAX)).await;
        self.note_failures(writer);
        written?;
        self.flush(writer).await
    }

    /// The same, and takes apart what has lost its last name and whose remover does not come back.
    /// That comes last, so that nobody's data waits for it.
    pub(crate) async fn save(&self) -> Result<()> {
        self.write_everything().await?;
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        if self.reclaim_waiting(writer).await? { self.write_everything().await } else { Ok(()) }
    }

    /// Leaves the image clean. Nothing can be changed from the call on. Whoever closes again is told
    /// the same.
    ///
    /// # Errors
    /// If not all of it could be written: then it is as after a crash. If a file without names could
    /// not be taken apart: all else is written then, but the image is not clean.
    pub(crate) async fn leave_clean(&self) -> Result<()> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        if let Some(outcome) = writer.commits.outcome() {
            return outcome;
        }
        writer.commits.close();
        let outcome = self.leave(writer).await;
        writer.commits.conclude_all(outcome)
    }

    async fn leave(&self, writer: &Writer) -> Result<()> {
        let reclaimed = self.reclaim_all(writer).await;
        self.write_everything().await?;
        let _turn = writer.commits.turn().await;
        if let Some(outcome) = writer.commits.outcome() {
            return outcome;
        }
        if !writer.commits.is_in_use() {
            return reclaimed;
        }
        self.start(writer).await?;
        self.empty_log(writer).await?;
        reclaimed?;
        self.mark_clean(writer).await
    }

    /// Leaves nothing in the log but the list of files without names, if there still are any.
    async fn empty_log(&self, writer: &Writer) -> Result<()> {
        match &writer.log {
            Some(log) => log.trim(|page| !self.cache.is_released(page)).await,
            None => Ok(()),
        }
    }

    async fn mark_clean(&self, writer: &Writer) -> Result<()> {
        self.write_summaries(writer).await?;
        self.change_superblock(writer, |superblock| set_state(superblock, writer)).await?;
        self.change_superblock(writer, |superblock| superblock.clean = clean::IS_CLEAN).await?;
        if writer.log.is_some() {
            self.change_superblock(writer, |superblock| superblock.flags &= !flags::WAPBL).await?;
        }
        Ok(())
    }
}
