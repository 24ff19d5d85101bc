//! What NFS means, whatever its version: handles, export rules, the semantics of each operation.
//!
//! Operations take handles as clients sent them and names as the version judges them, and
//! return what [`vfs`] returns: a result together with the attributes that every reply owes its
//! client, on failure too. This module knows no wire format and holds no state.
//!
//! | file | operations |
//! |---|---|
//! | `attributes.rs` | getattr, setattr, access |
//! | `names.rs` | lookup, remove, rmdir, rename, link |
//! | `create.rs` | create in its three ways, mkdir, symlink, mknod |
//! | `data.rs` | read, write, commit, readlink |
//! | `listing.rs` | readdir |
//! | `file_system.rs` | limits and usage |
//! | `path.rs` | the walk from a path to a handle |

mod attributes;
mod create;
mod data;
mod file_system;
mod listing;
mod names;
mod path;

pub(crate) use create::CreateHow;
pub(crate) use data::Stored;
pub(crate) use listing::{Listing, is_unchanged};
pub(crate) use path::requested;

use crate::Server;
use abi::{Attributes, Errno, FileSystemId, Result};
use rpc::Call;
use vfs::{Caller, Changed, FileHandle, HANDLE_BYTES, Seen, Vnode};

/// Most bytes of one READ or WRITE over a stream.
pub const STREAM_BYTES_MAX: u32 = 1 << 20;

/// Most bytes of one READ or WRITE in a datagram: with the reply's header and attributes it stays
/// far below the 65,507 that UDP carries, and reassembles from few enough fragments.
pub const DATAGRAM_BYTES_MAX: u32 = 32 << 10;

/// Most bytes of one reply to READDIR over a stream: a bound on how long one call keeps others
/// waiting.
pub const LISTING_BYTES_MAX: u32 = 64 << 10;

/// One call at work: who asks, and by which rules.
pub(crate) struct Request<'a> {
    pub(crate) server: &'a Server,
    pub(crate) call: &'a Call,
    pub(crate) caller: Caller,
}

/// A file that an operation found or made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    /// Its handle.
    pub(crate) handle: [u8; HANDLE_BYTES],
    /// Its attributes, unless they could not be found out.
    pub(crate) attributes: Option<Attributes>,
}

impl Object {
    async fn of(vnode: &Vnode) -> Self {
        let attributes = vnode.attributes().await.ok();
        Self { handle: vnode.handle().to_bytes(), attributes }
    }
}

impl Request<'_> {
    /// The file system that is served.
    pub(crate) fn file_system(&self) -> FileSystemId {
        self.server.file_system()
    }

    /// Most bytes of file data that this call may carry or be answered with.
    pub(crate) fn transfer_bytes_max(&self) -> u32 {
        if self.call.datagram { DATAGRAM_BYTES_MAX } else { STREAM_BYTES_MAX }
    }

    /// Most bytes of directory entries that this call may be answered with.
    pub(crate) fn listing_bytes_max(&self) -> u32 {
        LISTING_BYTES_MAX.min(self.transfer_bytes_max())
    }

    fn is_read_only(&self) -> bool {
        self.server.exports().rules().read_only
    }

    fn vnode(&self, handle: &[u8]) -> Result<Vnode> {
        let handle = FileHandle::from_bytes(handle)?;
        if handle.file_system != self.file_system() {
            return Err(Errno::Stale);
        }
        self.server.vnode(&handle)
    }

    /// Does `work` on the file of a handle; if it cannot be begun, reports the file's attributes
    /// all the same.
    async fn look<T>(
        &self,
        handle: &[u8],
        work: impl AsyncFnOnce(&Vnode) -> Result<Seen<T>>,
    ) -> Seen<T> {
        let vnode = match self.vnode(handle) {
            Ok(vnode) => vnode,
            Err(errno) => return Seen { attributes: None, result: Err(errno) },
        };
        match work(&vnode).await {
            Ok(seen) => seen,
            Err(errno) => {
                let (attributes, errno) = refusal(&vnode, errno).await;
                Seen { attributes, result: Err(errno) }
            }
        }
    }

    /// Does `work`, which changes the file of a handle, if the export allows changes; if it
    /// cannot be begun, reports the attributes of the unchanged file.
    async fn change<T>(
        &self,
        handle: &[u8],
        work: impl AsyncFnOnce(&Vnode) -> Result<Changed<T>>,
    ) -> Changed<T> {
        let vnode = match self.vnode(handle) {
            Ok(vnode) => vnode,
            Err(errno) => return Changed { before: None, after: None, result: Err(errno) },
        };
        let attempt = if self.is_read_only() { Err(Errno::ReadOnly) } else { work(&vnode).await };
        match attempt {
            Ok(Changed { before: None, result: Err(errno), .. }) | Err(errno) => {
                let (attributes, errno) = refusal(&vnode, errno).await;
                Changed { before: attributes, after: attributes, result: Err(errno) }
            }
            Ok(changed) => changed,
        }
    }
}

/// What to say of a file on which nothing was done because of `errno`: its attributes, or that it
/// is gone, which counts for more than any other reason.
async fn refusal(vnode: &Vnode, errno: Errno) -> (Option<Attributes>, Errno) {
    match vnode.attributes().await {
        Ok(attributes) => (Some(attributes), errno),
        Err(Errno::Stale) => (None, Errno::Stale),
        Err(_) => (None, errno),
    }
}
