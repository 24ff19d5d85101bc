//! READDIR and READDIRPLUS.
//!
//! Both limits of a client are kept to the byte by counting what each entry can take at most:
//!
//! ```text
//! body    | attributes 88 | verifier 8 |  entries ...  | no more 4 | end 4 |
//! entry   | more 4 | inode 8 | length 4 | name, padded | cookie 8 |
//! plus    ... | attributes 88 | handle 36 |
//! ```
//! READDIRPLUS' first limit counts entries without what plus adds. It is the client's guess at
//! how many entries it wants, not the size of a buffer, so one entry is sent whatever it says, as
//! other servers do.
//!
//! A name and a file belong together only as long as the directory does not change. If it has
//! changed before all files were looked at, they are left out: their client will look them up.

use super::types::{
    ListedFile, ListedName, ListingHead, ReadDirectoryArguments, ReadDirectoryPlusArguments,
};
use super::{HANDLE, POST};
use crate::ops::{Listing, Object, Reached, Request, is_unchanged};
use abi::{Attributes, Errno, Result};
use vfs::{Entry, Seen};
use xdr::{Opaque, Writer, Xdr};

/// Bytes of a body without entries.
const BODY: usize = POST + 8 + 4 + 4;
/// Bytes of what READDIRPLUS adds to an entry.
const PLUS: usize = POST + 4 + HANDLE;

/// Bytes of an entry without what READDIRPLUS adds.
const fn entry_bytes(name_bytes: usize) -> usize {
    4 + 8 + 4 + name_bytes.next_multiple_of(4) + 8
}

/// What is left of a limit.
struct Budget(usize);

impl Budget {
    /// The room that entries have in a body of `count_bytes`.
    ///
    /// # Errors
    /// `TooSmall` if not even a body without entries fits.
    fn of_body(request: &Request<'_>, count_bytes: u32) -> Result<Self> {
        let count_bytes = count_bytes.min(request.listing_bytes_max());
        (count_bytes as usize).checked_sub(BODY).map(Self).ok_or(Errno::TooSmall)
    }

    /// Takes `bytes` from it, if they are there.
    fn take(&mut self, bytes: usize) -> bool {
        let rest = self.0.checked_sub(bytes);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

/// RFC 1813 §3.3.16.
pub(super) async fn read_directory(
    request: &Request<'_>,
    arguments: ReadDirectoryArguments<'_>,
    result: &mut Writer,
) {
    let position = (arguments.cookie, arguments.verifier);
    let fits = Budget::of_body(request, arguments.count_bytes)
        .map(|mut body| move |name_bytes| body.take(entry_bytes(name_bytes)));
    let seen = request.list(arguments.directory.0, position, fits).await;
    encode_head(request, &seen, result);
    if let Ok(listing) = &seen.result {
        listing.entries().for_each(|entry| encode_name(&entry, result));
        encode_end(listing, result);
    }
}

/// RFC 1813 §3.3.17.
pub(super) async fn read_directory_plus(
    request: &Request<'_>,
    arguments: ReadDirectoryPlusArguments<'_>,
    result: &mut Writer,
) {
    let fits = Budget::of_body(request, arguments.count_bytes)
        .map(|body| room_for_both(body, Budget(arguments.names_bytes as usize)));
    let position = (arguments.cookie, arguments.verifier);
    let seen = request.list(arguments.directory.0, position, fits).await;
    encode_head(request, &seen, result);
    if let Ok(listing) = &seen.result {
        let directory = request.searchable(arguments.directory.0).await;
        encode_files(request, directory.as_ref(), &seen.attributes, listing, result).await;
        encode_end(listing, result);
    }
}

/// Whether there is room for one more entry in a body, and in what the client wants of names.
fn room_for_both(mut body: Budget, mut names: Budget) -> impl FnMut(usize) -> bool {
    let mut is_first = true;
    move |name_bytes| {
        let bytes = entry_bytes(name_bytes);
        let wanted = names.take(bytes) || is_first;
        is_first = false;
        wanted && body.take(bytes + PLUS)
    }
}

fn encode_head(request: &Request<'_>, seen: &Seen<Listing>, result: &mut Writer) {
    let reply = request
        .seen(seen, |attributes, listing| ListingHead { attributes, verifier: listing.verifier });
    reply.encode(result);
}

fn encode_name(entry: &Entry<'_>, result: &mut Writer) {
    true.encode(result);
    let name = Opaque(entry.name);
    ListedName { inode: entry.inode.0, name, cookie: entry.cookie }.encode(result);
}

fn encode_end(listing: &Listing, result: &mut Writer) {
    false.encode(result);
    listing.is_end.encode(result);
}

/// Every entry with its file, as far as it can be found out and the caller may know.
async fn encode_files(
    request: &Request<'_>,
    directory: Option<&Reached>,
    then: &Option<Attributes>,
    listing: &Listing,
    result: &mut Writer,
) {
    let start = result.length_bytes();
    if let Some(directory) = directory {
        for entry in listing.entries() {
            encode_name(&entry, result);
            encode_file(request, request.identify(directory, &entry).await, result);
        }
        if is_unchanged(&directory.vnode, then.as_ref()).await {
            return;
        }
        result.truncate(start);
    }
    for entry in listing.entries() {
        encode_name(&entry, result);
        encode_file(request, None, result);
    }
}

fn encode_file(request: &Request<'_>, object: Option<Object>, result: &mut Writer) {
    let attributes = object.as_ref().and_then(|object| object.attributes.as_ref());
    let file = object.as_ref().map(|object| Opaque(&object.handle[..]));
    ListedFile { attributes: request.post(attributes), file }.encode(result);
}
