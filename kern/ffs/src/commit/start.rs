//! Before the first commit: the superblock says that the file system is in use, and how.
//!
//! | | `fs_clean` | `FS_DOWAPBL` |
//! |---|---|---|
//! | unmounted | 1, is clean | off |
//! | in use, with a log | 2, was clean | on |
//! | in use, without | 0 | off |
//!
//! With the log NetBSD wants `fs_clean` to be 1 or 2, or it mounts nothing. FreeBSD takes whatever
//! is not 0 for clean, so 0 it is where there is no log to be replayed. Each change is one sector
//! of the superblock, and durable before the next one: a log is there before `FS_DOWAPBL` names it
//! in use, and that is there before the file system is not clean any more. With the first of them
//! the write verifier goes, from another sector; see `verifier` for why that may be torn.

use super::verifier::withdraw;
use crate::file_system::Ffs;
use crate::layout::{clean, flags};
use crate::writer::Writer;
use abi::Result;

impl Ffs {
    /// Sees to it that the superblock says so; on the committer's turn.
    pub(super) async fn start(&self, writer: &Writer) -> Result<()> {
        if writer.commits.is_started() {
            return Ok(());
        }
        match &writer.log {
            Some(log) => {
                log.make().await?;
                self.change_superblock(writer, |superblock| {
                    withdraw(superblock);
                    superblock.flags |= flags::WAPBL;
                })
                .await?;
                self.change_superblock(writer, |superblock| superblock.clean = clean::WAS_CLEAN)
                    .await?;
            }
            None => {
                self.change_superblock(writer, |superblock| {
                    withdraw(superblock);
                    superblock.clean = 0;
                    // Replayed, and not to be used.
                    if superblock.journal_version == 1 {
                        superblock.flags &= !flags::WAPBL;
                    }
                })
                .await?;
            }
        }
        writer.commits.set_started();
        Ok(())
    }
}
