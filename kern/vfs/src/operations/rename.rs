//! Rename: two directories and up to two files change together.
//!
//! The mount's lock of directories is held throughout, so that the tree of directories stands
//! still: no other rename can move the new directory below the one that moves.

use super::{Caller, Renamed};
use crate::{Access, Name, Vnode, permission};
use abi::{Attributes, Errno, FileId, FileType, Result};
use alloc::rc::Rc;
use task::ExclusiveGuard;

impl Vnode {
    /// Moves a name of this directory to `to_name` in `to`, replacing what is there.
    ///
    /// Two names of the same file stay both, as rename(2) says. What is replaced must be of the
    /// same sort, or `IsDirectory`, or `NotDirectory`, is the answer (RFC 1813 §3.3.14 has
    /// `Exists` for both), and an empty directory if it is one. `Invalid`: one of the names is
    /// `.` or `..`, or a directory would come to lie in itself.
    pub async fn rename(
        &self,
        caller: &Caller,
        name: Name<'_>,
        to: &Self,
        to_name: Name<'_>,
    ) -> Renamed {
        let rename = Rename { caller, from: self, name, to, to_name };
        if let Err(error) = rename.expect_directories().await {
            return Renamed { from: (None, None), to: (None, None), result: Err(error) };
        }
        let mut renamed = rename.ordered().await;
        if renamed.result.is_ok() {
            renamed.result = self.settle().await;
        }
        renamed
    }
}

struct Rename<'a> {
    caller: &'a Caller,
    from: &'a Vnode,
    name: Name<'a>,
    to: &'a Vnode,
    to_name: Name<'a>,
}

/// A file about to be moved or replaced.
struct Locked<'a> {
    vnode: &'a Vnode,
    attributes: Attributes,
    _lock: ExclusiveGuard<'a>,
}

impl<'a> Locked<'a> {
    async fn new(vnode: &'a Vnode) -> Result<Self> {
        let lock = vnode.lock().exclusive().await;
        Ok(Self { vnode, attributes: vnode.stat().await?, _lock: lock })
    }
}

impl Rename<'_> {
    /// The whole of it but durability, under the locks.
    async fn ordered(&self) -> Renamed {
        let _order = self.from.mount().directories.exclusive().await;
        let _from = self.from.lock().exclusive().await;
        let _to = match self.is_within_one() {
            true => None,
            false => Some(self.to.lock().exclusive().await),
        };
        self.carry_out().await
    }

    fn is_within_one(&self) -> bool {
        self.from.file() == self.to.file()
    }

    /// Before anything is locked: one who holds a file must not wait for a directory.
    async fn expect_directories(&self) -> Result<()> {
        if !Rc::ptr_eq(self.from.mount(), self.to.mount()) {
            return Err(Errno::CrossDevice);
        }
        let both = self.from.is_directory().await? && self.to.is_directory().await?;
        both.then_some(()).ok_or(Errno::NotDirectory)
    }

    /// With both directories locked.
    async fn carry_out(&self) -> Renamed {
        let before = (self.from.stat().await, self.to.stat().await);
        let result = match &before {
            (Ok(from), Ok(to)) => self.find_and_move(from, to).await,
            (Err(error), _) | (_, Err(error)) => Err(*error),
        };
        let after = (self.from.stat().await, self.to.stat().await);
        Renamed { from: (before.0.ok(), after.0.ok()), to: (before.1.ok(), after.1.ok()), result }
    }

    async fn find_and_move(&self, from: &Attributes, to: &Attributes) -> Result<()> {
        let (source, target) = self.find(from, to).await?;
        if target == Some(source) {
            return Ok(());
        }
        self.refuse_own_directories(source, target)?;
        let source = self.from.mount().vnode(source);
        let target = target.map(|file| self.to.mount().vnode(file));
        expect_same_sort(&source, target.as_ref()).await?;
        let moved = Locked::new(&source).await?;
        let replaced = match &target {
            Some(target) => Some(Locked::new(target).await?),
            None => None,
        };
        self.check(from, to, &moved, replaced.as_ref()).await?;
        self.apply(&moved, replaced.as_ref()).await
    }

    /// What the names lead to, if the caller may change both directories.
    async fn find(&self, from: &Attributes, to: &Attributes) -> Result<(FileId, Option<FileId>)> {
        permission::search(from, &self.caller.credentials)?;
        permission::search(to, &self.caller.credentials)?;
        if self.name.is_dots() || self.to_name.is_dots() {
            return Err(Errno::Invalid);
        }
        self.from.writable()?;
        let file_system = self.from.file_system();
        let source = file_system.lookup(self.from.file(), self.name).await?;
        let target = match file_system.lookup(self.to.file(), self.to_name).await {
            Err(Errno::NoEntry) => None,
            found => Some(found?),
        };
        self.from.to_change(self.caller, from)?;
        self.to.to_change(self.caller, to)?;
        Ok((source, target))
    }

    /// The two directories are locked already: neither can be moved into the other's place. (In
    /// a sound tree a directory does not hold itself, and these are the ends of a longer way
    /// down; on a damaged image anything may lead anywhere.)
    fn refuse_own_directories(&self, source: FileId, target: Option<FileId>) -> Result<()> {
        let own = [self.from.file(), self.to.file()];
        if own.contains(&source) {
            return Err(Errno::Invalid);
        }
        let replaces_own = target.is_some_and(|target| own.contains(&target));
        if replaces_own { Err(Errno::NotEmpty) } else { Ok(()) }
    }

    /// With everything locked: stickiness, and where a directory goes.
    async fn check(
        &self,
        from: &Attributes,
        to: &Attributes,
        moved: &Locked<'_>,
        replaced: Option<&Locked<'_>>,
    ) -> Result<()> {
        let who = &self.caller.credentials;
        permission::unstick(from, &moved.attributes, who)?;
        if let Some(replaced) = replaced {
            permission::unstick(to, &replaced.attributes, who)?;
        }
        if moved.attributes.file_type != FileType::Directory || self.is_within_one() {
            return Ok(());
        }
        // Its `..` is one of its entries.
        permission::require(&moved.attributes, who, Access::MODIFY)?;
        self.refuse_descendants(moved.vnode, replaced.map(|replaced| replaced.vnode)).await
    }

    /// `Invalid` if the new directory lies somewhere below `source`. A damaged tree may lead
    /// round in a circle: the way up is compared with a landmark that moves ahead in steps of
    /// twice the last length (Brent), so any circle is noticed and none remembered.
    async fn refuse_descendants(&self, source: &Vnode, target: Option<&Vnode>) -> Result<()> {
        let root = self.to.file_system().root();
        let held = [Some(self.from), Some(self.to), target];
        let mut directory = self.to.clone();
        let (mut landmark, mut steps, mut stride) = (directory.file(), 0_u64, 1_u64);
        while directory.file() != root {
            let parent = parent_of(&directory, &held).await?;
            if parent == source.file() {
                return Err(Errno::Invalid);
            }
            if parent == landmark {
                return Err(Errno::Io);
            }
            steps += 1;
            if steps == stride {
                (landmark, steps, stride) = (parent, 0, stride * 2);
            }
            directory = directory.mount().vnode(parent);
        }
        Ok(())
    }

    async fn apply(&self, moved: &Locked<'_>, replaced: Option<&Locked<'_>>) -> Result<()> {
        let from = (self.from.file(), self.name);
        let to = (self.to.file(), self.to_name);
        let replaced = replaced.map(|replaced| replaced.vnode.file());
        let file_system = self.from.writable()?;
        file_system.rename(moved.vnode.file(), from, to, replaced, self.caller.time).await
    }
}

/// Before either is locked, for the same reason as above.
async fn expect_same_sort(moved: &Vnode, replaced: Option<&Vnode>) -> Result<()> {
    let Some(replaced) = replaced else { return Ok(()) };
    match (moved.is_directory().await?, replaced.is_directory().await?) {
        (true, false) => Err(Errno::NotDirectory),
        (false, true) => Err(Errno::IsDirectory),
        _ => Ok(()),
    }
}

/// Looks at a directory on the way up, locked for the moment unless this rename holds it.
async fn parent_of(directory: &Vnode, held: &[Option<&Vnode>]) -> Result<FileId> {
    let is_held = held.iter().flatten().any(|vnode| vnode.file() == directory.file());
    let _lock = if is_held { None } else { Some(directory.lock().shared().await) };
    directory.file_system().lookup(directory.file(), Name::PARENT).await
}
