//! An image, opened and mounted.

use crate::text::escape;
use abi::{Attributes, Credentials, Errno, Timestamp};
use anyhow::{Context, Result, anyhow};
use block::Device;
use bytes::Bytes;
use ffs::{Description, Ffs};
use posix::{Access, Image, SyncDisk};
use std::fmt;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use vfs::{Caller, FileSystem, Name, ReadData, Tree, Usage, Vnode};

/// What is known of an image while looking into it.
pub struct Volume {
    image: String,
    device: Rc<Device>,
    file_system: Rc<Ffs>,
    // Keeps the mount that the vnodes belong to.
    _tree: Tree,
    root: Vnode,
}

/// The names in a directory.
pub struct Names {
    /// Those that could be read.
    pub names: Vec<Vec<u8>>,
    /// Why there may be others.
    pub gap: Option<anyhow::Error>,
}

/// The superuser looks at everything; nothing is changed, so no time is needed.
const CALLER: Caller =
    Caller { credentials: Credentials::ROOT, time: Timestamp { seconds: 0, nanoseconds: 0 } };

impl Volume {
    /// Opens and mounts an image.
    ///
    /// # Errors
    /// If it cannot be opened, is in use, or holds no file system.
    pub fn open(path: &Path) -> Result<Self> {
        let image = escape(path.as_os_str().as_bytes());
        let disk = SyncDisk::new(Image::open(path, Access::ReadOnly)?);
        let device = Device::new(Rc::new(disk));
        let mounting = ffs::mount(device.clone(), ffs::Options::default(), Rc::new(report_damage));
        let mounted = task::drive(mounting, || device.collect());
        let file_system = mounted.with_context(|| image.clone())?;
        let tree = Tree::default();
        let mount = tree.mount(file_system.clone()).with_context(|| image.clone())?;
        let root = tree.root(&mount);
        Ok(Self { image, device, file_system, _tree: tree, root })
    }

    /// The image, as it was called.
    pub fn image(&self) -> &str {
        &self.image
    }

    /// The root directory.
    pub fn root(&self) -> Vnode {
        self.root.clone()
    }

    /// What is mounted.
    pub fn description(&self) -> Description {
        self.file_system.description()
    }

    /// How full it is.
    pub fn usage(&self) -> Result<Usage> {
        self.wait(self.file_system.usage()).map_err(|errno| self.error(b"/", errno))
    }

    /// An error of the file at `path`.
    pub fn error(&self, path: &[u8], errno: Errno) -> anyhow::Error {
        anyhow!("{}: {}: {errno}", self.image, escape(path))
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
        self.wait(directory.lookup(&CALLER, Name::new(name)?)).result
    }

    /// The target of the symbolic link at `path`.
    pub fn read_link(&self, path: &[u8], link: &Vnode) -> Result<Bytes> {
        self.wait(link.read_link(&CALLER)).result.map_err(|errno| self.error(path, errno))
    }

    /// Up to `length_bytes` of the regular file at `path`.
    pub fn read(
        &self,
        path: &[u8],
        file: &Vnode,
        offset_bytes: u64,
        length_bytes: u32,
    ) -> Result<ReadData> {
        let read = self.wait(file.read(&CALLER, offset_bytes, length_bytes));
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
            match self.wait(directory.read_directory(&CALLER, start, &mut visit)).result {
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

    fn wait<T>(&self, operation: impl Future<Output = T>) -> T {
        task::drive(operation, || self.device.collect())
    }
}

fn report_damage(line: fmt::Arguments<'_>) {
    tracing::warn!("{line}");
}
