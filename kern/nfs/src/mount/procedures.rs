//! The six procedures (RFC 1813 §5.2).

use super::types::{AUTH_SYS, DirectoryPath, ListedExport, ListedMount, MountPoint, MountStatus};
use crate::ops::{Request, requested};
use abi::Errno;
use alloc::string::ToString;
use alloc::vec;
use core::net::IpAddr;
use xdr::{Opaque, Writer, Xdr};

/// Most mounts listed in a datagram.
const DATAGRAM_MOUNTS_MAX: usize = 8;

/// RFC 1813 §5.2.0.
pub(super) async fn null(_: &Request<'_>, (): (), _: &mut Writer) {}

/// RFC 1813 §5.2.1.
pub(super) async fn mount(request: &Request<'_>, path: DirectoryPath<'_>, result: &mut Writer) {
    let Some(path) = requested(path.0) else {
        return MountStatus::from(Errno::AccessDenied).encode(result);
    };
    match request.mount(&path).await {
        Ok(handle) => {
            request.server.mounts.borrow_mut().add(client(request), &path);
            MountStatus::Ok.encode(result);
            let directory = &handle.to_bytes();
            MountPoint { directory: Opaque(directory), flavors: vec![AUTH_SYS] }.encode(result);
        }
        Err(errno) => MountStatus::from(errno).encode(result),
    }
}

/// RFC 1813 §5.2.2. Clients are named by their addresses. A datagram may come from anybody in
/// anybody's name: it is answered with so little that it is no weapon.
pub(super) async fn dump(request: &Request<'_>, (): (), result: &mut Writer) {
    let count_max = if request.call.datagram { DATAGRAM_MOUNTS_MAX } else { usize::MAX };
    for mounted in request.server.mounts.borrow().iter().take(count_max) {
        true.encode(result);
        let client = mounted.client.to_string();
        let (client, directory) = (Opaque(client.as_bytes()), Opaque(&mounted.path));
        ListedMount { client, directory }.encode(result);
    }
    false.encode(result);
}

/// RFC 1813 §5.2.3.
pub(super) async fn unmount(request: &Request<'_>, path: DirectoryPath<'_>, _: &mut Writer) {
    if let Some(path) = requested(path.0) {
        request.server.mounts.borrow_mut().remove(client(request), &path);
    }
}

/// RFC 1813 §5.2.4.
pub(super) async fn unmount_all(request: &Request<'_>, (): (), _: &mut Writer) {
    request.server.mounts.borrow_mut().remove_all(client(request));
}

/// RFC 1813 §5.2.5.
pub(super) async fn exports(request: &Request<'_>, (): (), result: &mut Writer) {
    for export in request.server.exports().list() {
        true.encode(result);
        ListedExport { directory: Opaque(export.path()), has_groups: false }.encode(result);
    }
    false.encode(result);
}

fn client(request: &Request<'_>) -> IpAddr {
    request.call.remote.ip()
}
