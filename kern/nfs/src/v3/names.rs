//! LOOKUP, REMOVE, RMDIR, RENAME, LINK.

use super::reply::either;
use super::types::{Found, LinkArguments, LinkMade, Moved, RenameArguments, Where};
use crate::ops::Request;
use xdr::{Opaque, Writer, Xdr};

/// RFC 1813 §3.3.3.
pub(super) async fn lookup(request: &Request<'_>, what: Where<'_>, result: &mut Writer) {
    let seen = request.lookup(what.directory.0, what.checked_name()).await;
    let reply = request.seen(&seen, |directory, object| Found {
        file: Opaque(&object.handle),
        attributes: request.post(object.attributes.as_ref()),
        directory,
    });
    reply.encode(result);
}

/// RFC 1813 §3.3.12.
pub(super) async fn remove(request: &Request<'_>, what: Where<'_>, result: &mut Writer) {
    let changed = request.remove(what.directory.0, what.checked_name()).await;
    request.changed(&changed, |consistency, ()| consistency).encode(result);
}

/// RFC 1813 §3.3.13.
pub(super) async fn remove_directory(request: &Request<'_>, what: Where<'_>, result: &mut Writer) {
    let changed = request.remove_directory(what.directory.0, what.removable_directory()).await;
    request.changed(&changed, |consistency, ()| consistency).encode(result);
}

/// RFC 1813 §3.3.14.
pub(super) async fn rename(
    request: &Request<'_>,
    RenameArguments { from, to }: RenameArguments<'_>,
    result: &mut Writer,
) {
    let (old, new) = (from.checked_name(), to.checked_name());
    let renamed = request.rename((from.directory.0, old), (to.directory.0, new)).await;
    let moved = Moved {
        from: request.consistency(renamed.from.0.as_ref(), renamed.from.1.as_ref()),
        to: request.consistency(renamed.to.0.as_ref(), renamed.to.1.as_ref()),
    };
    either(renamed.result, moved).encode(result);
}

/// RFC 1813 §3.3.15.
pub(super) async fn link(
    request: &Request<'_>,
    LinkArguments { file, place }: LinkArguments<'_>,
    result: &mut Writer,
) {
    let linked = request.link(file.0, place.directory.0, place.checked_name()).await;
    let directory = &linked.directory;
    let made = LinkMade {
        attributes: request.post(linked.file.as_ref()),
        directory: request.consistency(directory.before.as_ref(), directory.after.as_ref()),
    };
    either(directory.result, made).encode(result);
}
