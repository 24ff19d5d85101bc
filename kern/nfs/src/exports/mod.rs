//! What clients may mount, and as whom they then act (exports(5)).
//!
//! An export is a path, the clients it is for, and their rules. A path may be exported several
//! times, to different clients; who is named by several networks is judged by the longest prefix,
//! in whatever order they stand. A file handle tells the path it was reached through
//! ([`ExportId`]), so each call is judged by what is exported now.
//!
//! | file | what is in it |
//! |---|---|
//! | `parse.rs`, `show.rs` | exports as people write them |
//! | `rules.rs`, `flavor.rs` | what a client may do, and as whom |
//! | `network.rs`, `clients.rs` | which client is meant |
//! | `list.rs` | all exports together, and the way from a call to its rules |
//!
//! This module knows words and numbers; it never touches a file.

mod clients;
mod error;
mod flavor;
mod list;
mod network;
mod parse;
mod rules;
mod show;

pub use error::ExportError;
pub use flavor::{Flavor, Flavors, NoFlavors};
pub use list::Exports;
pub(crate) use list::LISTED_BYTES_MAX;
pub use network::{Network, NoNetwork};
pub use rules::{NOBODY, Rules, Squash};

use alloc::string::String;
use alloc::vec::Vec;

/// Longest path that MOUNT can carry, in bytes (MNTPATHLEN, RFC 1813 §5.1.1).
pub const PATH_BYTES_MAX: usize = 1024;

/// What tells exported paths apart in file handles. It is made of the path alone, so it is the same
/// after every restart and change of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExportId(pub u32);

impl ExportId {
    /// The id of a path in its one spelling: FNV-1a, which spreads short strings well.
    pub const fn of(path: &[u8]) -> Self {
        let mut hash = 0x811c_9dc5_u32;
        let mut at = 0;
        while at < path.len() {
            hash = (hash ^ path[at] as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        Self(hash)
    }
}

/// A directory that clients may mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    path: Vec<u8>,
    /// Whom this is said of; everybody who is not named for the same path elsewhere, if it is empty.
    pub clients: Vec<Network>,
    /// What they may do, and as whom.
    pub rules: Rules,
}

impl Export {
    /// An export of `path`, which is absolute, to everybody under the default rules.
    ///
    /// # Errors
    /// If the path is relative, too long, or has `.`, `..` or NUL in it.
    pub fn new(path: &str) -> Result<Self, ExportError> {
        Self::of_bytes(path.as_bytes(), path)
    }

    /// The same of a path that was written as `word`.
    fn of_bytes(path: &[u8], word: &str) -> Result<Self, ExportError> {
        let path = tidy(path)
            .ok_or_else(|| ExportError::new(word, "an absolute path without `.` and `..`"))?;
        Ok(Self { path, clients: Vec::new(), rules: Rules::default() })
    }

    /// What handles of files below it carry.
    pub fn id(&self) -> ExportId {
        ExportId::of(&self.path)
    }

    /// Whether it is the whole file system.
    pub(crate) fn is_root(&self) -> bool {
        self.path == b"/"
    }

    /// The path, in its one spelling: it starts with a slash, and no slash ends it or follows
    /// another, but the root is `/`.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path as people read it.
    pub fn path_text(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }
}

/// The one spelling of an absolute path; `None` if it is not one, is too long, or holds a
/// component that no directory lists.
pub(crate) fn tidy(path: &[u8]) -> Option<Vec<u8>> {
    if path.len() > PATH_BYTES_MAX || path.first() != Some(&b'/') || path.contains(&0) {
        return None;
    }
    let mut tidy = Vec::with_capacity(path.len());
    for component in components(path) {
        if matches!(component, b"." | b"..") {
            return None;
        }
        tidy.push(b'/');
        tidy.extend_from_slice(component);
    }
    if tidy.is_empty() {
        tidy.push(b'/');
    }
    Some(tidy)
}

/// The names in a path.
pub(crate) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|component| !component.is_empty())
}

#[cfg(test)]
mod tests;
