//! MOUNT's wire (RFC 1813 §5.1).

use crate::exports::PATH_BYTES_MAX;
use abi::Errno;
use alloc::vec::Vec;
use xdr::{Opaque, xdr_enum, xdr_struct};

/// A path (dirpath).
pub(super) type DirectoryPath<'a> = Opaque<'a, PATH_BYTES_MAX>;

/// A host's name (name, MNTNAMLEN).
pub(super) type HostName<'a> = Opaque<'a, 255>;

xdr_enum! {
    /// What came of MNT (mountstat3).
    pub enum MountStatus {
        /// MNT3_OK.
        Ok = 0,
        /// MNT3ERR_PERM.
        NotPermitted = 1,
        /// MNT3ERR_NOENT.
        NoEntry = 2,
        /// MNT3ERR_IO.
        Io = 5,
        /// MNT3ERR_ACCES.
        AccessDenied = 13,
        /// MNT3ERR_NOTDIR.
        NotDirectory = 20,
        /// MNT3ERR_INVAL.
        Invalid = 22,
        /// MNT3ERR_NAMETOOLONG.
        NameTooLong = 63,
        /// MNT3ERR_NOTSUPP.
        NotSupported = 10004,
        /// MNT3ERR_SERVERFAULT.
        ServerFault = 10006,
    }
}

xdr_struct! {
    /// What a client needs to begin (mountres3_ok).
    pub struct MountPoint<'a> {
        /// The directory's handle.
        pub directory: Opaque<'a, 64>,
        /// The flavours of credentials that NFS accepts for it, best first.
        pub flavors: Vec<u32>,
    }
}

xdr_struct! {
    /// A mount in DUMP's list (mountbody without the pointer to the next).
    pub struct ListedMount<'a> {
        /// The client.
        pub client: HostName<'a>,
        /// What it mounted.
        pub directory: DirectoryPath<'a>,
    }
}

impl From<Errno> for MountStatus {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NotPermitted => Self::NotPermitted,
            Errno::NoEntry | Errno::Stale => Self::NoEntry,
            Errno::Io => Self::Io,
            Errno::AccessDenied => Self::AccessDenied,
            Errno::NotDirectory => Self::NotDirectory,
            Errno::Invalid => Self::Invalid,
            Errno::NameTooLong => Self::NameTooLong,
            Errno::NotSupported => Self::NotSupported,
            _ => Self::ServerFault,
        }
    }
}
