//! The one error type inside the kernel. Each protocol version has one table from these words to
//! its own status codes.

use core::fmt;

/// A result whose error is an [`Errno`].
pub type Result<T, E = Errno> = core::result::Result<T, E>;

/// Why an operation was refused or failed, in the words of errno(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errno {
    /// EPERM: only the owner or the superuser may do this.
    NotPermitted,
    /// ENOENT: no such name.
    NoEntry,
    /// EIO: the disk failed, or what it holds is damaged.
    Io,
    /// ENXIO: no such device or address.
    NoDevice,
    /// EACCES: the permission bits forbid it.
    AccessDenied,
    /// EEXIST: the name is taken.
    Exists,
    /// EXDEV: the two names are on different file systems.
    CrossDevice,
    /// ENOTDIR: a directory was needed.
    NotDirectory,
    /// EISDIR: anything but a directory was needed.
    IsDirectory,
    /// EINVAL: an argument makes no sense here.
    Invalid,
    /// EFBIG: larger than the file system's largest file.
    FileTooBig,
    /// ENOSPC: no space or no inodes left.
    NoSpace,
    /// EROFS: mounted or exported read-only.
    ReadOnly,
    /// EMLINK: the link count is at its limit.
    TooManyLinks,
    /// ENAMETOOLONG: a name over the file system's limit.
    NameTooLong,
    /// ENOTEMPTY: the directory still has entries.
    NotEmpty,
    /// EDQUOT: the quota is used up.
    QuotaExceeded,
    /// ESTALE: the file of this handle is gone, or its inode was reused.
    Stale,
    /// A handle that this service never made (NFS3ERR_BADHANDLE).
    BadHandle,
    /// A directory cookie that this directory never gave (NFS3ERR_BAD_COOKIE).
    BadCookie,
    /// The guard of a guarded change did not hold (NFS3ERR_NOT_SYNC).
    NotSync,
    /// A buffer or size limit of the caller cannot hold even one item (NFS3ERR_TOOSMALL).
    TooSmall,
    /// A type of object that cannot be made this way (NFS3ERR_BADTYPE).
    BadType,
    /// EOPNOTSUPP: this file system cannot do that.
    NotSupported,
    /// EAGAIN: resources are short at the moment; ask again later.
    TryAgain,
}

impl fmt::Display for Errno {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl core::error::Error for Errno {}

impl Errno {
    /// The sentence a person reads.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotPermitted => "operation not permitted",
            Self::NoEntry => "no such file or directory",
            Self::Io => "input/output error",
            Self::NoDevice => "no such device or address",
            Self::AccessDenied => "permission denied",
            Self::Exists => "file exists",
            Self::CrossDevice => "on different file systems",
            Self::NotDirectory => "not a directory",
            Self::IsDirectory => "is a directory",
            Self::Invalid => "invalid argument",
            Self::FileTooBig => "file too large",
            Self::NoSpace => "no space left",
            Self::ReadOnly => "read-only file system",
            Self::TooManyLinks => "too many links",
            Self::NameTooLong => "file name too long",
            Self::NotEmpty => "directory not empty",
            Self::QuotaExceeded => "quota exceeded",
            Self::Stale => "stale file handle",
            Self::BadHandle => "not a handle of this service",
            Self::BadCookie => "not a cookie of this directory",
            Self::NotSync => "changed since the guard was taken",
            Self::TooSmall => "buffer too small",
            Self::BadType => "not a type that can be made this way",
            Self::NotSupported => "not supported",
            Self::TryAgain => "resource temporarily unavailable",
        }
    }
}
