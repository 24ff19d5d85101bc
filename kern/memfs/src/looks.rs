//! The half of the file system that is read.

use crate::contents::PAGE_BYTES;
use crate::inode::Body;
use crate::{FILE_BYTES_MAX, LINKS_MAX, Memfs, NAME_BYTES_MAX, State, TARGET_BYTES_MAX};
use abi::{Attributes, Errno, FileId, FileSystemId, InodeNo, Result};
use alloc::vec::Vec;
use bytes::Bytes;
use vfs::{FileSystem, Limits, Name, Usage, Visit, Wait, WritableFileSystem};

impl FileSystem for Memfs {
    fn id(&self) -> FileSystemId {
        self.id
    }

    fn limits(&self) -> Limits {
        Limits {
            name_bytes_max: NAME_BYTES_MAX,
            links_max: LINKS_MAX,
            file_bytes_max: FILE_BYTES_MAX,
            target_bytes_max: TARGET_BYTES_MAX,
            block_bytes: PAGE_BYTES as u32,
            time_step_nanoseconds: 1,
            symbolic_links: true,
            hard_links: true,
        }
    }

    fn root(&self) -> FileId {
        self.root
    }

    fn usage(&self) -> Wait<'_, Usage> {
        self.look(|state| Ok(state.usage()))
    }

    fn identify(&self, inode: InodeNo) -> Wait<'_, FileId> {
        self.look(move |state| state.inodes.identify(inode))
    }

    fn attributes(&self, file: FileId) -> Wait<'_, Attributes> {
        self.look(move |state| Ok(state.inodes.get(file)?.attributes(file)))
    }

    fn lookup<'a>(&'a self, directory: FileId, name: Name<'a>) -> Wait<'a, FileId> {
        self.look(move |state| state.lookup(directory, name))
    }

    fn read_directory<'a>(
        &'a self,
        directory: FileId,
        after: u64,
        visit: &'a mut Visit<'a>,
    ) -> Wait<'a, bool> {
        self.look(move |state| {
            state.inodes.get(directory)?.expect_directory()?.show(directory, after, visit)
        })
    }

    fn read_link(&self, file: FileId) -> Wait<'_, Bytes> {
        self.look(move |state| match &state.inodes.get(file)?.body {
            Body::SymbolicLink(target) => Ok(target.clone()),
            _ => Err(Errno::Invalid),
        })
    }

    fn read(&self, file: FileId, offset_bytes: u64, length_bytes: u32) -> Wait<'_, Vec<Bytes>> {
        self.look(move |state| {
            let contents = state.inodes.get(file)?.expect_regular()?;
            Ok(contents.read(offset_bytes, length_bytes))
        })
    }

    fn writable(&self) -> Option<&dyn WritableFileSystem> {
        Some(self)
    }
}

impl State {
    fn usage(&self) -> Usage {
        let (free_bytes, total_files) = (self.space.free_bytes(), self.space.files_max());
        Usage {
            total_bytes: self.space.total_bytes(),
            free_bytes,
            available_bytes: free_bytes,
            total_files,
            free_files: total_files.saturating_sub(self.inodes.len()),
        }
    }

    fn lookup(&self, directory: FileId, name: Name<'_>) -> Result<FileId> {
        let entries = self.inodes.get(directory)?.expect_directory()?;
        match name.bytes() {
            b"." => Ok(directory),
            b".." => Ok(entries.parent),
            bytes if bytes.len() > NAME_BYTES_MAX as usize => Err(Errno::NameTooLong),
            _ => entries.find(name).ok_or(Errno::NoEntry),
        }
    }
}
