//! From a path to a handle: what MOUNT does (RFC 1813 §5.2.1).
//!
//! The exported directory itself is found with the superuser's rights, because the administrator
//! named it. What lies below is found with the caller's: mounting there gives nothing that a
//! LOOKUP for each component would not have given. Symbolic links are not followed, because their
//! targets are the client's to interpret.

use super::Request;
use crate::exports::{Export, Exports, Flavors, components, tidy};
use crate::{Handle, Server};
use abi::{Credentials, Errno, FileType, Result};
use alloc::vec::Vec;
use vfs::{Caller, Name, Vnode};

impl Request<'_> {
    /// The handle of an exported directory, or of a directory below one; the path as
    /// [`requested`].
    ///
    /// # Errors
    /// `AccessDenied` if no export lets this client mount the path, whether or not there is such a
    /// path; else as a lookup.
    pub(crate) async fn mount(&self, path: &[u8]) -> Result<(Handle, Flavors)> {
        let exports = self.server.exports();
        let found = exports.mountable(path, self.call.remote);
        let (export, below) = found.ok_or(Errno::AccessDenied)?;
        let exported = self.server.export_root(export).await?;
        let credentials = export.rules.actor(self.call.credentials.as_ref());
        let caller = Caller { credentials, time: self.server.time() };
        let directory = walk(exported, below, &caller).await?;
        let handle = Handle { file: directory.handle(), export: export.id() };
        Ok((handle, export.rules.flavors))
    }
}

/// The path that a client means, spelled in the one way that exports and the list of mounts know.
/// An empty path is the root, as on Linux. `None` if it cannot be the path of an export.
pub(crate) fn requested(path: &[u8]) -> Option<Vec<u8>> {
    tidy(if path.is_empty() { b"/" } else { path })
}

impl Server {
    /// The first of these exports that cannot be mounted, and why: to be asked before they are
    /// announced.
    pub async fn broken_export<'a>(&self, exports: &'a Exports) -> Option<(&'a Export, Errno)> {
        for export in exports.places().filter_map(<[Export]>::first) {
            if let Err(errno) = self.export_root(export).await {
                return Some((export, errno));
            }
        }
        None
    }

    /// The exported directory, as the path leads to it now.
    pub(super) async fn export_root(&self, export: &Export) -> Result<Vnode> {
        let superuser = Caller { credentials: Credentials::ROOT, time: self.time() };
        walk(self.root()?, export.path(), &superuser).await
    }
}

/// The directory that `path` leads to from `start`.
async fn walk(start: Vnode, path: &[u8], caller: &Caller) -> Result<Vnode> {
    let mut vnode = start;
    for component in components(path) {
        vnode = vnode.lookup(caller, Name::new(component)?).await.result?;
    }
    match vnode.attributes().await?.file_type {
        FileType::Directory => Ok(vnode),
        _ => Err(Errno::NotDirectory),
    }
}
