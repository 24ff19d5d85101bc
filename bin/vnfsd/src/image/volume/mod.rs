//! An image, opened and mounted.
//!
//! One method for each operation: `look` has those that only look, `change` those that change.

mod change;
mod look;

pub use look::Names;

use crate::text::escape;
use abi::{Credentials, Errno};
use anyhow::{Context, Result, anyhow};
use block::Device;
use ffs::{Damage, Ffs, QuotaKind};
use hyper::{Clock, Random};
use posix::{Access, HostClock, HostRandom, Image, SyncDisk};
use std::cell::Cell;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use vfs::{Caller, Tree, Vnode};

/// Damaged or lost places of an image that get a line each.
const DAMAGE_LINES_MAX: u32 = 16;

/// An image while a command works on it.
pub struct Volume {
    image: String,
    device: Rc<Device>,
    file_system: Rc<Ffs>,
    // Keeps the mount that the vnodes belong to.
    _tree: Tree,
    root: Vnode,
}

impl Volume {
    /// Opens and mounts an image, to look into it or to change it.
    ///
    /// # Errors
    /// If it cannot be opened, is in use, or holds no file system.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let image = escape(path.as_os_str().as_bytes());
        let disk = SyncDisk::new(Image::open(path, access)?);
        let device = Device::new(Rc::new(disk));
        let mounting = ffs::mount(device.clone(), options(access), damage());
        let mounted = task::drive(mounting, || device.collect());
        let file_system = mounted.with_context(|| image.clone())?;
        let tree = Tree::default();
        let mount = tree.mount(file_system.clone()).with_context(|| image.clone())?;
        mount.settle_later();
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

    /// An error of the file at `path`.
    pub fn error(&self, path: &[u8], errno: Errno) -> anyhow::Error {
        anyhow!("{}: {}: {errno}", self.image, escape(path))
    }

    /// An error of the quotas of users or of groups.
    fn quota_error(&self, kind: QuotaKind, errno: Errno) -> anyhow::Error {
        anyhow!("{}: {} quotas: {errno}", self.image, kind.name())
    }

    /// The superuser, who may do everything, now.
    fn caller(&self) -> Caller {
        Caller { credentials: Credentials::ROOT, time: HostClock.wall() }
    }

    fn wait<T>(&self, operation: impl Future<Output = T>) -> T {
        task::drive(operation, || self.device.collect())
    }
}

fn options(access: Access) -> ffs::Options {
    ffs::Options {
        writable: access == Access::ReadWrite,
        verifier: HostRandom.next_u64(),
        hash_key: [HostRandom.next_u64(), HostRandom.next_u64()],
        ..ffs::Options::default()
    }
}

/// Says what is damaged, or lost, as far as anybody would read it.
fn damage() -> Rc<dyn Damage> {
    let count = Cell::new(0);
    Rc::new(move |line: fmt::Arguments<'_>| {
        let shown = count.replace(count.get() + 1);
        match shown {
            0..DAMAGE_LINES_MAX => tracing::warn!("{line}"),
            DAMAGE_LINES_MAX => tracing::warn!("more lines like these are not shown"),
            _ => {}
        }
    })
}
