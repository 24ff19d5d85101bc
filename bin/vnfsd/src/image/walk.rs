//! Everything below a directory, each file met once.
//!
//! An image is untrusted: its directories may contain each other, or one name twice, and be
//! nested a million deep. So the walk keeps its own stack, and enters no directory a second time.

use super::path::{join, trim};
use super::volume::{Names, Volume};
use crate::text::escape;
use abi::{Attributes, FileId, FileType};
use anyhow::{Result, anyhow};
use std::collections::HashSet;
use std::vec::IntoIter;
use vfs::Vnode;

/// One step of a walk.
pub enum Step {
    /// A file, or a directory whose entries come next.
    Enter(Found),
    /// The end of the directory entered last and not left yet.
    Leave,
    /// Something could not be looked at.
    Omit(anyhow::Error),
}

/// A file that the walk met.
pub struct Found {
    /// The file.
    pub file: Vnode,
    /// What it is.
    pub attributes: Attributes,
    /// Its path from the root of the image.
    pub path: Vec<u8>,
    /// Whether it is the last one of its directory.
    pub is_last: bool,
}

impl Found {
    /// Whether entries follow.
    pub fn is_directory(&self) -> bool {
        self.attributes.file_type == FileType::Directory
    }
}

/// A walk in progress.
pub struct Walk<'a> {
    volume: &'a Volume,
    start: Option<Vnode>,
    /// The path of the directory that the walk is in.
    path: Vec<u8>,
    open: Vec<Open>,
    entered: HashSet<FileId>,
}

/// A directory whose entries are being walked.
struct Open {
    directory: Vnode,
    names: IntoIter<Vec<u8>>,
    /// Why there may be other names; told behind the last one.
    gap: Option<anyhow::Error>,
    /// Length of the path of the directory above.
    path_bytes: usize,
}

impl<'a> Walk<'a> {
    /// Starts at `file`, which stands at `path` and is met first.
    pub fn new(volume: &'a Volume, file: Vnode, path: &[u8]) -> Self {
        let path = trim(path).to_vec();
        Self { volume, start: Some(file), path, open: vec![], entered: HashSet::new() }
    }

    fn first(&mut self, file: Vnode) -> Step {
        let path = self.path.clone();
        match self.meet(file, path, true) {
            Ok(found) => Step::Enter(found),
            Err(error) => Step::Omit(error),
        }
    }

    fn next_of(&mut self, name: &[u8]) -> Result<Found> {
        let open = self.open.last().ok_or_else(|| anyhow!("no directory is open"))?;
        let is_last = open.names.as_slice().is_empty();
        let path = join(&self.path, name);
        let found = self.volume.lookup(&open.directory, name);
        let file = found.map_err(|errno| self.volume.error(&path, errno))?;
        self.meet(file, path, is_last)
    }

    /// Looks at a file and, if it is a directory, goes inside.
    fn meet(&mut self, file: Vnode, path: Vec<u8>, is_last: bool) -> Result<Found> {
        let attributes = self.volume.attributes(&path, &file)?;
        let found = Found { file, attributes, path, is_last };
        if found.is_directory() {
            self.go_inside(&found)?;
        }
        Ok(found)
    }

    fn go_inside(&mut self, found: &Found) -> Result<()> {
        if !self.entered.insert(found.file.file()) {
            let path = escape(&found.path);
            return Err(anyhow!("{path}: a directory with two names, which is damage"));
        }
        let Names { names, gap } = self.volume.names(&found.path, &found.file)?;
        let path_bytes = self.path.len();
        self.path.clone_from(&found.path);
        let (directory, names) = (found.file.clone(), names.into_iter());
        self.open.push(Open { directory, names, gap, path_bytes });
        Ok(())
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(file) = self.start.take() {
            return Some(self.first(file));
        }
        let open = self.open.last_mut()?;
        match open.names.next() {
            Some(name) => Some(match self.next_of(&name) {
                Ok(found) => Step::Enter(found),
                Err(error) => Step::Omit(error),
            }),
            None => {
                if let Some(error) = open.gap.take() {
                    return Some(Step::Omit(error));
                }
                let above = self.open.pop()?;
                self.path.truncate(above.path_bytes);
                Some(Step::Leave)
            }
        }
    }
}
