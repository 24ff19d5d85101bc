//! The operations, whole: permission, locks, the file system's part, attributes around it.
//!
//! | file | operations | locks |
//! |---|---|---|
//! | `look` | attributes, access, lookup, read, read_link, read_directory | the file, shared |
//! | `change` | set_attributes, write, commit | the file, exclusive (commit: shared) |
//! | `names` | create, link, remove, remove_directory | the directory, then the file, exclusive |
//! | `rename` | rename | both directories, then both files, exclusive |
//!
//! Errors come in the order of the BSDs: what the handle is (`Stale`, `NotDirectory`,
//! `IsDirectory`), the right to search, `Exists`, `ReadOnly`, `NoEntry`, then the other rights.

mod change;
mod look;
mod names;
mod rename;

use crate::Vnode;
use abi::{Attributes, Credentials, Errno, FileType, Result, Timestamp};
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
    /// The bytes, in pieces, the large ones shared with the cache.
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

impl<T> Changed<T> {
    fn refused(error: Errno) -> Self {
        Self { before: None, after: None, result: Err(error) }
    }

    /// The same, durable. What was refused has changed nothing.
    async fn settled(mut self, vnode: &Vnode) -> Self {
        if self.result.is_ok()
            && let Err(error) = vnode.settle().await
        {
            self.result = Err(error);
        }
        self
    }
}

impl Vnode {
    /// Attributes, for whoever holds the lock.
    async fn stat(&self) -> Result<Attributes> {
        self.file_system().attributes(self.file()).await
    }

    /// Makes durable what was ordered, unless the mount leaves that for later; holds no lock.
    async fn settle(&self) -> Result<()> {
        let writable = self.writable()?;
        if self.mount().settles() { writable.settle().await } else { Ok(()) }
    }

    /// What kind of file it is never changes, so no lock is needed to know. That matters to
    /// those who hold another lock already: they must not wait for that of a directory.
    async fn is_directory(&self) -> Result<bool> {
        Ok(self.stat().await?.file_type == FileType::Directory)
    }

    /// Does `work` under the shared lock.
    async fn look<T>(&self, work: impl AsyncFnOnce(&Attributes) -> Result<T>) -> Seen<T> {
        let _lock = self.lock().shared().await;
        match self.stat().await {
            Ok(attributes) => {
                let result = work(&attributes).await;
                Seen { attributes: Some(attributes), result }
            }
            Err(error) => Seen { attributes: None, result: Err(error) },
        }
    }

    /// Does `work` under the exclusive lock, and makes what it did durable once the lock is free.
    async fn change<T>(&self, work: impl AsyncFnOnce(&Attributes) -> Result<T>) -> Changed<T> {
        self.ordered(work).await.settled(self).await
    }

    /// Does `work` under the exclusive lock.
    async fn ordered<T>(&self, work: impl AsyncFnOnce(&Attributes) -> Result<T>) -> Changed<T> {
        let _lock = self.lock().exclusive().await;
        match self.stat().await {
            Ok(before) => {
                let result = work(&before).await;
                Changed { before: Some(before), after: self.stat().await.ok(), result }
            }
            Err(error) => Changed::refused(error),
        }
    }
}
