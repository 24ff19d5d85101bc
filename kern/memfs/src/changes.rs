//! The half of the file system that changes it.

use crate::{FILE_BYTES_MAX, Memfs, State};
use abi::{Errno, FileId, Result, SetAttributes, Timestamp};
use bytes::Bytes;
use vfs::{Name, NewFile, Stability, Wait, WritableFileSystem, Written};

impl WritableFileSystem for Memfs {
    fn set_attributes<'a>(
        &'a self,
        file: FileId,
        change: &'a SetAttributes,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change(move |state| state.set_attributes(file, change, time))
    }

    fn write(
        &self,
        file: FileId,
        offset_bytes: u64,
        data: Bytes,
        _stability: Stability,
        time: Timestamp,
    ) -> Wait<'_, Written> {
        self.change(move |state| {
            let count_bytes = state.write(file, offset_bytes, &data, time)?;
            Ok(Written { count_bytes, stability: Stability::File })
        })
    }

    fn commit(&self, file: FileId, _offset_bytes: u64, _length_bytes: u64) -> Wait<'_, ()> {
        self.look(move |state| state.inodes.get(file)?.expect_regular().map(drop))
    }

    /// Memory is as durable at once as it will ever be.
    fn settle(&self) -> Wait<'_, ()> {
        self.look(|_| Ok(()))
    }

    fn is_unsaved(&self) -> bool {
        false
    }

    fn sync(&self) -> Wait<'_, ()> {
        self.settle()
    }

    fn close(&self) -> Wait<'_, ()> {
        self.settle()
    }

    fn write_verifier(&self) -> u64 {
        self.verifier
    }

    fn create<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        new: &'a NewFile<'a>,
        time: Timestamp,
    ) -> Wait<'a, FileId> {
        self.change(move |state| state.create(directory, name, new, time))
    }

    fn link<'a>(
        &'a self,
        file: FileId,
        directory: FileId,
        name: Name<'a>,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change(move |state| state.link(file, directory, name, time))
    }

    fn remove<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change(move |state| state.remove(directory, name, file, time))
    }

    fn remove_directory<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change(move |state| state.remove_directory(directory, name, file, time))
    }

    fn rename<'a>(
        &'a self,
        file: FileId,
        from: (FileId, Name<'a>),
        to: (FileId, Name<'a>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change(move |state| state.rename(file, from, to, replaced, time))
    }
}

impl State {
    fn set_attributes(
        &mut self,
        file: FileId,
        change: &SetAttributes,
        time: Timestamp,
    ) -> Result<()> {
        let inode = self.inodes.get_mut(file)?;
        if let Some(size_bytes) = change.size_bytes {
            let contents = inode.expect_regular_mut()?;
            expect_within_limit(Some(size_bytes))?;
            contents.resize(size_bytes, &mut self.space);
        }
        inode.set(change, time);
        Ok(())
    }

    fn write(
        &mut self,
        file: FileId,
        offset_bytes: u64,
        data: &[u8],
        time: Timestamp,
    ) -> Result<u32> {
        let inode = self.inodes.get_mut(file)?;
        let contents = inode.expect_regular_mut()?;
        expect_within_limit(offset_bytes.checked_add(data.len() as u64))?;
        u32::try_from(data.len()).map_err(|_| Errno::Invalid)?;
        let count_bytes = contents.write(offset_bytes, data, &mut self.space)?;
        inode.touch_contents(time);
        Ok(count_bytes as u32)
    }
}

fn expect_within_limit(end: Option<u64>) -> Result<()> {
    end.is_some_and(|end| end <= FILE_BYTES_MAX).then_some(()).ok_or(Errno::FileTooBig)
}
