//! NFS version 3 (RFC 1813): names, XDR and statuses for [`crate::ops`].
//!
//! Each procedure decodes its arguments, asks `ops`, and encodes what came of it; file data is
//! spliced into the reply, never copied. This module decides nothing that another version would
//! decide the same way.
//!
//! | file | procedures |
//! |---|---|
//! | `attributes.rs` | NULL, GETATTR, SETATTR, ACCESS |
//! | `data.rs` | READLINK, READ, WRITE, COMMIT |
//! | `names.rs` | LOOKUP, REMOVE, RMDIR, RENAME, LINK |
//! | `create.rs` | CREATE, MKDIR, SYMLINK, MKNOD |
//! | `listing.rs` | READDIR, READDIRPLUS |
//! | `file_system.rs` | FSSTAT, FSINFO, PATHCONF |

mod attributes;
mod create;
mod data;
mod file_system;
mod listing;
mod name;
mod names;
mod reply;
mod status;
pub mod types;

pub use status::Status;

use crate::Server;
use crate::ops::{LISTING_BYTES_MAX, STREAM_BYTES_MAX};
use crate::procedure::procedure;
use attributes::{access, get_attributes, null, set_attributes};
use create::{create, make_directory, make_node, make_symbolic_link};
use data::{commit, read, read_link, write};
use file_system::{file_system_information, path_limits, usage};
use listing::{read_directory, read_directory_plus};
use names::{link, lookup, remove, remove_directory, rename};
use rpc::Bound::{Asked, Fixed};
use rpc::{Needs, Procedure, Version};
use types::{ReadArguments, ReadDirectoryArguments, ReadDirectoryPlusArguments};
use xdr::{Malformed, Reader, Xdr};

/// NFS version 3. Whether a call needs credentials, too, is for the export to say: `Server::admit`.
pub(crate) const VERSION: Version<Server> =
    Version { number: 3, procedures: &PROCEDURES, needs: Needs::Handle };

/// Bytes of a status.
const STATUS: usize = 4;
/// Bytes of a handle.
const HANDLE: usize = 4 + crate::HANDLE_BYTES;
/// Bytes of attributes.
const ATTRIBUTES: usize = 84;
/// Bytes of attributes that might have been left out.
const POST: usize = 4 + ATTRIBUTES;
/// Bytes of weak cache consistency data.
const WCC: usize = 4 + 24 + POST;
/// Bytes of the answer to CREATE and its like.
const MADE: usize = STATUS + 4 + HANDLE + POST + WCC;
/// Bytes of a READLINK before its target.
const LINK_HEAD: usize = STATUS + POST + 4;
/// Bytes of the longest target: PATH_MAX of the clients.
const TARGET: usize = 4096;
/// Bytes of a READ before its data.
const READ_HEAD: usize = STATUS + POST + 12 + 4;
/// Bytes of a READDIR of a small directory; a larger one's grows.
const LISTING: usize = 4096;

#[rustfmt::skip]
static PROCEDURES: [Procedure<Server>; 22] = [
    //         number name           run                     replay        largest result in bytes
    procedure!( 0, "NULL",        null,                    Rerun,        0),
    procedure!( 1, "GETATTR",     get_attributes,          Rerun,        STATUS + ATTRIBUTES),
    procedure!( 2, "SETATTR",     set_attributes,          RememberData, STATUS + WCC),
    procedure!( 3, "LOOKUP",      lookup,                  Rerun,        STATUS + HANDLE + 2 * POST),
    procedure!( 4, "ACCESS",      access,                  Rerun,        STATUS + POST + 4),
    procedure!( 5, "READLINK",    read_link,               Rerun,        LINK_HEAD + 1024, Fixed(LINK_HEAD + TARGET)),
    procedure!( 6, "READ",        read,                    Rerun,        READ_HEAD, Asked(read_bytes)),
    procedure!( 7, "WRITE",       write,                   RememberData, STATUS + WCC + 16),
    procedure!( 8, "CREATE",      create,                  Remember,     MADE),
    procedure!( 9, "MKDIR",       make_directory,          Remember,     MADE),
    procedure!(10, "SYMLINK",     make_symbolic_link,      Remember,     MADE),
    procedure!(11, "MKNOD",       make_node,               Remember,     MADE),
    procedure!(12, "REMOVE",      remove,                  Remember,     STATUS + WCC),
    procedure!(13, "RMDIR",       remove_directory,        Remember,     STATUS + WCC),
    procedure!(14, "RENAME",      rename,                  Remember,     STATUS + 2 * WCC),
    procedure!(15, "LINK",        link,                    Remember,     STATUS + POST + WCC),
    procedure!(16, "READDIR",     read_directory,          Rerun,        LISTING, Asked(listing_bytes)),
    procedure!(17, "READDIRPLUS", read_directory_plus,     Rerun,        LISTING, Asked(listing_plus_bytes)),
    procedure!(18, "FSSTAT",      usage,                   Rerun,        STATUS + POST + 52),
    procedure!(19, "FSINFO",      file_system_information, Rerun,        STATUS + POST + 48),
    procedure!(20, "PATHCONF",    path_limits,             Rerun,        STATUS + POST + 24),
    procedure!(21, "COMMIT",      commit,                  Rerun,        STATUS + WCC + 8),
];

/// The result of a READ that gives all it is asked for, as far as FSINFO allows.
fn read_bytes(arguments: &mut Reader<'_>) -> Result<usize, Malformed> {
    let count_bytes = ReadArguments::decode(arguments)?.count_bytes.min(STREAM_BYTES_MAX);
    Ok(READ_HEAD + (count_bytes as usize).next_multiple_of(4))
}

fn listing_bytes(arguments: &mut Reader<'_>) -> Result<usize, Malformed> {
    Ok(body_bytes(ReadDirectoryArguments::decode(arguments)?.count_bytes))
}

fn listing_plus_bytes(arguments: &mut Reader<'_>) -> Result<usize, Malformed> {
    Ok(body_bytes(ReadDirectoryPlusArguments::decode(arguments)?.count_bytes))
}

/// The result of a listing whose body a client limits to `count_bytes`.
fn body_bytes(count_bytes: u32) -> usize {
    STATUS + POST.max(count_bytes.min(LISTING_BYTES_MAX) as usize)
}
