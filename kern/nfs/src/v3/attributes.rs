//! NULL, GETATTR, SETATTR, ACCESS.

use super::Status;
use super::types::{
    AccessArguments, FileArguments, FileAttributes, Granted, Reply, SetAttributesArguments, Time,
};
use crate::ops::Request;
use abi::{Errno, Result, Timestamp};
use vfs::Access;
use xdr::{Writer, Xdr};

/// RFC 1813 §3.3.0.
pub(super) async fn null(_: &Request<'_>, (): (), _: &mut Writer) {}

/// RFC 1813 §3.3.1.
pub(super) async fn get_attributes(
    request: &Request<'_>,
    arguments: FileArguments<'_>,
    result: &mut Writer,
) {
    let reply = match request.attributes(arguments.file.0).await {
        Ok(attributes) => Reply::Done(FileAttributes::new(request.file_system(), &attributes)),
        Err(errno) => Reply::Failed(Status::from(errno), ()),
    };
    reply.encode(result);
}

/// RFC 1813 §3.3.2.
pub(super) async fn set_attributes(
    request: &Request<'_>,
    arguments: SetAttributesArguments<'_>,
    result: &mut Writer,
) {
    let change = arguments.change.change().and_then(|change| Ok((change, guard(&arguments)?)));
    let changed = request.set_attributes(arguments.file.0, change).await;
    request.changed(&changed, |consistency, ()| consistency).encode(result);
}

/// The guard. No file has a change time that is no time.
fn guard(arguments: &SetAttributesArguments<'_>) -> Result<Option<Timestamp>> {
    let guard = arguments.guard.as_ref().map(Time::timestamp);
    guard.transpose().map_err(|_| Errno::NotSync)
}

/// RFC 1813 §3.3.4. Bits that mean nothing here are not granted.
pub(super) async fn access(
    request: &Request<'_>,
    arguments: AccessArguments<'_>,
    result: &mut Writer,
) {
    let asked = Access::from_bits_truncate(arguments.asked);
    let seen = request.access(arguments.file.0, asked).await;
    let granted = |attributes, rights: &Access| Granted { attributes, rights: rights.bits() };
    request.seen(&seen, granted).encode(result);
}
