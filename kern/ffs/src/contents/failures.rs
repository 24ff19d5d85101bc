//! Data that could not be written to the disk: who lost it is told once.

use crate::file_system::Ffs;
use crate::layout::Lbn;
use crate::writer::Writer;
use abi::{Errno, InodeNo, Result};
use alloc::collections::BTreeMap;
use block::PageNo;

/// Most files whose errors are remembered. The owners of more know it by the verifier alone.
const FILES_MAX: usize = 1024;

/// The errors that files have not been told of yet.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    files: BTreeMap<InodeNo, Errno>,
}

impl Failures {
    fn add(&mut self, inode: InodeNo, errno: Errno) {
        if self.files.len() < FILES_MAX || self.files.contains_key(&inode) {
            self.files.insert(inode, errno);
        }
    }

    /// The file is gone, or has been told.
    pub(crate) fn take(&mut self, inode: InodeNo) -> Option<Errno> {
        self.files.remove(&inode)
    }
}

impl Ffs {
    /// Takes note of data that was lost since the last call: the verifier changes, a line names
    /// the files, and their next WRITE or COMMIT will fail.
    pub(crate) fn note_failures(&self, writer: &Writer) {
        let lost = self.cache.take_failures();
        if lost.is_empty() {
            return;
        }
        writer.change_verifier();
        for (page, errno) in lost {
            if writer.commits.note_lost(&writer.open.borrow(), page) {
                self.fail(writer, errno);
            }
            let owners = writer.dirty_files.borrow().owners(page);
            self.report_loss(page, errno, &owners);
            for (inode, lbn) in owners {
                writer.failures.borrow_mut().add(inode, errno);
                writer.dirty_files.borrow_mut().forget(inode, lbn);
            }
        }
    }

    fn report_loss(&self, page: PageNo, errno: Errno, owners: &[(InodeNo, Lbn)]) {
        let offset = page.0 << self.geometry.block_shift;
        for (inode, lbn) in owners {
            let (inode, lbn) = (inode.0, lbn.0);
            self.damaged(format_args!(
                "inode {inode}: data of block {lbn} is lost, it could not be written to the disk \
                 at byte {offset}: {errno}"
            ));
        }
    }

    /// Fails if data of this file was lost and nobody has been told.
    pub(super) fn tell_failure(&self, inode: InodeNo) -> Result<()> {
        let writer = self.changeable()?;
        self.note_failures(writer);
        writer.failures.borrow_mut().take(inode).map_or(Ok(()), Err)
    }
}
