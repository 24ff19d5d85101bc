//! Operations that only look.

use super::Volume;
use abi::{Attributes, Errno};
use anyhow::Result;
use bytes::Bytes;
use ffs::{Description, QuotaKind, Quotas};
use std::ops::ControlFlow;
use vfs::{FileSystem, Name, ReadData, Usage, Vnode};

/// The names in a directory.
pub struct Names {
    /// Those that could be read.
    pub names: Vec<Vec<u8>>,
    /// Why there may be others.
    pub gap: Option<anyhow::Error>,
}

impl Volume {
    /// What is mounted.
    pub fn description(&self) -> Description {
        self.file_system.description()
    }

    /// The quotas of users or of groups, if it keeps such.
    pub fn quotas(&self, kind: QuotaKind) -> Result<Option<Quotas>> {
        let quotas = self.wait(self.file_system.quotas(kind));
        quotas.map_err(|errno| self.quota_error(kind, errno))
    }

    /// How full it is.
    pub fn usage(&self) -> Result<Usage> {
        self.wait(self.file_system.usage()).map_err(|errno| self.error(b"/", errno))
    }

    /// Attributes of the file at `path`.
    pub fn attributes(&self, path: &[u8], file: &Vnode) -> Result<Attributes> {
        self.wait(file.attributes()).map_err(|errno| self.error(path, errno))
    }

    /// The file under `name` in `directory`.
    ///
    /// # Errors
    /// As a bare errno: the caller knows the whole path.
    pub fn lookup(&self, directory: &Vnode, name: &[u8]) -> Result<Vnode, Errno> {
        self.wait(directory.lookup(&self.caller(), Name::new(name)?)).result
    }

    /// The target of the symbolic link at `path`.
    pub fn read_link(&self, path: &[u8], link: &Vnode) -> Result<Bytes> {
        self.wait(link.read_link(&self.caller())).result.map_err(|errno| self.error(path, errno))
    }

    /// Up to `length_bytes` of the regular file at `path`.
    pub fn read(
        &self,
        path: &[u8],
        file: &Vnode,
        offset_bytes: u64,
        length_bytes: u32,
    ) -> Result<ReadData> {
        let read = self.wait(file.read(&self.caller(), offset_bytes, length_bytes));
        read.result.map_err(|errno| self.error(path, errno))
    }

    /// The first byte at or behind `offset_bytes` of the regular file at `path` that is in no
    /// hole.
    pub fn next_data(&self, path: &[u8], file: &Vnode, offset_bytes: u64) -> Result<Option<u64>> {
        let next = self.wait(self.file_system.next_data(file.file(), offset_bytes));
        next.map_err(|errno| self.error(path, errno))
    }

    /// The names in the directory at `path` without `.` and `..`, in order.
    pub fn names(&self, path: &[u8], directory: &Vnode) -> Result<Names> {
        let (mut names, mut after) = (Vec::new(), 0);
        let gap = loop {
            let start = after;
            let mut visit = |entry: vfs::Entry<'_>| {
                after = entry.cookie;
                if !matches!(entry.name, b"." | b"..") {
                    names.push(entry.name.to_vec());
                }
                ControlFlow::Continue(())
            };
            match self.wait(directory.read_directory(&self.caller(), start, &mut visit)).result {
                Ok(true) => break None,
                // Damage was passed over; behind the last entry comes the error.
                Ok(false) => {}
                Err(errno) if start == 0 => return Err(self.error(path, errno)),
                Err(errno) => break Some(self.error(path, errno).context("names are missing")),
            }
        };
        names.sort_unstable();
        Ok(Names { names, gap })
    }
}
