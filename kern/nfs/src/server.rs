//! What every procedure of every program works on.

use crate::Handle;
use crate::exports::{Exports, Flavor};
use crate::mount::{MountList, Mounted};
use crate::ops::Request;
use crate::programs::NFS;
use crate::v3::types::HANDLE_BYTES_MAX;
use abi::{Errno, FileSystemId, Result, Timestamp};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, Ref, RefCell};
use core::net::IpAddr;
use rpc::{Call, Fault};
use vfs::{FileHandle, Mount, Tree, Vnode};
use xdr::{Opaque, Xdr};

/// The file server of one service: one file system, its exports, and who mounted them.
///
/// The file system may come and go; nothing that a client holds depends on it.
pub struct Server {
    served: RefCell<Option<Served>>,
    /// The identity of what is served, or was last.
    file_system: Cell<FileSystemId>,
    exports: RefCell<Rc<Exports>>,
    pub(crate) mounts: RefCell<MountList>,
    time: Cell<Timestamp>,
}

/// A file system in its place.
struct Served {
    tree: Rc<Tree>,
    root: Rc<Mount>,
}

impl Server {
    /// A server of no file system yet, which lets in whom `exports` names. It lives at the epoch
    /// until [`Server::set_time`] is called.
    pub fn new(exports: Exports) -> Self {
        Self {
            served: RefCell::default(),
            file_system: Cell::new(FileSystemId(0)),
            exports: RefCell::new(Rc::new(exports)),
            mounts: RefCell::default(),
            time: Cell::default(),
        }
    }

    /// Serves the file system `root` in `tree` from now on.
    pub fn open(&self, tree: Rc<Tree>, root: Rc<Mount>) {
        self.file_system.set(root.id());
        self.served.replace(Some(Served { tree, root }));
    }

    /// Lets go of the file system. Calls for its files are told to try again, so whoever closes it
    /// keeps them waiting instead.
    pub fn close(&self) {
        self.served.replace(None);
    }

    /// Tells the time that operations leave behind in time stamps; once a turn is often enough,
    /// because change times strictly increase all the same.
    pub fn set_time(&self, time: Timestamp) {
        self.time.set(time);
    }

    /// The time as last told.
    pub(crate) fn time(&self) -> Timestamp {
        self.time.get()
    }

    /// Who mounted what, oldest first, as MOUNT tells of it (RFC 1813 §5.2.2).
    pub fn mounted(&self) -> Vec<(IpAddr, Vec<u8>)> {
        let mounts = self.mounts.borrow();
        let told = |one: &Mounted| (one.client, one.path.to_vec());
        mounts.iter().map(told).collect()
    }

    /// Remembers what another server like this one knew.
    pub fn remember_mounted(&self, mounted: Vec<(IpAddr, Vec<u8>)>) {
        let mut mounts = self.mounts.borrow_mut();
        mounted.iter().for_each(|(client, path)| mounts.add(*client, path));
    }

    /// What is exported.
    pub fn exports(&self) -> Rc<Exports> {
        self.exports.borrow().clone()
    }

    /// What is exported, for as long as nothing waits.
    pub(crate) fn exports_now(&self) -> Ref<'_, Exports> {
        Ref::map(self.exports.borrow(), |exports| &**exports)
    }

    /// Calls that come from now on are judged by these. Who reached a file through a path that is
    /// still exported keeps its handles, and acts by the rules that are now its own.
    pub fn set_exports(&self, exports: Exports) {
        self.exports.replace(Rc::new(exports));
    }

    /// The file system that is served.
    pub(crate) fn file_system(&self) -> FileSystemId {
        self.file_system.get()
    }

    /// The file of a handle.
    pub(crate) fn vnode(&self, handle: &FileHandle) -> Result<Vnode> {
        let served = self.served.borrow();
        served.as_ref().ok_or(Errno::TryAgain)?.tree.vnode(handle)
    }

    /// The root directory.
    pub(crate) fn root(&self) -> Result<Vnode> {
        let served = self.served.borrow();
        let Served { tree, root } = served.as_ref().ok_or(Errno::TryAgain)?;
        Ok(tree.root(root))
    }

    /// One call at work.
    pub(crate) fn request<'a>(&'a self, call: &'a Call) -> Request<'a> {
        Request { server: self, call }
    }

    /// Lets a call in, as far as its security flavour goes (RFC 2623 §2.3). Who says who asks is let
    /// in everywhere, and listened to or not; who does not needs an export that says so. It is told
    /// by the handle with which the arguments of every NFS procedure begin.
    ///
    /// # Errors
    /// `TooWeak` if the export of that handle wants to know who asks, or is none of this client's.
    pub(crate) fn admit(&self, call: &Call) -> core::result::Result<(), Fault> {
        let names_a_file = call.program == NFS && call.procedure != 0;
        if call.credentials.is_some() || !names_a_file {
            return Ok(());
        }
        let handle = Opaque::<HANDLE_BYTES_MAX>::decode(&mut call.reader())?;
        let exports = self.exports_now();
        let export = Handle::from_bytes(handle.0)
            .and_then(|handle| exports.judge(handle.export, call.remote));
        match export {
            Ok(export) if export.rules.flavors.names(Flavor::None) => Ok(()),
            _ => Err(Fault::TooWeak),
        }
    }
}
