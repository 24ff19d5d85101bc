//! Opening: from a source to a server of files, and what to say of it.

use crate::Description;
use crate::engine::Engine;
use crate::filesystems::Found;
use crate::upkeep;
use abi::Errno;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use nfs::{Export, Server};
use vfs::{FileSystem, Tree};

/// A file system that `nfs` has in its hands.
pub(crate) struct Opened {
    pub(crate) file_system: Rc<dyn FileSystem>,
    pub(crate) description: Description,
    pub(crate) engine: Option<Rc<dyn Engine>>,
}

/// Mounts what `source` finds for `server`, and makes sure that every export is there. An error is a
/// sentence for the administrator.
pub(crate) async fn open(
    source: impl Future<Output = Result<Found, String>>,
    server: Rc<Server>,
) -> Result<Opened, String> {
    let found = source.await?;
    let Found { file_system, engine, .. } = found;
    let tree = Rc::new(Tree::default());
    let mount = tree
        .mount(file_system.clone())
        .map_err(|errno| format!("cannot mount the {} file system: {errno}", found.format))?;
    let exports = server.exports();
    let description = Description {
        format: found.format,
        byte_order: found.byte_order,
        size_bytes: found.size_bytes,
        read_only: found.read_only,
        exports: exports.paths().collect(),
    };
    server.open(tree, mount);
    match server.broken_export(&exports).await {
        None => Ok(Opened { file_system, description, engine }),
        Some((export, errno)) => {
            server.close();
            Err(abandon(&*file_system, broken(export, errno)).await)
        }
    }
}

/// Leaves what was mounted in order. Returns why, and that it could not be if so.
async fn abandon(file_system: &dyn FileSystem, reason: String) -> String {
    match upkeep::close(file_system).await {
        Ok(()) => reason,
        Err(errno) => format!("{reason}; and the file system cannot be left in order: {errno}"),
    }
}

/// Says why an export cannot be.
pub(crate) fn broken(export: &Export, errno: Errno) -> String {
    format!("cannot export {}: {errno}; name a directory that is there", export.path_text())
}
