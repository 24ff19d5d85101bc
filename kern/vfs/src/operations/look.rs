//! Operations that only look: under the shared lock of one file.

use super::{Caller, ReadData, Seen};
use crate::{Access, Name, Visit, Vnode, permission};
use abi::{Attributes, Errno, FileType, Result};
use bytes::Bytes;

impl Vnode {
    /// Attributes. Needs no permission.
    pub async fn attributes(&self) -> Result<Attributes> {
        let _lock = self.lock().shared().await;
        self.stat().await
    }

    /// Which of the rights `asked` the caller has, as far as mode bits and a read-only mount
    /// tell.
    pub async fn access(&self, caller: &Caller, asked: Access) -> Seen<Access> {
        self.look(async |file| {
            let granted = Access::granted(file, &caller.credentials) & asked;
            let read_only = self.mount().is_read_only();
            Ok(if read_only { granted - Access::CHANGES } else { granted })
        })
        .await
    }

    /// Finds a name. Needs [`Access::LOOKUP`]. `..` of a mount's root is the root.
    pub async fn lookup(&self, caller: &Caller, name: Name<'_>) -> Seen<Self> {
        self.look(async |directory| {
            permission::search(directory, &caller.credentials)?;
            if name.bytes() == b".." && self.file() == self.file_system().root() {
                return Ok(self.clone());
            }
            let file = self.file_system().lookup(self.file(), name).await?;
            Ok(self.mount().vnode(file))
        })
        .await
    }

    /// Reads. Needs [`Access::READ`]; the owner and whoever may execute the file need not have
    /// it, because a server cannot tell an open file's reads, or paging, from others.
    pub async fn read(
        &self,
        caller: &Caller,
        offset_bytes: u64,
        length_bytes: u32,
    ) -> Seen<ReadData> {
        self.look(async |file| {
            permission::expect_regular(file)?;
            permission::read(file, &caller.credentials)?;
            self.read_within(file.size_bytes, offset_bytes, length_bytes).await
        })
        .await
    }

    async fn read_within(
        &self,
        size_bytes: u64,
        offset_bytes: u64,
        length_bytes: u32,
    ) -> Result<ReadData> {
        let rest_bytes = size_bytes.saturating_sub(offset_bytes);
        let length_bytes = u32::try_from(rest_bytes).map_or(length_bytes, |r| r.min(length_bytes));
        if length_bytes == 0 {
            return Ok(ReadData { end_of_file: rest_bytes == 0, ..ReadData::default() });
        }
        let pieces = self.file_system().read(self.file(), offset_bytes, length_bytes).await?;
        let count_bytes: usize = pieces.iter().map(Bytes::len).sum();
        Ok(ReadData { pieces, end_of_file: count_bytes as u64 >= rest_bytes })
    }

    /// The target of a symbolic link; `Invalid` for another kind of file. Needs no permission.
    pub async fn read_link(&self, _caller: &Caller) -> Seen<Bytes> {
        self.look(async |file| match file.file_type {
            FileType::SymbolicLink => self.file_system().read_link(self.file()).await,
            _ => Err(Errno::Invalid),
        })
        .await
    }

    /// Shows entries to `visit` (see [`crate::FileSystem::read_directory`]); says whether the
    /// end was reached. Needs [`Access::READ`].
    pub async fn read_directory(
        &self,
        caller: &Caller,
        after: u64,
        visit: &mut Visit<'_>,
    ) -> Seen<bool> {
        self.look(async |directory| {
            permission::expect_directory(directory)?;
            permission::require(directory, &caller.credentials, Access::READ)?;
            self.file_system().read_directory(self.file(), after, visit).await
        })
        .await
    }
}
