//! Everything written, and the end.
//!
//! ```text
//! files without names freed ─► commit ─► all in place ─► empty log ─► summaries, counts ─►
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

    /// Leaves the image clean. Nothing can be changed from the call on.
    ///
    /// # Errors
    /// If not all of it could be written: then it is as after a crash.
    pub(crate) async fn leave_clean(&self) -> Result<()> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        if writer.commits.is_closed() {
            return Ok(());
        }
        let reclaimed = self.reclaim_all(writer).await;
        writer.commits.close();
        reclaimed?;
        self.write_everything().await?;
        let _turn = writer.commits.turn().await;
        if !writer.commits.is_in_use() {
            return Ok(());
        }
        self.start(writer).await?;
        self.mark_clean(writer).await
    }

    /// Frees what has lost its last name and is still there: whoever did it was stopped half-way.
    async fn reclaim_all(&self, writer: &Writer) -> Result<()> {
        loop {
            let first = writer.unlinked.borrow().first_key_value().map(|(&inode, _)| inode);
            let Some(inode) = first else { return Ok(()) };
            self.reclaim(inode, writer.commits.time()).await?;
        }
    }

    async fn mark_clean(&self, writer: &Writer) -> Result<()> {
        if let Some(log) = &writer.log {
            log.trim(|page| !self.cache.is_released(page)).await?;
        }
        self.write_summaries(writer).await?;
        self.change_superblock(writer, |superblock| set_state(superblock, writer)).await?;
        self.change_superblock(writer, |superblock| superblock.clean = clean::IS_CLEAN).await?;
        if writer.log.is_some() {
            self.change_superblock(writer, |superblock| superblock.flags &= !flags::WAPBL).await?;
        }
        Ok(())
    }
}
