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
//! | `fence.rs` | the way up, which ends where the export does |

mod attributes;
mod create;
mod data;
mod fence;
mod file_system;
mod listing;
mod names;
mod path;

pub(crate) use create::CreateHow;
pub(crate) use data::Stored;
pub(crate) use listing::{Listing, is_unchanged};
pub(crate) use path::requested;

use crate::{ExportId, HANDLE_BYTES, Handle, Server};
use abi::{Attributes, Errno, FileSystemId, Result};
use rpc::Call;
use vfs::{Caller, Changed, Seen, Vnode};

/// Most bytes of one READ or WRITE over a stream.
pub const STREAM_BYTES_MAX: u32 = 1 << 20;

/// Most bytes of one READ or WRITE in a datagram: with the reply's header and attributes it stays
/// far below the 65,507 that UDP carries, and reassembles from few enough fragments.
pub const DATAGRAM_BYTES_MAX: u32 = 32 << 10;

/// Most bytes of one reply to READDIR over a stream: a bound on how long one call keeps others
/// waiting.
pub const LISTING_BYTES_MAX: u32 = 64 << 10;

/// One call at work.
pub(crate) struct Request<'a> {
    pub(crate) server: &'a Server,
    pub(crate) call: &'a Call,
}

/// A file as a client reaches it: through an export, by whose rules it acts.
pub(crate) struct Reached {
    pub(crate) vnode: Vnode,
    /// As whom.
    caller: Caller,
    export: ExportId,
    /// Whether the export lets nothing be changed.
    read_only: bool,
    /// Whether the export is less than the whole file system.
    is_fenced: bool,
}

/// A file that an operation found or made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    /// Its handle.
    pub(crate) handle: [u8; HANDLE_BYTES],
    /// Its attributes, unless they could not be found out.
    pub(crate) attributes: Option<Attributes>,
}

impl Reached {
    /// The handle of a file that was reached from this one.
    fn handle(&self, vnode: &Vnode) -> [u8; HANDLE_BYTES] {
        Handle { file: vnode.handle(), export: self.export }.to_bytes()
    }

    /// A file that was reached from this one.
    async fn object(&self, vnode: &Vnode) -> Object {
        let attributes = vnode.attributes().await.ok();
        Object { handle: self.handle(vnode), attributes }
    }

    /// # Errors
    /// `ReadOnly` if the export is.
    fn expect_writable(&self) -> Result<()> {
        if self.read_only { Err(Errno::ReadOnly) } else { Ok(()) }
    }

    /// # Errors
    /// `CrossDevice` if the other was reached through another export: its rules are others, and so
    /// is what its client may hold handles of.
    fn expect_same_export(&self, other: &Self) -> Result<()> {
        if self.export == other.export { Ok(()) } else { Err(Errno::CrossDevice) }
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

    /// The file of a handle, with what the export that it tells of allows this client now.
    fn reach(&self, handle: &[u8]) -> Result<Reached> {
        let Handle { file, export: id } = Handle::from_bytes(handle)?;
        if file.file_system != self.file_system() {
            return Err(Errno::Stale);
        }
        let exports = self.server.exports_now();
        let export = exports.judge(id, self.call.remote)?;
        let credentials = export.rules.actor(self.call.credentials.as_ref());
        Ok(Reached {
            vnode: self.server.vnode(&file)?,
            caller: Caller { credentials, time: self.server.time() },
            export: id,
            read_only: export.rules.read_only,
            is_fenced: !export.is_root(),
        })
    }

    /// Does `work` on the file of a handle; if it cannot be begun, reports the file's attributes
    /// all the same.
    async fn look<T>(
        &self,
        handle: &[u8],
        work: impl AsyncFnOnce(&Reached) -> Result<Seen<T>>,
    ) -> Seen<T> {
        let reached = match self.reach(handle) {
            Ok(reached) => reached,
            Err(errno) => return Seen { attributes: None, result: Err(errno) },
        };
        match work(&reached).await {
            Ok(seen) => seen,
            Err(errno) => {
                let (attributes, errno) = refusal(&reached.vnode, errno).await;
                Seen { attributes, result: Err(errno) }
            }
        }
    }

    /// Does `work`, which changes the file of a handle, if the export allows changes; if it
    /// cannot be begun, reports the attributes of the unchanged file.
    async fn change<T>(
        &self,
        handle: &[u8],
        work: impl AsyncFnOnce(&Reached) -> Result<Changed<T>>,
    ) -> Changed<T> {
        let reached = match self.reach(handle) {
            Ok(reached) => reached,
            Err(errno) => return Changed { before: None, after: None, result: Err(errno) },
        };
        let attempt = match reached.expect_writable() {
            Ok(()) => work(&reached).await,
            Err(errno) => Err(errno),
        };
        match attempt {
            Ok(Changed { before: None, result: Err(errno), .. }) | Err(errno) => {
                let (attributes, errno) = refusal(&reached.vnode, errno).await;
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
