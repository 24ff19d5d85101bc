//! Names given and taken away.

use crate::directory::Found;
use crate::file_system::Ffs;
use crate::inodes::Node;
use abi::{Errno, FileId, FileType, Result, Timestamp};
use alloc::rc::Rc;
use vfs::Name;

impl Ffs {
    /// See [`vfs::WritableFileSystem::link`].
    pub(crate) async fn link_file(
        &self,
        file: FileId,
        directory: FileId,
        name: Name<'_>,
        time: Timestamp,
    ) -> Result<()> {
        let node = self.file(file).await?;
        let parent = self.directory(directory).await?;
        if node.file_type == FileType::Directory {
            return Err(Errno::NotPermitted);
        }
        self.expect_free(&parent, name).await?;
        let room = self.room_for(&parent, name.bytes()).await?;
        self.transact(time, |transaction| {
            transaction.expect_room_for_link(file.inode)?;
            transaction.touch(file.inode, |inode| inode.links += 1)?;
            transaction.enter(parent.number, &room, name.bytes(), file.inode, node.file_type)?;
            transaction.touch_entries(parent.number, 0)
        })
        .await
    }

    /// See [`vfs::WritableFileSystem::remove`].
    pub(crate) async fn remove_file(
        &self,
        directory: FileId,
        name: Name<'_>,
        file: FileId,
        time: Timestamp,
    ) -> Result<()> {
        let parent = self.directory(directory).await?;
        let node = self.file(file).await?;
        if node.file_type == FileType::Directory {
            return Err(Errno::IsDirectory);
        }
        let found = self.entry_for(&parent, name, file).await?;
        self.strike_name(&parent, name, &found, &node, 0, time).await
    }

    /// See [`vfs::WritableFileSystem::remove_directory`].
    pub(crate) async fn remove_empty_directory(
        &self,
        directory: FileId,
        name: Name<'_>,
        file: FileId,
        time: Timestamp,
    ) -> Result<()> {
        let parent = self.directory(directory).await?;
        let node = self.directory(file).await?;
        let found = self.entry_for(&parent, name, file).await?;
        if !self.is_empty_directory(&node).await? {
            return Err(Errno::NotEmpty);
        }
        self.strike_name(&parent, name, &found, &node, -1, time).await
    }

    /// The entry of `name`, which leads to `file`.
    pub(super) async fn entry_for(
        &self,
        parent: &Rc<Node>,
        name: Name<'_>,
        file: FileId,
    ) -> Result<Found> {
        let found = self.entry_of(parent, name.bytes()).await?;
        (found.inode == file.inode).then_some(found).ok_or(Errno::NoEntry)
    }

    /// Takes a name away. A file without names is doomed.
    async fn strike_name(
        &self,
        parent: &Node,
        name: Name<'_>,
        found: &Found,
        node: &Node,
        more_links: i16,
        time: Timestamp,
    ) -> Result<()> {
        self.expect_room_for_doomed().await?;
        self.transact(time, |transaction| {
            transaction.shrink();
            transaction.strike(parent.number, found, name.bytes())?;
            transaction.touch_entries(parent.number, more_links)?;
            transaction.unlink(node.number)
        })
        .await
    }
}
