//! Files that have lost their last name, taken apart while nobody waits who need not.
//!
//! ```text
//!  remove, rename ──► fresh ──── its remover settles ───► at work ──► gone
//!                       │                                  │   │
//!                       │      the task is dropped         │   └──► stuck
//!                       │    ┌─────────────────────────────┘
//!                       ▼    ▼
//!  mount, replayed ──► left ── a save, closing, or whoever lacks space ──► at work
//! ```
//! An operation ends when the name is gone and the log's list has the file; from then on that is
//! `Stale` to everybody ([`Ffs::node`]), so taking it apart needs no lock but its own turn: each
//! file is in one of these places. It is many transactions, and gives way between two.
//!
//! Who waits: the remover, who settles, for the file it has removed, and for nobody else's. (VFS
//! settles right after the operation, so the newest file is its own.) Who finds no space, or has
//! used up a quota, waits for files that were doomed before, of whoever pays, and takes one apart
//! itself where nobody is at it: step by step, until there is enough. This takes no vnode lock and
//! allocates nothing, so whoever waits may hold locks. Closing waits for all of them.
//!
//! A file that cannot be taken apart is named once and left alone until closing tries once more: it
//! stays in the log's list for the next mount, or is left to `fsck`. Its name is gone, so its remover
//! is not told.

mod doomed;
#[cfg(test)]
mod tests;

use crate::file_system::Ffs;
use crate::quota::QuotaKind;
use crate::transaction::{Refused, Transaction};
use crate::writer::Writer;
use abi::{Errno, InodeNo, Result, Timestamp};
use doomed::Work;
pub(crate) use doomed::{Awaited, Doomed, Owners};
use task::let_others_run;

/// What an operation lacks that a file taken apart may give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Blocks or inodes.
    Space,
    /// What a user or group may have, and whose that is, if it is known.
    Quota(Option<(QuotaKind, u32)>),
}

impl Ffs {
    /// Takes apart the file that the caller has removed, if it has, and makes everything durable
    /// that was ordered before.
    ///
    /// # Errors
    /// `Io` if it may be lost: the disk failed.
    pub(crate) async fn settle_changes(&self) -> Result<()> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        let reclaimed = match writer.doomed.take_own() {
            Some(work) => self.take_apart(writer, work).await,
            None => Ok(()),
        };
        self.make_durable().await.and(reclaimed)
    }

    /// Sees to it that the log's list has room for one file more. It has, unless hundreds of files
    /// were removed and nobody has settled since.
    ///
    /// # Errors
    /// `ReadOnly` if nothing may be changed; `Io` if the disk failed.
    pub(crate) async fn expect_room_for_doomed(&self) -> Result<()> {
        let writer = self.changeable()?;
        while writer.doomed.is_full() {
            let Some(work) = writer.doomed.take_any() else { break };
            self.take_apart(writer, work).await?;
        }
        Ok(())
    }

    /// Takes apart whatever nobody is at work on; says whether there was something.
    ///
    /// # Errors
    /// `Io` if the disk failed.
    pub(crate) async fn reclaim_waiting(&self, writer: &Writer) -> Result<bool> {
        let mut has_been = false;
        while let Some(work) = writer.doomed.take_any() {
            has_been = true;
            self.take_apart(writer, work).await?;
        }
        Ok(has_been)
    }

    /// Takes everything apart, for the end: nothing more comes. What could not be is tried once
    /// more.
    ///
    /// # Errors
    /// `Io` if something is left.
    pub(crate) async fn reclaim_all(&self, writer: &Writer) -> Result<()> {
        writer.doomed.retry_stuck();
        self.reclaim_waiting(writer).await?;
        while writer.doomed.is_at_work() {
            writer.doomed.next_step().await;
            self.reclaim_waiting(writer).await?;
        }
        if writer.doomed.has_stuck() { Err(Errno::Io) } else { Ok(()) }
    }

    /// Waits until something that an operation lacks may have come back. `false`: nothing will.
    pub(crate) async fn wait_for_reclaim(&self, awaited: &Awaited) -> Result<bool> {
        let writer = self.changeable()?;
        if !writer.doomed.is_coming(awaited) {
            return Ok(false);
        }
        match writer.doomed.take_awaited(awaited) {
            Some(mut work) => {
                self.reclaim_step(writer, &mut work).await?;
            }
            None => writer.doomed.next_step().await,
        }
        Ok(true)
    }

    async fn take_apart(&self, writer: &Writer, mut work: Work<'_>) -> Result<()> {
        while !self.reclaim_step(writer, &mut work).await? {
            let_others_run().await;
        }
        Ok(())
    }

    /// One transaction of it. Says whether that was the last.
    ///
    /// # Errors
    /// If the file system has failed. What is wrong with this file only is noted.
    async fn reclaim_step(&self, writer: &Writer, work: &mut Work<'_>) -> Result<bool> {
        let (number, time) = (work.inode(), self.reclaim_time(writer));
        let mut step = |transaction: &mut Transaction<'_>| transaction.reclaim(number);
        match self.attempt(time, &mut step, || self.unfailed()).await {
            Ok(is_gone) => {
                if is_gone {
                    writer.failures.borrow_mut().take(number);
                }
                work.note_step(is_gone);
                Ok(is_gone)
            }
            Err(Refused { errno, .. }) => {
                if let Some(failed) = writer.failed.get() {
                    return Err(failed);
                }
                self.report_stuck(number, errno);
                work.give_up();
                Ok(true)
            }
        }
    }

    /// Names a file that stays as it is.
    pub(crate) fn report_stuck(&self, number: InodeNo, errno: Errno) {
        let number = number.0;
        let is_listed = self.writer.as_ref().is_some_and(Writer::has_log);
        let next = if is_listed { "the next mount tries again" } else { "fsck frees it" };
        self.damaged(format_args!("inode {number} has no name and is not freed ({errno}): {next}"));
    }

    /// Nobody is told at what time a file is taken apart, but no time goes back.
    fn reclaim_time(&self, writer: &Writer) -> Timestamp {
        let mounted = crate::commit::time_of(&self.superblock);
        writer.commits.time().max(Timestamp { seconds: mounted, nanoseconds: 0 })
    }
}
