//! The glue: `vfs::FileSystem` in terms of this room, and no work of its own.

mod writable;

use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{BlockArea, NAME_BYTES_MAX};
use abi::{Attributes, Errno, FileId, FileSystemId, FileType, InodeNo, Result};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::Bytes;
use vfs::{FileSystem, Limits, Name, Usage, Visit, Wait, WritableFileSystem};

/// Most names of a file: the count is a signed 16-bit number on disk.
const LINKS_MAX: u32 = i16::MAX as u32;

/// Longest target of a symbolic link in bytes: BSD's MAXPATHLEN, less the NUL.
const TARGET_BYTES_MAX: u32 = 1023;

impl FileSystem for Ffs {
    fn id(&self) -> FileSystemId {
        self.identity()
    }

    fn limits(&self) -> Limits {
        Limits {
            name_bytes_max: NAME_BYTES_MAX as u32,
            links_max: LINKS_MAX,
            file_bytes_max: self.geometry.file_bytes_max,
            target_bytes_max: TARGET_BYTES_MAX,
            block_bytes: self.geometry.block_bytes(),
            // 4.3BSD had no room for nanoseconds.
            time_step_nanoseconds: if self.geometry.is_old { 1_000_000_000 } else { 1 },
            symbolic_links: true,
            hard_links: true,
        }
    }

    fn root(&self) -> FileId {
        self.root_file()
    }

    fn usage(&self) -> Wait<'_, Usage> {
        Box::pin(async { Ok(self.space()) })
    }

    fn identify(&self, inode: InodeNo) -> Wait<'_, FileId> {
        Box::pin(async move { Ok(self.node(inode).await?.file()) })
    }

    fn attributes(&self, file: FileId) -> Wait<'_, Attributes> {
        Box::pin(async move { Ok(self.file(file).await?.attributes()) })
    }

    fn lookup<'a>(&'a self, directory: FileId, name: Name<'a>) -> Wait<'a, FileId> {
        Box::pin(async move {
            let directory = self.file(directory).await?;
            Ok(self.find(&directory, name.bytes()).await?.file())
        })
    }

    fn read_directory<'a>(
        &'a self,
        directory: FileId,
        after: u64,
        visit: &'a mut Visit<'a>,
    ) -> Wait<'a, bool> {
        Box::pin(async move {
            let directory = self.file(directory).await?;
            self.list(&directory, after, visit).await
        })
    }

    fn read_link(&self, file: FileId) -> Wait<'_, Bytes> {
        Box::pin(self.link_target(file))
    }

    fn read(&self, file: FileId, offset_bytes: u64, length_bytes: u32) -> Wait<'_, Vec<Bytes>> {
        Box::pin(self.contents(file, offset_bytes, length_bytes))
    }

    fn writable(&self) -> Option<&dyn WritableFileSystem> {
        self.writer.as_ref().map(|_| self as _)
    }
}

impl Ffs {
    /// The node of a regular file.
    async fn regular(&self, file: FileId) -> Result<Rc<Node>> {
        let node = self.file(file).await?;
        match node.file_type {
            FileType::Regular => Ok(node),
            FileType::Directory => Err(Errno::IsDirectory),
            _ => Err(Errno::Invalid),
        }
    }

    async fn contents(&self, file: FileId, offset: u64, length: u32) -> Result<Vec<Bytes>> {
        let node = self.regular(file).await?;
        let size = node.inode().size_bytes;
        let start = offset.min(size);
        let end = start.saturating_add(length.into()).min(size);
        self.read_in_sequence(&node, start..end).await
    }

    /// A link's target never exceeds a block: BSD's longest path is 1024 bytes.
    async fn link_target(&self, file: FileId) -> Result<Bytes> {
        let node = self.file(file).await?;
        if node.file_type != FileType::SymbolicLink {
            return Err(Errno::Invalid);
        }
        let size = node.inode().size_bytes;
        if let BlockArea::Text(text) = &node.inode().area {
            return Ok(Bytes::copy_from_slice(&text[..size as usize]));
        }
        let limit = u64::from(self.geometry.block_bytes());
        if size > limit {
            let inode = node.number.0;
            let line = format_args!("inode {inode}: link of {size} bytes, at most {limit}");
            return Err(self.damaged(line));
        }
        let mut pieces = self.read_range(&node, 0..size).await?;
        Ok(pieces.pop().unwrap_or_default())
    }
}
