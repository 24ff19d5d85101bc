//! Changing attributes.

use super::time_set;
use crate::file_system::Ffs;
use crate::layout::{Inode, mode};
use abi::{Errno, FileId, FileType, Result, SetAttributes, Timestamp};

impl Ffs {
    /// See [`vfs::WritableFileSystem::set_attributes`]. A change of size comes first and by
    /// itself: it may be many transactions.
    pub(crate) async fn change_attributes(
        &self,
        file: FileId,
        change: &SetAttributes,
        time: Timestamp,
    ) -> Result<()> {
        let node = self.file(file).await?;
        if let Some(size_bytes) = change.size_bytes {
            match node.file_type {
                FileType::Regular => self.resize(node.number, size_bytes, time).await?,
                FileType::Directory => return Err(Errno::IsDirectory),
                _ => return Err(Errno::Invalid),
            }
        }
        self.transact(time, |transaction| {
            let mut inode = transaction.inode(node.number)?;
            let (uid, gid) = (change.uid.unwrap_or(inode.uid), change.gid.unwrap_or(inode.gid));
            transaction.move_charge(&inode, uid, gid)?;
            set(&mut inode, change, transaction.time);
            transaction.set_inode(node.number, inode)
        })
        .await
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
