//! The programs of a file server: a version is a row.

use crate::{Server, mount, v3};
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use rpc::{Program, Table, Version};

/// The number of NFS.
pub(crate) const NFS: u32 = 100_003;

static NFS_VERSIONS: [Version<Server>; 1] = [v3::VERSION];
static MOUNT_VERSIONS: [Version<Server>; 1] = [mount::VERSION];

/// The programs to register with RPC.
pub fn programs(server: &Rc<Server>) -> Vec<Rc<dyn Program>> {
    let table = |number, name, versions| -> Rc<dyn Program> {
        Rc::new(Table { number, name, versions, state: server.clone() })
    };
    vec![table(NFS, "nfs", &NFS_VERSIONS), table(100_005, "mountd", &MOUNT_VERSIONS)]
}
