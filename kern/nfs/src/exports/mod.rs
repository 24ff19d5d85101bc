//! What clients may mount, and as whom they then act (exports(5)).
//!
//! A file handle tells its file system and its file, but not which export it was reached
//! through, so what is true of one export of a file system is true of all of them: as in BSD,
//! where options belong to a file system and a client. [`Exports::new`] refuses a list that
//! pretends otherwise.
//!
//! This module knows words and numbers; it never touches a file.

mod error;
mod parse;
mod rules;

pub use error::ExportError;
pub use rules::{NOBODY, Rules, Squash};

use alloc::string::String;
use alloc::vec::Vec;

/// Longest path that MOUNT can carry, in bytes (MNTPATHLEN, RFC 1813 §5.1.1).
pub const PATH_BYTES_MAX: usize = 1024;

/// A directory that clients may mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    path: Vec<u8>,
    /// What its clients may do, and as whom.
    pub rules: Rules,
}

impl Export {
    /// An export of `path`, which is absolute, under the default rules.
    ///
    /// # Errors
    /// If the path is relative, too long, or has `.`, `..` or NUL in it.
    pub fn new(path: &str) -> Result<Self, ExportError> {
        let plain = tidy(path.as_bytes())
            .ok_or_else(|| ExportError::new(path, "an absolute path without `.` and `..`"))?;
        Ok(Self { path: plain, rules: Rules::default() })
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

    /// What is left of `path` below this export: nothing for the exported directory itself,
    /// `None` if it lies elsewhere.
    fn below<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let rest = path.strip_prefix(self.path.as_slice())?;
        let at_boundary = rest.is_empty() || rest[0] == b'/' || self.path == b"/";
        at_boundary.then_some(rest)
    }
}

/// All exports of a service, ordered by path; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    list: Vec<Export>,
    rules: Rules,
}

impl Exports {
    /// Exports of one file system.
    ///
    /// # Errors
    /// If there are none, if two have the same path, or if two have different rules.
    pub fn new(mut list: Vec<Export>) -> Result<Self, ExportError> {
        list.sort_by(|a, b| a.path.cmp(&b.path));
        for pair in list.windows(2) {
            if pair[0].path == pair[1].path {
                return Err(ExportError::new(&pair[1].path_text(), "each path once"));
            }
            if pair[0].rules != pair[1].rules {
                return Err(ExportError::disagreement(&pair[0], &pair[1]));
            }
        }
        let first = list.first().ok_or_else(|| ExportError::new("", "at least one path"))?;
        Ok(Self { rules: first.rules, list })
    }

    /// The exports, ordered by path.
    pub fn list(&self) -> &[Export] {
        &self.list
    }

    /// What is true of every file reached through any of them.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The deepest export at or above `path` (in its one spelling), and the rest of the path
    /// below it.
    pub(crate) fn find<'a>(&self, path: &'a [u8]) -> Option<(&Export, &'a [u8])> {
        let below = |export: &'_ Export| export.below(path);
        self.list.iter().rev().find_map(|export| Some((export, below(export)?)))
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
