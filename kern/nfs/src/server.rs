//! What every procedure of every program works on.

use crate::exports::Exports;
use crate::mount::MountList;
use crate::ops::Request;
use abi::Timestamp;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use rpc::Call;
use vfs::{Caller, Mount, Tree};

/// The file server of one service: one file system, its exports, and who mounted them.
pub struct Server {
    pub(crate) tree: Rc<Tree>,
    pub(crate) root: Rc<Mount>,
    pub(crate) exports: Exports,
    pub(crate) mounts: RefCell<MountList>,
    time: Cell<Timestamp>,
}

impl Server {
    /// A server of the file system `root` in `tree`, whose paths `exports` name. It lives at the
    /// epoch until [`Server::set_time`] is called.
    pub fn new(tree: Rc<Tree>, root: Rc<Mount>, exports: Exports) -> Self {
        let (mounts, time) = (RefCell::default(), Cell::default());
        Self { tree, root, exports, mounts, time }
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

    /// What is exported.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// One call, seen with the eyes of the exports' rules.
    pub(crate) fn request<'a>(&'a self, call: &'a Call) -> Request<'a> {
        let credentials = self.exports.rules().actor(call.credentials.as_ref());
        Request { server: self, call, caller: Caller { credentials, time: self.time() } }
    }
}
