//! Making a file shorter or longer, and making an end of one that has no names.

use super::Use;
use super::write::touched;
use crate::file_system::Ffs;
use crate::layout::{Inode, Lbn};
use crate::transaction::{Step, Transaction};
use abi::{Errno, FileType, InodeNo, Result, Timestamp};
use task::let_others_run;

/// A part of a file that was extended without writing: zeros, which need not be durable before
/// the size is.
const HOLE: Use = Use::Data { stable: false };

impl Ffs {
    /// Cuts a regular file off, or extends it with a hole; under its lock. `rest` is done together
    /// with the last step.
    ///
    /// # Errors
    /// `FileTooBig`; `NoSpace` or `QuotaExceeded` if there is none for the last block of a longer
    /// file; whatever `rest` says.
    pub(crate) async fn resize(
        &self,
        number: InodeNo,
        size: u64,
        time: Timestamp,
        rest: impl Fn(&mut Transaction<'_>) -> Step<()>,
    ) -> Result<()> {
        if size > self.geometry.file_bytes_max {
            return Err(Errno::FileTooBig);
        }
        self.prepare_end(number, size, time).await?;
        let mut step = |transaction: &mut Transaction<'_>| {
            let is_done = transaction.resize(number, size)?;
            if is_done {
                rest(transaction)?;
            }
            Ok(is_done)
        };
        while !self.transact(time, &mut step).await? {
            let_others_run().await;
        }
        Ok(())
    }

    /// Where a file will be cut off in a hole, there shall be a block, if there is space: see the
    /// top of this room.
    async fn prepare_end(&self, number: InodeNo, size: u64, time: Timestamp) -> Result<()> {
        let prepared = self.transact(time, |transaction| transaction.prepare_end(number, size));
        match prepared.await {
            Err(Errno::NoSpace | Errno::QuotaExceeded) => Ok(()),
            result => result,
        }
    }
}

impl Transaction<'_> {
    fn prepare_end(&mut self, number: InodeNo, size: u64) -> Step<()> {
        let inode = self.inode(number)?;
        let Some(last) = size.checked_sub(1).filter(|_| size < inode.size_bytes) else {
            return Ok(());
        };
        let shift = self.ffs.geometry.block_shift;
        let lbn = Lbn(last >> shift);
        if !self.pointer_of(number, &inode, lbn)?.is_hole() {
            return Ok(());
        }
        let behind = (inode.size_bytes - (lbn.0 << shift)).min(1 << shift);
        self.ready_block(number, lbn, behind as u32, HOLE)?;
        Ok(())
    }

    /// Says whether the file has its new size.
    fn resize(&mut self, number: InodeNo, size: u64) -> Step<bool> {
        let inode = self.inode(number)?;
        let is_done = if size < inode.size_bytes {
            self.cut(number, size)?
        } else {
            self.extend(number, size)?;
            true
        };
        let inode = self.inode(number)?;
        self.set_inode(number, touched(inode, self.time))?;
        Ok(is_done)
    }

    fn extend(&mut self, number: InodeNo, size: u64) -> Step<()> {
        let old_size = self.inode(number)?.size_bytes;
        if size == old_size {
            return Ok(());
        }
        self.leave_tail(number, size, HOLE)?;
        let shift = self.ffs.geometry.block_shift;
        let lbn = Lbn((size - 1) >> shift);
        self.ready_block(number, lbn, (size - (lbn.0 << shift)) as u32, HOLE)?;
        let inode = self.inode(number)?;
        self.set_inode(number, Inode { size_bytes: size, ..inode })
    }

    /// A step of taking apart a file without names, with its inode at last. Says whether the file
    /// is gone.
    pub(crate) fn reclaim(&mut self, number: InodeNo) -> Step<bool> {
        if self.inode(number)?.links > 0 {
            // What was listed has a name after all.
            self.note_gone(number);
            return Ok(true);
        }
        if !self.cut(number, 0)? {
            return Ok(false);
        }
        self.shrink();
        self.free_extended(number)?;
        let was_directory = self.inode(number)?.file_type() == Some(FileType::Directory);
        self.free_inode(number, was_directory)?;
        self.note_gone(number);
        Ok(true)
    }
}
