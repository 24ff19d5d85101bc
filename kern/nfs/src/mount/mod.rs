//! MOUNT version 3 (RFC 1813 appendix I): from an exported path to the first file handle.
//!
//! It keeps a list of who mounted what, for people only: nothing depends on it, it does not
//! survive a restart, and it forgets the oldest when it is full. MOUNT needs no credentials
//! (RFC 2623 §2.3.1); who has none walks below an export as its anonymous user, and is told of the
//! flavours that NFS will ask for.

mod list;
mod procedures;
mod types;

pub(crate) use list::{MountList, Mounted};

use crate::exports::LISTED_BYTES_MAX;
use crate::procedure::procedure;
use crate::{HANDLE_BYTES, Server};
use procedures::{dump, exports, mount, null, unmount, unmount_all};
use rpc::Bound::Fixed;
use rpc::{Needs, Procedure, Version};

/// MOUNT version 3.
pub(crate) const VERSION: Version<Server> =
    Version { number: 3, procedures: &PROCEDURES, needs: Needs::Nothing };

/// Bytes of the longest DUMP: beside the paths, two links, two lengths and an address for each.
const DUMP_MAX: usize = list::PATHS_BYTES_MAX + list::MOUNTS_MAX * (4 + 4 + 48 + 4 + 4);

#[rustfmt::skip]
static PROCEDURES: [Procedure<Server>; 6] = [
    //         number name    run          replay    largest result in bytes
    procedure!(0, "NULL",    null,        Rerun,    0),
    procedure!(1, "MNT",     mount,       Rerun,    4 + 4 + HANDLE_BYTES + 4 + 2 * 4),
    procedure!(2, "DUMP",    dump,        Rerun,    1024, Fixed(DUMP_MAX)),
    procedure!(3, "UMNT",    unmount,     Rerun,    0),
    procedure!(4, "UMNTALL", unmount_all, Rerun,    0),
    procedure!(5, "EXPORT",  exports,     Rerun,    1024, Fixed(LISTED_BYTES_MAX)),
];
