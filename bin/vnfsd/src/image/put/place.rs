//! Where in the image a file goes.

use crate::image::path::{find_parent, join};
use crate::image::volume::Volume;
use abi::Errno;
use anyhow::Result;
use vfs::Vnode;

/// A name in a directory of the image.
pub struct Place {
    /// The directory.
    pub directory: Vnode,
    /// The name.
    pub name: Vec<u8>,
    /// The path of that name.
    pub path: Vec<u8>,
}

impl Place {
    /// `name` in the directory at `path`.
    pub fn inside(directory: &Vnode, path: &[u8], name: &[u8]) -> Self {
        Self { directory: directory.clone(), name: name.to_vec(), path: join(path, name) }
    }

    /// The place that `path` names.
    pub fn named(volume: &Volume, path: &[u8]) -> Result<Self> {
        let (directory, name) = find_parent(volume, path)?;
        Ok(Self { directory, name: name.to_vec(), path: path.to_vec() })
    }

    /// What is there already.
    pub fn present(&self, volume: &Volume) -> Result<Option<Vnode>> {
        match volume.lookup(&self.directory, &self.name) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NoEntry) => Ok(None),
            Err(errno) => Err(volume.error(&self.path, errno)),
        }
    }
}
