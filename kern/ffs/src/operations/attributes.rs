//! Changing attributes.

use super::time_set;
use crate::file_system::Ffs;
use crate::layout::{Inode, mode};
use crate::transaction::{Step, Transaction};
use abi::{Errno, FileId, FileType, InodeNo, Result, SetAttributes, Timestamp};

impl Ffs {
    /// See [`vfs::WritableFileSystem::set_attributes`]. A change of size may be many transactions;
    /// everything else changes with the last of them, so that no crash leaves half of it.
    pub(crate) async fn change_attributes(
        &self,
        file: FileId,
        change: &SetAttributes,
        time: Timestamp,
    ) -> Result<()> {
        let node = self.file(file).await?;
        let rest =
            |transaction: &mut Transaction<'_>| transaction.set_attributes(node.number, change);
        match (change.size_bytes, node.file_type) {
            (None, _) => self.transact(time, rest).await,
            (Some(size_bytes), FileType::Regular) => {
                self.resize(node.number, size_bytes, time, rest).await
            }
            (Some(_), FileType::Directory) => Err(Errno::IsDirectory),
            (Some(_), _) => Err(Errno::Invalid),
        }
    }
}

impl Transaction<'_> {
    fn set_attributes(&mut self, number: InodeNo, change: &SetAttributes) -> Step<()> {
        let mut inode = self.inode(number)?;
        let (uid, gid) = (change.uid.unwrap_or(inode.uid), change.gid.unwrap_or(inode.gid));
        self.move_charge(number, &inode, uid, gid)?;
        set(&mut inode, change, self.time);
        self.set_inode(number, inode)
    }
}

/// Changes everything but the size; if that has changed, the contents have.
fn set(inode: &mut Inode, change: &SetAttributes, time: Timestamp) {
    let time = time.after(inode.changed);
    inode.changed = time;
    if let Some(permissions) = change.mode {
        inode.mode = inode.mode & mode::TYPE | permissions as u16 & mode::PERMISSIONS;
    }
    inode.uid = change.uid.unwrap_or(inode.uid);
    inode.gid = change.gid.unwrap_or(inode.gid);
    inode.accessed = time_set(change.accessed, time).unwrap_or(inode.accessed);
    if change.size_bytes.is_some() {
        inode.modified = time;
    }
    inode.modified = time_set(change.modified, time).unwrap_or(inode.modified);
}
