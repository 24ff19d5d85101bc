//! The operations, whole: permission, locks, the file system's part, attributes around it.

use crate::{Access, FileHandle, Name, NewFile, Stability, Visit, Vnode, Written};
use abi::{Attributes, Credentials, Result, SetAttributes, Timestamp};
use alloc::vec::Vec;
use bytes::Bytes;

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Who.
    pub credentials: Credentials,
    /// The time that the operation leaves behind in time stamps.
    pub time: Timestamp,
}

/// The result of an operation that only looks, and the file's attributes at that moment.
#[derive(Clone, Debug)]
pub struct Seen<T> {
    /// What the file was like; `None` if it could not be found out.
    pub attributes: Option<Attributes>,
    /// What came of it.
    pub result: Result<T>,
}

/// The result of an operation that changes a file or directory, and the attributes immediately
/// before and after, taken under the same lock (weak cache consistency, RFC 1813 §2.6).
#[derive(Clone, Debug)]
pub struct Changed<T> {
    /// Before; `None` if the file could not be found.
    pub before: Option<Attributes>,
    /// After.
    pub after: Option<Attributes>,
    /// What came of it.
    pub result: Result<T>,
}

/// What a read returned.
#[derive(Clone, Debug, Default)]
pub struct ReadData {
    /// The bytes, in pieces shared with the cache.
    pub pieces: Vec<Bytes>,
    /// Whether they reach the end of the file.
    pub end_of_file: bool,
}

/// The result of a rename: it changes two directories.
#[derive(Clone, Debug)]
pub struct Renamed {
    /// Attributes of the old directory, before and after.
    pub from: (Option<Attributes>, Option<Attributes>),
    /// Attributes of the new directory, before and after.
    pub to: (Option<Attributes>, Option<Attributes>),
    /// What came of it.
    pub result: Result<()>,
}

impl Vnode {
    /// The handle a client keeps.
    pub fn handle(&self) -> FileHandle {
        todo!()
    }

    /// Attributes. Needs no permission.
    pub async fn attributes(&self) -> Result<Attributes> {
        todo!()
    }

    /// Which of the rights `asked` the caller has, as far as mode bits and a read-only mount
    /// tell.
    pub async fn access(&self, caller: &Caller, asked: Access) -> Seen<Access> {
        todo!()
    }

    /// Finds a name. Needs [`Access::LOOKUP`]. `..` of a mount's root is the root.
    pub async fn lookup(&self, caller: &Caller, name: Name<'_>) -> Seen<Vnode> {
        todo!()
    }

    /// Reads. Needs [`Access::READ`]; the owner and whoever may execute the file need not have
    /// it, because a server cannot tell an open file's reads, or paging, from others.
    pub async fn read(
        &self,
        caller: &Caller,
        offset_bytes: u64,
        length_bytes: u32,
    ) -> Seen<ReadData> {
        todo!()
    }

    /// The target of a symbolic link.
    pub async fn read_link(&self, caller: &Caller) -> Seen<Bytes> {
        todo!()
    }

    /// Shows entries to `visit` (see [`crate::FileSystem::read_directory`]); says whether the
    /// end was reached. Needs [`Access::READ`].
    pub async fn read_directory(
        &self,
        caller: &Caller,
        after: u64,
        visit: &mut Visit<'_>,
    ) -> Seen<bool> {
        todo!()
    }

    /// Changes attributes, if `guard` is the present change time. Mode, owner and given times
    /// are the owner's to change; the owner's group only to one of the caller's groups; sizes
    /// and the present time also whoever may write. Set-id bits go when an ordinary user changes
    /// owner or size.
    pub async fn set_attributes(
        &self,
        caller: &Caller,
        change: &SetAttributes,
        guard: Option<Timestamp>,
    ) -> Changed<()> {
        todo!()
    }

    /// Writes. Needs [`Access::MODIFY`]; the owner need not have it.
    pub async fn write(
        &self,
        caller: &Caller,
        offset_bytes: u64,
        data: &[u8],
        stability: Stability,
    ) -> Changed<Written> {
        todo!()
    }

    /// Makes unstable writes durable.
    pub async fn commit(
        &self,
        caller: &Caller,
        offset_bytes: u64,
        length_bytes: u64,
    ) -> Changed<()> {
        todo!()
    }

    /// The write verifier of the file system; zero if it is read-only.
    pub fn write_verifier(&self) -> u64 {
        todo!()
    }

    /// Makes a file in this directory. Needs [`Access::EXTEND`] and [`Access::LOOKUP`].
    /// `new.gid` is replaced by the directory's group, as BSD does, if the caller is not the
    /// superuser or `inherit_group` says so. `Exists` comes with nothing else changed.
    pub async fn create(
        &self,
        caller: &Caller,
        name: Name<'_>,
        new: &NewFile<'_>,
    ) -> Changed<Vnode> {
        todo!()
    }

    /// Gives `self` another name in `directory`: the change is the directory's.
    pub async fn link(&self, caller: &Caller, directory: &Vnode, name: Name<'_>) -> Changed<()> {
        todo!()
    }

    /// Removes a name of anything but a directory. Needs [`Access::DELETE`]; in a sticky
    /// directory only the owner of either may.
    pub async fn remove(&self, caller: &Caller, name: Name<'_>) -> Changed<()> {
        todo!()
    }

    /// Removes an empty directory.
    pub async fn remove_directory(&self, caller: &Caller, name: Name<'_>) -> Changed<()> {
        todo!()
    }

    /// Moves a name of this directory to `to_name` in `to`, replacing what is there.
    pub async fn rename(
        &self,
        caller: &Caller,
        name: Name<'_>,
        to: &Vnode,
        to_name: Name<'_>,
    ) -> Renamed {
        todo!()
    }
}
