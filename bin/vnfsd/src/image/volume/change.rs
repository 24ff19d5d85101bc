//! Operations that change something. None of them is durable before [`Volume::close`].

use super::Volume;
use abi::{Errno, SetAttributes};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use ffs::{LimitChange, QuotaKind};
use hyper::Clock;
use posix::HostClock;
use vfs::{FileSystem, Name, NewFile, Stability, Vnode};

impl Volume {
    /// Makes sure that anything can be changed.
    ///
    /// # Errors
    /// Says why not.
    pub fn expect_writable(&self) -> Result<()> {
        if self.file_system.writable().is_some() {
            return Ok(());
        }
        match self.description().unwritable {
            Some(reason) => bail!("{}: cannot be changed: {reason}", self.image),
            None => bail!("{}: cannot be changed: this format can only be read", self.image),
        }
    }

    /// Leaves everything in order on the disk.
    pub fn close(&self) -> Result<()> {
        let Some(writable) = self.file_system.writable() else { return Ok(()) };
        let closed = self.wait(writable.close());
        closed.with_context(|| format!("{}: cannot be left in order; check it", self.image))
    }

    /// Changes the limits, of space and of files, of a user or group, or those that new ones begin
    /// with.
    pub fn set_limits(
        &self,
        kind: QuotaKind,
        owner: Option<u32>,
        changes: [LimitChange; 2],
    ) -> Result<()> {
        let set = self.file_system.set_limits(kind, owner, changes, HostClock.wall());
        self.wait(set).map_err(|errno| self.quota_error(kind, errno))
    }

    /// Makes a file under `name` in `directory`; `path` is its path.
    pub fn create(
        &self,
        path: &[u8],
        directory: &Vnode,
        name: &[u8],
        new: &NewFile<'_>,
    ) -> Result<Vnode> {
        let name = self.name(path, name)?;
        let created = self.wait(directory.create(&self.caller(), name, new));
        created.result.map_err(|errno| self.error(path, errno))
    }

    /// Gives `file` the further name `name` in `directory`; `path` is the new path.
    pub fn link(&self, path: &[u8], file: &Vnode, directory: &Vnode, name: &[u8]) -> Result<()> {
        let name = self.name(path, name)?;
        let linked = self.wait(file.link(&self.caller(), directory, name));
        linked.result.map_err(|errno| self.error(path, errno))
    }

    /// Removes the name of anything but a directory.
    pub fn remove(&self, path: &[u8], directory: &Vnode, name: &[u8]) -> Result<()> {
        let name = self.name(path, name)?;
        let removed = self.wait(directory.remove(&self.caller(), name));
        removed.result.map_err(|errno| self.error(path, errno))
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self, path: &[u8], directory: &Vnode, name: &[u8]) -> Result<()> {
        let name = self.name(path, name)?;
        let removed = self.wait(directory.remove_directory(&self.caller(), name));
        removed.result.map_err(|errno| self.error(path, errno))
    }

    /// Moves a name to another, replacing what is there; `path` is the old path.
    pub fn rename(&self, path: &[u8], from: (&Vnode, &[u8]), to: (&Vnode, &[u8])) -> Result<()> {
        let (old, new) = (self.name(path, from.1)?, self.name(path, to.1)?);
        let renamed = self.wait(from.0.rename(&self.caller(), old, to.0, new));
        renamed.result.map_err(|errno| self.error(path, errno))
    }

    /// Changes attributes of the file at `path`.
    pub fn set_attributes(&self, path: &[u8], file: &Vnode, change: &SetAttributes) -> Result<()> {
        let set = self.wait(file.set_attributes(&self.caller(), change, None));
        set.result.map_err(|errno| self.error(path, errno))
    }

    /// Writes all of `data` into the regular file at `path`.
    pub fn write(&self, path: &[u8], file: &Vnode, offset_bytes: u64, data: Bytes) -> Result<()> {
        let mut done = 0;
        while done < data.len() {
            let (at, rest) = (offset_bytes + done as u64, data.slice(done..));
            let written = self.wait(file.write(&self.caller(), at, rest, Stability::Unstable));
            match written.result {
                Ok(written) if written.count_bytes > 0 => done += written.count_bytes as usize,
                Ok(_) => return Err(self.error(path, Errno::NoSpace)),
                Err(errno) => return Err(self.error(path, errno)),
            }
        }
        Ok(())
    }

    fn name<'a>(&self, path: &[u8], name: &'a [u8]) -> Result<Name<'a>> {
        Name::new(name).map_err(|errno| self.error(path, errno))
    }
}
