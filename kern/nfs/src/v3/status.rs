//! NFSv3's words for what went wrong (nfsstat3, RFC 1813 §2.6), and the one table to them.

use abi::Errno;
use xdr::xdr_enum;

xdr_enum! {
    /// nfsstat3.
    pub enum Status {
        /// NFS3_OK.
        Ok = 0,
        /// NFS3ERR_PERM.
        NotPermitted = 1,
        /// NFS3ERR_NOENT.
        NoEntry = 2,
        /// NFS3ERR_IO.
        Io = 5,
        /// NFS3ERR_NXIO.
        NoDevice = 6,
        /// NFS3ERR_ACCES.
        AccessDenied = 13,
        /// NFS3ERR_EXIST.
        Exists = 17,
        /// NFS3ERR_XDEV.
        CrossDevice = 18,
        /// NFS3ERR_NODEV.
        WrongDevice = 19,
        /// NFS3ERR_NOTDIR.
        NotDirectory = 20,
        /// NFS3ERR_ISDIR.
        IsDirectory = 21,
        /// NFS3ERR_INVAL.
        Invalid = 22,
        /// NFS3ERR_FBIG.
        FileTooBig = 27,
        /// NFS3ERR_NOSPC.
        NoSpace = 28,
        /// NFS3ERR_ROFS.
        ReadOnly = 30,
        /// NFS3ERR_MLINK.
        TooManyLinks = 31,
        /// NFS3ERR_NAMETOOLONG.
        NameTooLong = 63,
        /// NFS3ERR_NOTEMPTY.
        NotEmpty = 66,
        /// NFS3ERR_DQUOT.
        QuotaExceeded = 69,
        /// NFS3ERR_STALE.
        Stale = 70,
        /// NFS3ERR_REMOTE.
        Remote = 71,
        /// NFS3ERR_BADHANDLE.
        BadHandle = 10001,
        /// NFS3ERR_NOT_SYNC.
        NotSync = 10002,
        /// NFS3ERR_BAD_COOKIE.
        BadCookie = 10003,
        /// NFS3ERR_NOTSUPP.
        NotSupported = 10004,
        /// NFS3ERR_TOOSMALL.
        TooSmall = 10005,
        /// NFS3ERR_SERVERFAULT.
        ServerFault = 10006,
        /// NFS3ERR_BADTYPE.
        BadType = 10007,
        /// NFS3ERR_JUKEBOX: try again later.
        Jukebox = 10008,
    }
}

impl From<Errno> for Status {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NotPermitted => Self::NotPermitted,
            Errno::NoEntry => Self::NoEntry,
            Errno::Io => Self::Io,
            Errno::NoDevice => Self::NoDevice,
            Errno::AccessDenied => Self::AccessDenied,
            Errno::Exists => Self::Exists,
            Errno::CrossDevice => Self::CrossDevice,
            Errno::NotDirectory => Self::NotDirectory,
            Errno::IsDirectory => Self::IsDirectory,
            Errno::Invalid => Self::Invalid,
            Errno::FileTooBig => Self::FileTooBig,
            Errno::NoSpace => Self::NoSpace,
            Errno::ReadOnly => Self::ReadOnly,
            Errno::TooManyLinks => Self::TooManyLinks,
            Errno::NameTooLong => Self::NameTooLong,
            Errno::NotEmpty => Self::NotEmpty,
            Errno::QuotaExceeded => Self::QuotaExceeded,
            Errno::Stale => Self::Stale,
            Errno::BadHandle => Self::BadHandle,
            Errno::BadCookie => Self::BadCookie,
            Errno::NotSync => Self::NotSync,
            Errno::TooSmall => Self::TooSmall,
            Errno::BadType => Self::BadType,
            Errno::NotSupported => Self::NotSupported,
            Errno::TryAgain => Self::Jukebox,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_version_threes_own() {
        let number = |errno: Errno| Status::from(errno) as u32;
        assert_eq!(number(Errno::TryAgain), 10008, "NFS3ERR_JUKEBOX");
        assert_eq!(number(Errno::NotSync), 10002);
        assert_eq!(number(Errno::BadType), 10007);
        assert_eq!(number(Errno::QuotaExceeded), 69);
    }
}
