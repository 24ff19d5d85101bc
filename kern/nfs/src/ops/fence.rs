//! The way up (`..`), which ends where the export does.
//!
//! At the exported directory `..` is the directory itself, as it is at the root of every file
//! system. Elsewhere it is the directory above, but only if that is the exported one or lies below
//! it: a directory that somebody who may has moved away from the export is none of the way back.
//! So the whole way up is walked, with the superuser's rights, because only where it ends is told.
//! Clients ask for `..` so rarely that nothing is kept for it.

use super::{Reached, Request};
use crate::Server;
use abi::{Credentials, Errno, Result};
use vfs::{Caller, Name, Seen, Vnode};

/// Most directories on the way up: paths that clients can say have fewer, and a damaged image may
/// have circles.
const LEVELS_MAX: usize = 1024;

impl Request<'_> {
    /// The directory above `directory`, as far as its export goes.
    pub(super) async fn parent(&self, directory: &Reached) -> Seen<Vnode> {
        let Reached { vnode, caller, .. } = directory;
        let above = match Name::new(b"..") {
            Ok(name) => vnode.lookup(caller, name).await,
            Err(errno) => Seen { attributes: None, result: Err(errno) },
        };
        let result = match above.result {
            Ok(parent) => self.fenced(directory, parent).await,
            Err(errno) => Err(errno),
        };
        Seen { attributes: above.attributes, result }
    }

    /// `parent`, if it is no way out of the export.
    async fn fenced(&self, directory: &Reached, parent: Vnode) -> Result<Vnode> {
        let exports = self.server.exports();
        let export = exports.judge(directory.export, self.call.remote)?;
        let exported = self.server.export_root(export).await?;
        if directory.vnode.file() == exported.file() {
            return Ok(exported);
        }
        match self.server.is_below(&parent, &exported).await? {
            true => Ok(parent),
            false => Err(Errno::AccessDenied),
        }
    }
}

impl Server {
    /// Whether the way up from `directory` leads through `above`.
    async fn is_below(&self, directory: &Vnode, above: &Vnode) -> Result<bool> {
        let superuser = Caller { credentials: Credentials::ROOT, time: self.time() };
        let mut vnode = directory.clone();
        for _ in 0..LEVELS_MAX {
            if vnode.file() == above.file() {
                return Ok(true);
            }
            let parent = vnode.lookup(&superuser, Name::new(b"..")?).await.result?;
            if parent.file() == vnode.file() {
                return Ok(false);
            }
            vnode = parent;
        }
        Ok(false)
    }
}
