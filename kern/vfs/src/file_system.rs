//! The contract between VFS and a file system.
//!
//! Files are named by [`FileId`]. Every method that takes one answers [`Errno::Stale`] if the
//! file is gone or its inode belongs to another file by now, whatever else is wrong.
//!
//! VFS holds the vnode locks (shared for [`FileSystem`] and a commit, exclusive on every file or
//! directory that a method of [`WritableFileSystem`] changes) and has checked permissions, so a
//! file system needs locks only for what files share: bitmaps, caches, the log. It must bear
//! that operations on different files interleave wherever it awaits, and that any future is
//! dropped before its end. One method is also called without a lock, for the one thing that
//! never changes: [`FileSystem::attributes`], for the type of a file.
//!
//! [`Errno::Stale`]: abi::Errno::Stale

use crate::Name;
use abi::{
    Attributes, DeviceNumber, FileId, FileSystemId, FileType, InodeNo, Result, SetAttributes,
    SetTime, Timestamp,
};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::future::Future;
use core::ops::ControlFlow;
use core::pin::Pin;

/// What a file system's method returns: the one boxed future of an operation.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// What a file system can do, from which protocols answer PATHCONF and FSINFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest name in bytes.
    pub name_bytes_max: u32,
    /// Most names of one file.
    pub links_max: u32,
    /// Largest file in bytes.
    pub file_bytes_max: u64,
    /// Longest target of a symbolic link in bytes.
    pub target_bytes_max: u32,
    /// Size in which reads and writes work best.
    pub block_bytes: u32,
    /// Smallest step between two time stamps it can keep, in nanoseconds.
    pub time_step_nanoseconds: u32,
    /// Whether symbolic links exist.
    pub symbolic_links: bool,
    /// Whether hard links exist.
    pub hard_links: bool,
}

/// How full a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Size in bytes.
    pub total_bytes: u64,
    /// Unused bytes.
    pub free_bytes: u64,
    /// Unused bytes that an ordinary user may use.
    pub available_bytes: u64,
    /// Inodes in all.
    pub total_files: u64,
    /// Unused inodes.
    pub free_files: u64,
}

/// One name in a directory, as shown to a [`Visit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The inode it leads to.
    pub inode: InodeNo,
    /// The kind of file, where the directory tells.
    pub file_type: Option<FileType>,
    /// The name; `.` and `..` are among the entries.
    pub name: &'a [u8],
    /// Resumes behind this entry. Never zero; it stays valid, and every entry that was there
    /// all the time is seen exactly once, while others come and go.
    pub cookie: u64,
}

/// Takes entries one by one and says when to stop; the entry it breaks at counts as not seen.
pub type Visit<'a> = dyn FnMut(Entry<'_>) -> ControlFlow<()> + 'a;

/// A mounted file system, as far as it is read.
pub trait FileSystem {
    /// Its own identity, kept in the file system itself.
    fn id(&self) -> FileSystemId;

    /// What it can do.
    fn limits(&self) -> Limits;

    /// The root directory. It is its own parent.
    fn root(&self) -> FileId;

    /// How full it is.
    fn usage(&self) -> Wait<'_, Usage>;

    /// The file that an inode number belongs to now.
    ///
    /// # Errors
    /// `Stale` if to none.
    fn identify(&self, inode: InodeNo) -> Wait<'_, FileId>;

    /// Everything known of a file but its contents.
    fn attributes(&self, file: FileId) -> Wait<'_, Attributes>;

    /// Finds a name in a directory; `.` and `..` are names.
    ///
    /// # Errors
    /// `NotDirectory`, `NoEntry`, `NameTooLong`; `Io` if the directory or the inode it leads to
    /// is damaged.
    fn lookup<'a>(&'a self, directory: FileId, name: Name<'a>) -> Wait<'a, FileId>;

    /// Shows entries to `visit`, starting behind the one that gave the cookie `after` (zero: at
    /// the beginning). Says whether the end was reached.
    ///
    /// What is damaged is passed over. The end is then never said to be reached: a call that
    /// shows the last readable entry answers `false`, and one behind it `Io`, so that nobody
    /// takes the listing for complete.
    ///
    /// # Errors
    /// `NotDirectory`; `Io` behind the last entry of a damaged directory; `BadCookie` if `after` can never have been a cookie of this directory.
    fn read_directory<'a>(
        &'a self,
        directory: FileId,
        after: u64,
        visit: &'a mut Visit<'a>,
    ) -> Wait<'a, bool>;

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// `Invalid` if it is another kind of file.
    fn read_link(&self, file: FileId) -> Wait<'_, Bytes>;

    /// The bytes from `offset_bytes` on, at most `length_bytes`, fewer only at the end of the
    /// file. The pieces never change after they were returned; large ones are shared with the
    /// cache, small ones are copies ([`crate::share`]).
    ///
    /// # Errors
    /// `IsDirectory`, or `Invalid` if it is not a regular file.
    fn read(&self, file: FileId, offset_bytes: u64, length_bytes: u32) -> Wait<'_, Vec<Bytes>>;

    /// The other half, unless the file system is mounted read-only or cannot write.
    fn writable(&self) -> Option<&dyn WritableFileSystem>;
}

/// When a write is safe from a crash (RFC 1813 §3.3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stability {
    /// After a later commit.
    Unstable,
    /// The data, and what is needed to find it, before the operation returns.
    Data,
    /// Data and attributes, before the operation returns.
    File,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes written: all, unless space ran out on the way.
    pub count_bytes: u32,
    /// How safe they are: as safe as was asked, or safer.
    pub stability: Stability,
}

/// What kind of file to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKind<'a> {
    /// An empty regular file.
    Regular,
    /// An empty directory.
    Directory,
    /// A symbolic link to this target.
    SymbolicLink(&'a [u8]),
    /// A block device node.
    BlockDevice(DeviceNumber),
    /// A character device node.
    CharacterDevice(DeviceNumber),
    /// A Unix-domain socket.
    Socket,
    /// A named pipe.
    Fifo,
}

/// A file about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFile<'a> {
    /// What kind.
    pub kind: NewKind<'a>,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Access time, [`SetTime::Keep`] meaning now.
    pub accessed: SetTime,
    /// Modification time, [`SetTime::Keep`] meaning now.
    pub modified: SetTime,
}

/// The half of a file system that changes it. `time` is the moment of the operation; change
/// times must strictly increase ([`Timestamp::after`]).
///
/// A change is *ordered* when its method returns: everybody sees it, and no crash undoes it while
/// keeping a later one. It is durable once a [`WritableFileSystem::settle`] that began afterwards
/// has ended. VFS settles when it has given its locks back, so that operations on one directory
/// share what durability costs.
pub trait WritableFileSystem {
    /// Changes attributes; a change of size truncates or extends with a hole. Setting only times
    /// or mode does not change `modified`.
    ///
    /// # Errors
    /// `IsDirectory` or `Invalid` for the size of anything but a regular file; `FileTooBig`.
    fn set_attributes<'a>(
        &'a self,
        file: FileId,
        change: &'a SetAttributes,
        time: Timestamp,
    ) -> Wait<'a, ()>;

    /// Writes `data` at `offset_bytes`, extending the file where needed. What is stable takes part
    /// in the next settling; unstable data may, and is safe with a commit. The bytes are shared:
    /// a file system may keep them as they stand until the disk has them, rather than copy them.
    ///
    /// # Errors
    /// `IsDirectory` or `Invalid` unless it is a regular file; `FileTooBig`, `NoSpace`,
    /// `QuotaExceeded` if not one byte could be written.
    fn write(
        &self,
        file: FileId,
        offset_bytes: u64,
        data: Bytes,
        stability: Stability,
        time: Timestamp,
    ) -> Wait<'_, Written>;

    /// Makes unstable writes to a range take part in the next settling; a length of zero means to
    /// the end of the file.
    fn commit(&self, file: FileId, offset_bytes: u64, length_bytes: u64) -> Wait<'_, ()>;

    /// Makes everything durable that was ordered before.
    ///
    /// # Errors
    /// `Io` or `NoSpace` if the disk failed: what was ordered may be lost.
    fn settle(&self) -> Wait<'_, ()>;

    /// Whether there is something that is not durable, unstable data among it.
    fn is_unsaved(&self) -> bool;

    /// Makes everything durable, unstable data too.
    fn sync(&self) -> Wait<'_, ()>;

    /// Leaves the file system in order, durably; from its call on nothing can be changed.
    fn close(&self) -> Wait<'_, ()>;

    /// Changes when, and only when, unstable writes may have been lost.
    fn write_verifier(&self) -> u64;

    /// Makes a file under a name that is free.
    ///
    /// # Errors
    /// `NotDirectory`, `Exists`, `NameTooLong`, `NoSpace`, `QuotaExceeded`, `TooManyLinks` (of
    /// the directory), `NoEntry` if the directory has been removed.
    fn create<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        new: &'a NewFile<'a>,
        time: Timestamp,
    ) -> Wait<'a, FileId>;

    /// Gives a file, not a directory, another name.
    ///
    /// # Errors
    /// As [`WritableFileSystem::create`]; `TooManyLinks`.
    fn link<'a>(
        &'a self,
        file: FileId,
        directory: FileId,
        name: Name<'a>,
        time: Timestamp,
    ) -> Wait<'a, ()>;

    /// Removes a name that leads to `file`, which is no directory; with the last name goes the
    /// file.
    fn remove<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()>;

    /// Removes the empty directory `file`.
    ///
    /// # Errors
    /// `NotEmpty`.
    fn remove_directory<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()>;

    /// Moves the name that leads to `file`; `replaced` is the file that the new name leads to so
    /// far, if any, and VFS has made sure that the kinds agree, that a directory does not move
    /// into itself, and that the two are not the same file.
    ///
    /// # Errors
    /// `NotEmpty` if `replaced` is a directory with entries.
    fn rename<'a>(
        &'a self,
        file: FileId,
        from: (FileId, Name<'a>),
        to: (FileId, Name<'a>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Wait<'a, ()>;
}
