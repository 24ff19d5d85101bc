//! Operations that make and remove names: a directory, and one file in it.

use super::{Caller, Changed};
use crate::{Access, Limits, Name, NewFile, NewKind, Vnode, WritableFileSystem, permission};
use abi::{Attributes, Errno, Result};
use alloc::rc::Rc;

impl Vnode {
    /// Makes a file in this directory. Needs [`Access::EXTEND`] and
    /// [`Access::LOOKUP`].
    ///
    /// An ordinary user owns what they make, whatever `new.uid` says, and only the superuser
    /// makes device nodes. The group is the caller's, or the directory's if that has the
    /// set-group-id bit, as Linux has it; BSD takes the directory's always. A `new.gid` other
    /// than the caller's own goes before both, if the caller may give files to that group.
    /// The target of a symbolic link is `NameTooLong` beyond the file system's limit.
    /// `Exists`, of `.` and `..` too, comes with nothing changed and before any want of rights.
    pub async fn create(
        &self,
        caller: &Caller,
        name: Name<'_>,
        new: &NewFile<'_>,
    ) -> Changed<Self> {
        self.change(async |directory| {
            let file_system = self.to_add(caller, directory, name).await?;
            let new = permission::new_file(directory, &caller.credentials, new)?;
            if let NewKind::SymbolicLink(target) = new.kind {
                expect_link(&self.file_system().limits(), target)?;
            }
            let file = file_system.create(self.file(), name, &new, caller.time).await?;
            Ok(self.mount().vnode(file))
        })
        .await
    }

    /// Gives `self`, no directory, another name in `directory`: the change is the directory's.
    pub async fn link(&self, caller: &Caller, directory: &Self, name: Name<'_>) -> Changed<()> {
        if !Rc::ptr_eq(self.mount(), directory.mount()) {
            return Changed::refused(Errno::CrossDevice);
        }
        directory
            .change(async |attributes| {
                let file_system = directory.to_add(caller, attributes, name).await?;
                supported(self.file_system().limits().hard_links)?;
                self.expect_no_directory(Errno::NotPermitted).await?;
                let _file = self.lock().exclusive().await;
                file_system.link(self.file(), directory.file(), name, caller.time).await
            })
            .await
    }

    /// Removes a name of anything but a directory. Needs [`Access::DELETE`]; in a sticky
    /// directory only the owner of either may.
    pub async fn remove(&self, caller: &Caller, name: Name<'_>) -> Changed<()> {
        self.change(async |directory| {
            let (file_system, victim) = self.to_remove(caller, directory, name).await?;
            victim.expect_no_directory(Errno::IsDirectory).await?;
            let _victim = victim.lock().exclusive().await;
            permission::unstick(directory, &victim.stat().await?, &caller.credentials)?;
            file_system.remove(self.file(), name, victim.file(), caller.time).await
        })
        .await
    }

    /// Removes an empty directory: `Invalid` for `.`, `NotEmpty` for `..`. Needs what
    /// [`Vnode::remove`] needs.
    pub async fn remove_directory(&self, caller: &Caller, name: Name<'_>) -> Changed<()> {
        let _order = self.mount().directories.exclusive().await;
        self.change(async |directory| {
            let (file_system, victim) = self.to_remove(caller, directory, name).await?;
            self.refuse_dots(name, &victim)?;
            let _victim = victim.lock().exclusive().await;
            let attributes = victim.stat().await?;
            permission::unstick(directory, &attributes, &caller.credentials)?;
            permission::expect_directory(&attributes)?;
            file_system.remove_directory(self.file(), name, victim.file(), caller.time).await
        })
        .await
    }

    /// The half of the file system that adds `name` to this directory, if the caller may.
    ///
    /// The file system finds out by itself whether the name is free; only a refusal has to make
    /// sure that `Exists` is not the better answer, as mkdir(1) -p and open(2) expect.
    async fn to_add(
        &self,
        caller: &Caller,
        directory: &Attributes,
        name: Name<'_>,
    ) -> Result<&dyn WritableFileSystem> {
        permission::search(directory, &caller.credentials)?;
        if name.is_dots() {
            return Err(Errno::Exists);
        }
        let allowed = self.to_change(caller, directory);
        if allowed.is_err() && self.file_system().lookup(self.file(), name).await.is_ok() {
            return Err(Errno::Exists);
        }
        allowed
    }

    /// The half of the file system that removes `name` from this directory, if the caller may,
    /// and what the name leads to.
    async fn to_remove(
        &self,
        caller: &Caller,
        directory: &Attributes,
        name: Name<'_>,
    ) -> Result<(&dyn WritableFileSystem, Self)> {
        permission::search(directory, &caller.credentials)?;
        self.writable()?;
        let victim = self.file_system().lookup(self.file(), name).await?;
        Ok((self.to_change(caller, directory)?, self.mount().vnode(victim)))
    }

    /// The half of the file system that changes entries of this directory, if the caller may.
    pub(super) fn to_change(
        &self,
        caller: &Caller,
        directory: &Attributes,
    ) -> Result<&dyn WritableFileSystem> {
        let file_system = self.writable()?;
        permission::require(directory, &caller.credentials, Access::CHANGES)?;
        Ok(file_system)
    }

    async fn expect_no_directory(&self, error: Errno) -> Result<()> {
        if self.is_directory().await? { Err(error) } else { Ok(()) }
    }

    /// RFC 1813 §3.3.13 and rmdir(2). Only a damaged directory holds itself under another name.
    fn refuse_dots(&self, name: Name<'_>, victim: &Self) -> Result<()> {
        match name.bytes() {
            b"." => Err(Errno::Invalid),
            b".." => Err(Errno::NotEmpty),
            _ if victim.file() == self.file() => Err(Errno::Io),
            _ => Ok(()),
        }
    }
}

/// A symbolic link that the file system can keep.
fn expect_link(limits: &Limits, target: &[u8]) -> Result<()> {
    supported(limits.symbolic_links)?;
    let fits = target.len() <= limits.target_bytes_max as usize;
    fits.then_some(()).ok_or(Errno::NameTooLong)
}

fn supported(answer: bool) -> Result<()> {
    answer.then_some(()).ok_or(Errno::NotSupported)
}
