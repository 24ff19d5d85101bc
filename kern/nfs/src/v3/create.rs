//! CREATE, MKDIR, SYMLINK, MKNOD.

use super::types::{
    CreateArguments, Made, MakeDirectoryArguments, MakeLinkArguments, MakeNodeArguments,
    NewAttributes, NewFileHow, NewNode, Where,
};
use crate::ops::{CreateHow, Object, Request};
use abi::{Errno, Result};
use vfs::{Changed, NewKind};
use xdr::{Opaque, Writer, Xdr};

/// RFC 1813 §3.3.8.
pub(super) async fn create(
    request: &Request<'_>,
    CreateArguments { place, how }: CreateArguments<'_>,
    result: &mut Writer,
) {
    let changed = request.create(place.directory.0, place.checked_name(), create_how(&how)).await;
    answer(request, &changed, result);
}

/// RFC 1813 §3.3.9.
pub(super) async fn make_directory(
    request: &Request<'_>,
    MakeDirectoryArguments { place, attributes }: MakeDirectoryArguments<'_>,
    result: &mut Writer,
) {
    make(request, &place, Ok(NewKind::Directory), &attributes, result).await;
}

/// RFC 1813 §3.3.10.
pub(super) async fn make_symbolic_link(
    request: &Request<'_>,
    MakeLinkArguments { place, attributes, target }: MakeLinkArguments<'_>,
    result: &mut Writer,
) {
    make(request, &place, Ok(NewKind::SymbolicLink(target.0)), &attributes, result).await;
}

/// RFC 1813 §3.3.11.
pub(super) async fn make_node(
    request: &Request<'_>,
    MakeNodeArguments { place, what }: MakeNodeArguments<'_>,
    result: &mut Writer,
) {
    let none = NewAttributes::NONE;
    let (kind, attributes) = match &what {
        NewNode::BlockDevice(new) => {
            (Ok(NewKind::BlockDevice((&new.device).into())), &new.attributes)
        }
        NewNode::CharacterDevice(new) => {
            (Ok(NewKind::CharacterDevice((&new.device).into())), &new.attributes)
        }
        NewNode::Socket(attributes) => (Ok(NewKind::Socket), attributes),
        NewNode::Fifo(attributes) => (Ok(NewKind::Fifo), attributes),
        NewNode::Regular(()) | NewNode::Directory(()) | NewNode::SymbolicLink(()) => {
            (Err(Errno::BadType), &none)
        }
    };
    make(request, &place, kind, attributes, result).await;
}

async fn make(
    request: &Request<'_>,
    place: &Where<'_>,
    kind: Result<NewKind<'_>>,
    attributes: &NewAttributes,
    result: &mut Writer,
) {
    let wanted = attributes.change();
    let changed = request.make(place.directory.0, place.checked_name(), kind, wanted).await;
    answer(request, &changed, result);
}

fn answer(request: &Request<'_>, changed: &Changed<Object>, result: &mut Writer) {
    let reply = request.changed(changed, |directory, object| Made {
        file: Some(Opaque(&object.handle)),
        attributes: request.post(object.attributes.as_ref()),
        directory,
    });
    reply.encode(result);
}

fn create_how(how: &NewFileHow) -> Result<CreateHow> {
    Ok(match how {
        NewFileHow::Unchecked(attributes) => CreateHow::Unchecked(attributes.change()?),
        NewFileHow::Guarded(attributes) => CreateHow::Guarded(attributes.change()?),
        NewFileHow::Exclusive(verifier) => CreateHow::Exclusive(*verifier),
    })
}
