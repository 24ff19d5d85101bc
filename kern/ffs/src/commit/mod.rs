//! Making durable what was ordered.
//!
//! ```text
//!          transactions join            seal                conclude
//!  Open n ───────────────────► Open n ───────► Sealed n ─────────────► durable: all up to n
//!                                │                 │ written by whoever came first
//!                                └► Open n + 1     ├─ with a log: see `logged`
//!                                                  └─ without:    see `ordered`
//! ```
//! One compound transaction is committed at a time, while the next one fills. Whoever wants to have
//! something durable waits in a queue for its turn; who finds it done has waited for somebody
//! else's commit. If a task is dropped in the middle of one, the next in the queue begins the same
//! sealed transaction again: every step may be done twice.
//!
//! A commit that fails ends all changes: what is in memory is not what the disk has, so nothing
//! that builds on it may be written. Reading goes on.

mod close;
mod commits;
mod discard;
mod logged;
mod make_log;
mod ordered;
mod seal;
mod start;
mod superblock;
mod verifier;

#[cfg(test)]
mod tests;

pub(crate) use commits::Commits;
pub use commits::Counters;
pub(crate) use superblock::time_of;

use crate::file_system::Ffs;
use crate::writer::Writer;
use abi::{Errno, Result};
use alloc::rc::Rc;
use seal::Sealed;
use task::let_others_run;

impl Ffs {
    /// What is needed to change anything.
    ///
    /// # Errors
    /// `ReadOnly` if nothing may be changed, or nothing any more.
    pub(crate) fn changeable(&self) -> Result<&Writer> {
        let writer = self.unfailed()?;
        if writer.commits.is_closed() { Err(Errno::ReadOnly) } else { Ok(writer) }
    }

    /// The same for what closing itself has to change.
    ///
    /// # Errors
    /// `ReadOnly` as well.
    pub(crate) fn unfailed(&self) -> Result<&Writer> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        if writer.failed.get().is_some() { Err(Errno::ReadOnly) } else { Ok(writer) }
    }

    /// What was committed so far, and what it cost.
    pub fn counters(&self) -> Counters {
        self.writer.as_ref().map(Writer::counters).unwrap_or_default()
    }

    /// Makes everything durable that was ordered before.
    ///
    /// # Errors
    /// `Io` if it may be lost: the disk failed.
    pub(crate) async fn make_durable(&self) -> Result<()> {
        let writer = self.writer.as_ref().ok_or(Errno::ReadOnly)?;
        let wanted = writer.commits.wanted(&writer.open.borrow());
        let since = writer.commits.durable();
        while !writer.commits.is_durable(wanted) {
            let _turn = writer.commits.turn().await;
            if let Some(errno) = writer.failed.get() {
                return Err(errno);
            }
            if !writer.commits.is_durable(wanted) {
                self.commit(writer).await?;
            }
        }
        writer.commits.trouble_since(since)
    }

    /// Waits for a commit, for what comes with it. What became of data is for its owners to know.
    pub(crate) async fn commit_for_room(&self) -> Result<()> {
        if self.make_durable().await.is_err() {
            self.changeable()?;
        }
        Ok(())
    }

    /// Commits what was sealed, or else the open transaction; on the committer's turn.
    async fn commit(&self, writer: &Writer) -> Result<()> {
        let committed = self.commit_next(writer).await;
        committed.map_err(|errno| self.fail(writer, errno))
    }

    /// Whoever is ready to join the open transaction does: calls that came together share a
    /// commit. Then nothing is waited for between the sealing and the start of its writes: what
    /// others change of the same pages meanwhile would be written, or left out, in its place.
    async fn commit_next(&self, writer: &Writer) -> Result<()> {
        let sealed = match writer.commits.sealed() {
            Some(sealed) => sealed,
            None => {
                let_others_run().await;
                if writer.open.borrow().has_changes() {
                    self.start(writer).await?;
                }
                self.seal(writer)?
            }
        };
        self.write_sealed(writer, &sealed).await?;
        self.discard(writer, &sealed.freed).await;
        self.conclude(writer, &sealed);
        Ok(())
    }

    async fn write_sealed(&self, writer: &Writer, sealed: &Rc<Sealed>) -> Result<()> {
        if !sealed.has_changes() {
            return self.write_stable(writer, sealed).await;
        }
        match &writer.log {
            Some(log) => self.write_logged(writer, log, sealed).await,
            None => self.write_ordered(writer, sealed).await,
        }
    }

    /// Nothing but data that somebody wants to be durable.
    async fn write_stable(&self, writer: &Writer, sealed: &Sealed) -> Result<()> {
        let stable = self.cache.write_back(sealed.stable.iter().copied()).await;
        self.note_stable(writer, sealed, stable)?;
        self.flush(writer).await
    }

    /// Data that cannot be written is its owner's trouble, and that of those who wait for it; also
    /// if that came out before this commit. Data that must be there before anything leads to it
    /// ends all changes.
    fn note_stable(&self, writer: &Writer, sealed: &Sealed, written: Result<()>) -> Result<()> {
        self.note_failures(writer);
        if written.is_err() {
            writer.commits.note_trouble(sealed.number);
        }
        writer.failed.get().map_or(Ok(()), Err)
    }

    /// What is sealed is durable: its metadata may come to its place, its frees to others.
    fn conclude(&self, writer: &Writer, sealed: &Sealed) {
        for logged in &sealed.pages {
            self.cache.release(logged.page, logged.bytes.clone(), logged.sectors);
        }
        for &extent in &sealed.freed {
            let (page, sectors) = self.sectors(extent);
            self.cache.forget(page, sectors);
            writer.withheld.borrow_mut().give_back(&self.geometry, extent);
        }
        writer.commits.conclude(sealed);
        self.relieve_log(writer);
    }

    /// Nothing may be changed any more. Whatever the disk said, what it means for those who wait
    /// is `Io`: `NoSpace` would tell them that nothing has happened.
    pub(crate) fn fail(&self, writer: &Writer, errno: Errno) -> Errno {
        if writer.failed.get().is_some() {
            return Errno::Io;
        }
        writer.failed.set(Some(Errno::Io));
        writer.change_verifier();
        self.damaged(format_args!(
            "metadata could not be written ({errno}): the file system is read-only from now on"
        ));
        Errno::Io
    }

    /// Everything that was written before is durable when this ends.
    async fn flush(&self, writer: &Writer) -> Result<()> {
        writer.commits.count_flush();
        self.cache.flush().await
    }
}
