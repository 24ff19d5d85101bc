//! Readdir (RFC 1813 §3.3.16 and §3.3.17).
//!
//! Entries are shown while the directory is locked, but encoding them may have to wait, so they
//! are copied out first, as many as the version says will fit.
//!
//! The cookie verifier tells whether cookies still mean what they meant. A file system's cookies
//! stay valid while a directory changes, for as long as it exists, so the verifier is made of what
//! tells one directory from the next with the same inode.

use super::{Object, Reached, Request};
use abi::{Attributes, Errno, FileId, InodeNo, Result};
use alloc::vec::Vec;
use core::ops::ControlFlow;
use vfs::{Access, Entry, FileHandle, Seen, Vnode};

/// A piece of a directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// The verifier that comes with its cookies.
    pub(crate) verifier: u64,
    /// Whether it reaches the end of the directory.
    pub(crate) is_end: bool,
    entries: Vec<Listed>,
    names: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Listed {
    inode: InodeNo,
    cookie: u64,
    /// Where its name ends in `names`.
    name_end: usize,
}

impl Listing {
    /// Its entries, in order; their types are not kept.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut start = 0;
        self.entries.iter().map(move |listed| {
            let name = &self.names[start..listed.name_end];
            start = listed.name_end;
            Entry { inode: listed.inode, file_type: None, name, cookie: listed.cookie }
        })
    }

    fn push(&mut self, entry: &Entry<'_>) {
        self.names.extend_from_slice(entry.name);
        let name_end = self.names.len();
        self.entries.push(Listed { inode: entry.inode, cookie: entry.cookie, name_end });
    }
}

impl Request<'_> {
    /// The entries behind the one that gave the cookie `after` (zero: from the beginning, and the
    /// verifier does not matter), for as long as `fits` says of a name's length that there is
    /// room for one more.
    pub(crate) async fn list(
        &self,
        directory: &[u8],
        (after, verifier): (u64, u64),
        fits: Result<impl FnMut(usize) -> bool>,
    ) -> Seen<Listing> {
        self.look(directory, async |Reached { vnode: directory, caller, .. }| {
            let mut listing =
                Listing { verifier: cookie_verifier(directory.file()), ..Listing::default() };
            if after != 0 && verifier != listing.verifier {
                return Err(Errno::BadCookie);
            }
            let mut fits = fits?;
            let mut visit = |entry: Entry<'_>| {
                if !fits(entry.name.len()) {
                    return ControlFlow::Break(());
                }
                listing.push(&entry);
                ControlFlow::Continue(())
            };
            let seen = directory.read_directory(caller, after, &mut visit).await;
            let result = seen.result.and_then(|is_end| listing.finish(is_end));
            Ok(Seen { attributes: seen.attributes, result })
        })
        .await
    }

    /// The directory of a handle, if the caller may look names up in it: who may only read it
    /// learns names, and no more.
    pub(crate) async fn searchable(&self, directory: &[u8]) -> Option<Reached> {
        let reached = self.reach(directory).ok()?;
        let granted = reached.vnode.access(&reached.caller, Access::LOOKUP).await.result.ok()?;
        granted.contains(Access::LOOKUP).then_some(reached)
    }

    /// The file that an entry belongs to now; `None` if that cannot be found out, or if it might
    /// lie outside the export.
    pub(crate) async fn identify(&self, directory: &Reached, entry: &Entry<'_>) -> Option<Object> {
        if directory.is_fenced && entry.name == b".." {
            return None;
        }
        let file = directory.vnode.mount().file_system().identify(entry.inode).await.ok()?;
        let handle = FileHandle { file_system: self.file_system(), file };
        let vnode = self.server.vnode(&handle).ok()?;
        let attributes = vnode.attributes().await.ok()?;
        Some(Object { handle: directory.handle(&vnode), attributes: Some(attributes) })
    }
}

impl Listing {
    fn finish(self, is_end: bool) -> Result<Self> {
        if self.entries.is_empty() && !is_end {
            return Err(Errno::TooSmall);
        }
        Ok(Self { is_end, ..self })
    }
}

/// Whether a directory is as it was when `then` was known of it: if so, every name in it led to
/// the same file all the time.
pub(crate) async fn is_unchanged(directory: &Vnode, then: Option<&Attributes>) -> bool {
    let now = directory.attributes().await;
    then.zip(now.ok()).is_some_and(|(then, now)| then.changed == now.changed)
}

fn cookie_verifier(directory: FileId) -> u64 {
    (u64::from(directory.generation) << 32) ^ directory.inode.0
}
