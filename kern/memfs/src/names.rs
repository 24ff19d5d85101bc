//! Names come, go and move.
//!
//! Each operation checks everything first and changes afterwards, so a refusal leaves nothing
//! half done.

use crate::directory::{Directory, entry_cost_bytes};
use crate::inode::Inode;
use crate::{LINKS_MAX, NAME_BYTES_MAX, State};
use abi::{Errno, FileId, FileType, Result, Timestamp};
use vfs::{Name, NewFile, NewKind};

impl State {
    pub(crate) fn create(
        &mut self,
        directory: FileId,
        name: Name<'_>,
        new: &NewFile<'_>,
        time: Timestamp,
    ) -> Result<FileId> {
        let parent = self.expect_free(directory, name)?;
        let is_directory = new.kind == NewKind::Directory;
        if is_directory {
            expect_room_for_link(parent)?;
        }
        let inode = Inode::new(directory, new, time);
        if self.inodes.len() >= self.space.files_max() {
            return Err(Errno::NoSpace);
        }
        self.space.take(inode.cost_bytes() + entry_cost_bytes(name))?;
        let file_type = inode.file_type();
        let file = self.inodes.insert(inode);
        self.directory(directory, time)?.add(name, file, file_type);
        self.inodes.get_mut(directory)?.links += u32::from(is_directory);
        Ok(file)
    }

    pub(crate) fn link(
        &mut self,
        file: FileId,
        directory: FileId,
        name: Name<'_>,
        time: Timestamp,
    ) -> Result<()> {
        let inode = self.inodes.get(file)?;
        let file_type = inode.file_type();
        self.expect_free(directory, name)?;
        if file_type == FileType::Directory {
            return Err(Errno::NotPermitted);
        }
        expect_room_for_link(inode)?;
        self.space.take(entry_cost_bytes(name))?;
        let inode = self.inodes.get_mut(file)?;
        inode.links += 1;
        inode.touch(time);
        self.directory(directory, time)?.add(name, file, file_type);
        Ok(())
    }

    pub(crate) fn remove(
        &mut self,
        directory: FileId,
        name: Name<'_>,
        file: FileId,
        time: Timestamp,
    ) -> Result<()> {
        self.expect_entry(directory, name, file)?;
        if self.is_directory(file)? {
            return Err(Errno::IsDirectory);
        }
        self.remove_entry(directory, name, time)?;
        self.release(file, time)
    }

    pub(crate) fn remove_directory(
        &mut self,
        directory: FileId,
        name: Name<'_>,
        file: FileId,
        time: Timestamp,
    ) -> Result<()> {
        self.expect_entry(directory, name, file)?;
        if !self.inodes.get(file)?.expect_directory()?.is_empty() {
            return Err(Errno::NotEmpty);
        }
        self.remove_entry(directory, name, time)?;
        self.inodes.get_mut(directory)?.links -= 1;
        self.release(file, time)
    }

    pub(crate) fn rename(
        &mut self,
        file: FileId,
        from: (FileId, Name<'_>),
        to: (FileId, Name<'_>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Result<()> {
        self.expect_entry(from.0, from.1, file)?;
        let takes_link = self.is_directory(file)? && from.0 != to.0;
        match replaced {
            Some(replaced) => self.expect_replaceable(to, replaced)?,
            None => {
                let parent = self.expect_free(to.0, to.1)?;
                if takes_link {
                    expect_room_for_link(parent)?;
                }
                self.take_difference(entry_cost_bytes(from.1), entry_cost_bytes(to.1))?;
            }
        }
        self.move_entry(file, from, to, replaced, time)?;
        if takes_link {
            self.change_parent(file, from.0, to.0)?;
        }
        self.inodes.get_mut(file)?.touch(time);
        replaced.map_or(Ok(()), |replaced| self.release_replaced(to.0, replaced, time))
    }

    /// With everything checked. Space for the new name is there, and that of the old name was
    /// set against it, unless a name was replaced.
    fn move_entry(
        &mut self,
        file: FileId,
        from: (FileId, Name<'_>),
        to: (FileId, Name<'_>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Result<()> {
        let file_type = self.inodes.get(file)?.file_type();
        self.directory(from.0, time)?.remove(from.1);
        let entries = self.directory(to.0, time)?;
        if replaced.is_some() {
            entries.replace(to.1, file, file_type);
            self.space.give(entry_cost_bytes(from.1));
        } else {
            entries.add(to.1, file, file_type);
        }
        Ok(())
    }

    fn change_parent(&mut self, file: FileId, from: FileId, to: FileId) -> Result<()> {
        self.inodes.get_mut(from)?.links -= 1;
        self.inodes.get_mut(to)?.links += 1;
        self.inodes.get_mut(file)?.expect_directory_mut()?.parent = to;
        Ok(())
    }

    fn release_replaced(&mut self, to: FileId, replaced: FileId, time: Timestamp) -> Result<()> {
        if self.is_directory(replaced)? {
            self.inodes.get_mut(to)?.links -= 1;
        }
        self.release(replaced, time)
    }

    /// One name fewer leads to the file. A directory has only the one.
    fn release(&mut self, file: FileId, time: Timestamp) -> Result<()> {
        let inode = self.inodes.get_mut(file)?;
        if inode.links > 1 && inode.file_type() != FileType::Directory {
            inode.links -= 1;
            inode.touch(time);
            return Ok(());
        }
        let gone = self.inodes.remove(file)?;
        self.space.give(gone.cost_bytes());
        Ok(())
    }

    fn remove_entry(&mut self, directory: FileId, name: Name<'_>, time: Timestamp) -> Result<()> {
        self.directory(directory, time)?.remove(name);
        self.space.give(entry_cost_bytes(name));
        Ok(())
    }

    /// The entries of a directory, about to change.
    fn directory(&mut self, directory: FileId, time: Timestamp) -> Result<&mut Directory> {
        let inode = self.inodes.get_mut(directory)?;
        inode.touch_contents(time);
        inode.expect_directory_mut()
    }

    fn is_directory(&self, file: FileId) -> Result<bool> {
        Ok(self.inodes.get(file)?.file_type() == FileType::Directory)
    }

    /// A directory in which `name` can be made.
    fn expect_free(&self, directory: FileId, name: Name<'_>) -> Result<&Inode> {
        let inode = self.inodes.get(directory)?;
        let entries = inode.expect_directory()?;
        if name.bytes().len() > NAME_BYTES_MAX as usize {
            return Err(Errno::NameTooLong);
        }
        let taken = name.is_dots() || entries.find(name).is_some();
        if taken { Err(Errno::Exists) } else { Ok(inode) }
    }

    fn expect_entry(&self, directory: FileId, name: Name<'_>, file: FileId) -> Result<()> {
        let found = self.inodes.get(directory)?.expect_directory()?.find(name);
        (found == Some(file)).then_some(()).ok_or(Errno::NoEntry)
    }

    fn expect_replaceable(&self, to: (FileId, Name<'_>), replaced: FileId) -> Result<()> {
        self.expect_entry(to.0, to.1, replaced)?;
        let entries = self.inodes.get(replaced)?.expect_directory();
        let empty = entries.map_or(true, Directory::is_empty);
        empty.then_some(()).ok_or(Errno::NotEmpty)
    }

    /// Takes what a longer name needs, or gives what a shorter one leaves.
    fn take_difference(&mut self, old_bytes: u64, new_bytes: u64) -> Result<()> {
        self.space.give(old_bytes.saturating_sub(new_bytes));
        self.space.take(new_bytes.saturating_sub(old_bytes))
    }
}

fn expect_room_for_link(inode: &Inode) -> Result<()> {
    (inode.links < LINKS_MAX).then_some(()).ok_or(Errno::TooManyLinks)
}
