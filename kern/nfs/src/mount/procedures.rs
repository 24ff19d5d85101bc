//! The six procedures (RFC 1813 §5.2).

use super::types::{DirectoryPath, HostName, ListedMount, MountPoint, MountStatus};
use crate::exports::Export;
use crate::ops::{Request, requested};
use abi::Errno;
use alloc::string::ToString;
use core::net::IpAddr;
use xdr::{Opaque, Writer, Xdr};

/// Most mounts listed in a datagram.
const DATAGRAM_MOUNTS_MAX: usize = 8;

/// Most bytes of a datagram that lists exports.
const DATAGRAM_EXPORTS_BYTES_MAX: usize = 1024;

/// RFC 1813 §5.2.0.
pub(super) async fn null(_: &Request<'_>, (): (), _: &mut Writer) {}

/// RFC 1813 §5.2.1.
pub(super) async fn mount(request: &Request<'_>, path: DirectoryPath<'_>, result: &mut Writer) {
    let Some(path) = requested(path.0) else {
        return MountStatus::from(Errno::AccessDenied).encode(result);
    };
    match request.mount(&path).await {
        Ok((handle, flavors)) => {
            request.server.mounts.borrow_mut().add(client(request), &path);
            MountStatus::Ok.encode(result);
            let directory = &handle.to_bytes();
            let flavors = flavors.iter().map(|flavor| flavor as u32).collect();
            MountPoint { directory: Opaque(directory), flavors }.encode(result);
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

/// RFC 1813 §5.2.5: each path once, with all clients that may mount it. Whoever may do so by a line
/// for everybody makes it a path of everybody's, which is a list of no clients.
pub(super) async fn exports(request: &Request<'_>, (): (), result: &mut Writer) {
    let bytes_max = if request.call.datagram { DATAGRAM_EXPORTS_BYTES_MAX } else { usize::MAX };
    for exports in request.server.exports().places() {
        let start = result.length_bytes();
        encode_exports(exports, result);
        if result.length_bytes() > bytes_max {
            result.truncate(start);
            break;
        }
    }
    false.encode(result);
}

/// The exports of one path.
fn encode_exports(exports: &[Export], result: &mut Writer) {
    let [first, ..] = exports else { return };
    true.encode(result);
    let directory: DirectoryPath<'_> = Opaque(first.path());
    directory.encode(result);
    if exports.iter().all(|export| !export.clients.is_empty()) {
        for client in exports.iter().flat_map(|export| &export.clients) {
            true.encode(result);
            let name = client.to_string();
            let name: HostName<'_> = Opaque(name.as_bytes());
            name.encode(result);
        }
    }
    false.encode(result);
}

fn client(request: &Request<'_>) -> IpAddr {
    request.call.remote.ip()
}
