//! Moving a name.
//!
//! What grows comes first: the link counts that a crash in the middle would need, the new name.
//! Then what shrinks: the old name, the counts, the file that was replaced. So without a log there
//! is no moment at which the file has no name.

use crate::directory::{Found, Room};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::transaction::{Step, Transaction};
use abi::{Errno, FileId, FileType, Result, Timestamp};
use alloc::rc::Rc;
use vfs::Name;

/// What becomes of the new name.
enum Target {
    /// It is free, and this is where it is put.
    Free(Room),
    /// It leads to another file so far, whose entry this is.
    Taken(Rc<Node>, Found),
}

/// A rename with everything found that it needs.
struct Rename<'a> {
    node: Rc<Node>,
    from: (Rc<Node>, Name<'a>, Found),
    to: (Rc<Node>, Name<'a>, Target),
}

impl Ffs {
    /// See [`vfs::WritableFileSystem::rename`].
    pub(crate) async fn rename_file(
        &self,
        file: FileId,
        from: (FileId, Name<'_>),
        to: (FileId, Name<'_>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Result<()> {
        let node = self.file(file).await?;
        let from_directory = self.directory(from.0).await?;
        let to_directory = self.directory(to.0).await?;
        let found = self.entry_for(&from_directory, from.1, file).await?;
        let target = self.target(&to_directory, to.1, replaced).await?;
        let rename = Rename {
            node,
            from: (from_directory, from.1, found),
            to: (to_directory, to.1, target),
        };
        self.expect_room_for_doomed().await?;
        self.transact(time, |transaction| rename.apply(transaction)).await
    }

    async fn target(
        &self,
        directory: &Rc<Node>,
        name: Name<'_>,
        replaced: Option<FileId>,
    ) -> Result<Target> {
        let Some(replaced) = replaced else {
            self.expect_free(directory, name).await?;
            return Ok(Target::Free(self.room_for(directory, name.bytes()).await?));
        };
        let found = self.entry_for(directory, name, replaced).await?;
        let node = self.file(replaced).await?;
        if node.file_type == FileType::Directory && !self.is_empty_directory(&node).await? {
            return Err(Errno::NotEmpty);
        }
        Ok(Target::Taken(node, found))
    }
}

impl Rename<'_> {
    fn apply(&self, transaction: &mut Transaction<'_>) -> Step<()> {
        let (from, from_name, found) = &self.from;
        let moves_parent = self.moves_parent();
        self.enter(transaction, moves_parent)?;
        transaction.shrink();
        transaction.strike(from.number, found, from_name.bytes())?;
        if moves_parent {
            transaction.set_parent(self.node.number, self.to.0.number)?;
        }
        transaction.touch_entries(from.number, -i16::from(moves_parent))?;
        transaction.touch(self.node.number, |inode| inode.links = inode.links.saturating_sub(1))?;
        match &self.to.2 {
            Target::Free(_) => Ok(()),
            Target::Taken(replaced, _) => {
                if replaced.file_type == FileType::Directory {
                    transaction.touch_entries(self.to.0.number, -1)?;
                }
                transaction.unlink(replaced.number)
            }
        }
    }

    /// Whether a directory gets another parent, which then has one link more.
    fn moves_parent(&self) -> bool {
        self.node.file_type == FileType::Directory && self.from.0.number != self.to.0.number
    }

    /// The file under its new name, beside the old one.
    fn enter(&self, transaction: &mut Transaction<'_>, moves_parent: bool) -> Step<()> {
        let (to, name, target) = &self.to;
        let (number, file_type) = (self.node.number, self.node.file_type);
        transaction.touch(number, |inode| inode.links = inode.links.saturating_add(1))?;
        match target {
            Target::Free(room) => {
                if moves_parent {
                    transaction.expect_room_for_link(to.number)?;
                }
                transaction.enter(to.number, room, name.bytes(), number, file_type)?;
            }
            Target::Taken(_, found) => {
                transaction.redirect(to.number, found, name.bytes(), number, file_type)?;
            }
        }
        transaction.touch_entries(to.number, moves_parent.into())
    }
}
