//! The six procedures (RFC 1813 §5.2).

use super::types::{AUTH_SYS, DirectoryPath, ListedExport, ListedMount, MountPoint, MountStatus};
use crate::ops::Request;
use alloc::string::ToString;
use alloc::vec;
use core::net::IpAddr;
use xdr::{Opaque, Writer, Xdr};

/// RFC 1813 §5.2.0.
pub(super) async fn null(_: &Request<'_>, (): (), _: &mut Writer) {}

/// RFC 1813 §5.2.1.
pub(super) async fn mount(request: &Request<'_>, path: DirectoryPath<'_>, result: &mut Writer) {
    match request.mount(path.0).await {
        Ok(handle) => {
            request.server.mounts.borrow_mut().add(client(request), path.0);
            MountStatus::Ok.encode(result);
            let directory = &handle.to_bytes();
            MountPoint { directory: Opaque(directory), flavors: vec![AUTH_SYS] }.encode(result);
        }
        Err(errno) => MountStatus::from(errno).encode(result),
    }
}

/// RFC 1813 §5.2.2. Clients are named by their addresses.
pub(super) async fn dump(request: &Request<'_>, (): (), result: &mut Writer) {
    for mounted in request.server.mounts.borrow().iter() {
        true.encode(result);
        let client = mounted.client.to_string();
        let (client, directory) = (Opaque(client.as_bytes()), Opaque(&mounted.path));
        ListedMount { client, directory }.encode(result);
    }
    false.encode(result);
}

/// RFC 1813 §5.2.3.
pub(super) async fn unmount(request: &Request<'_>, path: DirectoryPath<'_>, _: &mut Writer) {
    request.server.mounts.borrow_mut().remove(client(request), path.0);
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
