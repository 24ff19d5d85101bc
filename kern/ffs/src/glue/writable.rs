//! The glue of the half that changes.

use crate::file_system::Ffs;
use crate::writer::Writer;
use abi::{FileId, SetAttributes, Timestamp};
use alloc::boxed::Box;
use bytes::Bytes;
use vfs::{Name, NewFile, Stability, Wait, WritableFileSystem, Written};

impl WritableFileSystem for Ffs {
    fn set_attributes<'a>(
        &'a self,
        file: FileId,
        change: &'a SetAttributes,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        Box::pin(self.change_attributes(file, change, time))
    }

    fn write(
        &self,
        file: FileId,
        offset_bytes: u64,
        data: Bytes,
        stability: Stability,
        time: Timestamp,
    ) -> Wait<'_, Written> {
        Box::pin(async move {
            if stability == Stability::Unstable {
                self.expect_unsaved().await?;
            }
            let node = self.regular(file).await?;
            let count_bytes = self.write_data(&node, offset_bytes, &data, stability, time).await?;
            Ok(Written { count_bytes, stability: safety(stability) })
        })
    }

    fn commit(&self, file: FileId, offset_bytes: u64, length_bytes: u64) -> Wait<'_, ()> {
        Box::pin(async move {
            let node = self.regular(file).await?;
            self.want_stable(&node, offset_bytes, length_bytes)
        })
    }

    fn settle(&self) -> Wait<'_, ()> {
        Box::pin(self.settle_changes())
    }

    fn is_unsaved(&self) -> bool {
        let Some(writer) = self.writer.as_ref().filter(|writer| writer.failed.get().is_none())
        else {
            return false;
        };
        writer.has_uncommitted() || writer.doomed.is_waiting() || self.cache.dirty_bytes() > 0
    }

    fn sync(&self) -> Wait<'_, ()> {
        Box::pin(self.save())
    }

    fn close(&self) -> Wait<'_, ()> {
        Box::pin(self.leave_clean())
    }

    fn write_verifier(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::verifier)
    }

    fn create<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        new: &'a NewFile<'a>,
        time: Timestamp,
    ) -> Wait<'a, FileId> {
        Box::pin(self.create_file(directory, name, new, time))
    }

    fn link<'a>(
        &'a self,
        file: FileId,
        directory: FileId,
        name: Name<'a>,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        Box::pin(self.link_file(file, directory, name, time))
    }

    fn remove<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        Box::pin(self.remove_file(directory, name, file, time))
    }

    fn remove_directory<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        Box::pin(self.remove_empty_directory(directory, name, file, time))
    }

    fn rename<'a>(
        &'a self,
        file: FileId,
        from: (FileId, Name<'a>),
        to: (FileId, Name<'a>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        Box::pin(self.rename_file(file, from, to, replaced, time))
    }
}

/// There is no data without its attributes here.
fn safety(asked: Stability) -> Stability {
    if asked == Stability::Unstable { asked } else { Stability::File }
}
