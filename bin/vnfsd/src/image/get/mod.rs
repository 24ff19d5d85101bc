//! `vnfsd image get`: copies out of an image onto the host.
//!
//! An image is untrusted, so nothing is ever written through what it made: every directory that
//! is written into was made by this run, nothing that exists is replaced, and a directory that
//! could not be made is skipped with all that is below it. A name twice in one directory, once
//! as a link to elsewhere, gets nowhere.

mod contents;
mod create;

use super::path::{Last, find, last_name, trim};
use super::progress::Progress;
use super::volume::Volume;
use super::walk::{Found, Step, Walk};
use super::{Omissions, record};
use abi::{Attributes, FileId, FileType};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Copies the file or directory at `path` to `dest`.
pub fn run(volume: &Volume, path: &[u8], dest: &Path) -> Result<()> {
    let start = find(volume, path, Last::Keep)?;
    let total_bytes = Progress::wanted().then(|| total_bytes(volume, path)).transpose()?;
    let mut copy = Copy {
        volume,
        start: trim(path),
        dest: destination(path, dest),
        first_names: HashMap::new(),
        open: Vec::new(),
        skipped_levels: 0,
        omissions: Omissions::default(),
        progress: Progress::new(total_bytes),
    };
    for step in Walk::new(volume, start, path) {
        copy.step(step);
    }
    copy.progress.finish();
    copy.omissions.finish("read")
}

/// `dest` itself, or a name in it if it is a directory, as cp(1) has it.
fn destination(path: &[u8], dest: &Path) -> PathBuf {
    match last_name(path) {
        Some(name) if dest.is_dir() => dest.join(OsStr::from_bytes(name)),
        _ => dest.to_owned(),
    }
}

fn total_bytes(volume: &Volume, path: &[u8]) -> Result<u64> {
    let walk = Walk::new(volume, find(volume, path, Last::Keep)?, path);
    Ok(walk.map(|step| if let Step::Enter(found) = step { size_bytes(&found) } else { 0 }).sum())
}

fn size_bytes(found: &Found) -> u64 {
    match found.attributes.file_type {
        FileType::Regular => found.attributes.size_bytes,
        _ => 0,
    }
}

struct Copy<'a> {
    volume: &'a Volume,
    /// Path in the image of what is copied.
    start: &'a [u8],
    dest: PathBuf,
    /// Where files with several names were copied to.
    first_names: HashMap<FileId, PathBuf>,
    /// Directories to be finished once their entries are there.
    open: Vec<(PathBuf, Attributes)>,
    /// Directories the walk is in that could not be made.
    skipped_levels: usize,
    omissions: Omissions,
    progress: Progress,
}

impl Copy<'_> {
    fn step(&mut self, step: Step) {
        let done = match step {
            Step::Enter(found) => self.enter(&found),
            Step::Leave => self.leave(),
            Step::Omit(error) => Err(error),
        };
        if let Err(error) = done {
            self.progress.suspend(|| self.omissions.note(&error));
        }
    }

    fn enter(&mut self, found: &Found) -> Result<()> {
        let is_skipped = self.skipped_levels > 0;
        let done = if is_skipped { Ok(()) } else { self.make(found) };
        if found.is_directory() && (is_skipped || done.is_err()) {
            self.skipped_levels += 1;
        }
        done
    }

    fn leave(&mut self) -> Result<()> {
        if self.skipped_levels > 0 {
            self.skipped_levels -= 1;
            return Ok(());
        }
        let Some((path, attributes)) = self.open.pop() else { return Ok(()) };
        create::finish(&path, &attributes)
    }

    fn make(&mut self, found: &Found) -> Result<()> {
        let to = self.place(found);
        let attributes = &found.attributes;
        match attributes.file_type {
            FileType::Directory => {
                create::directory(&to)?;
                self.open.push((to, *attributes));
                Ok(())
            }
            FileType::Regular => self.regular(found, to),
            FileType::SymbolicLink => {
                let target = self.volume.read_link(&found.path, &found.file)?;
                create::symbolic_link(&to, &target, attributes)
            }
            FileType::Fifo => create::fifo(&to, attributes),
            kind => {
                let line = format!("{}: a {}, left out", to.display(), record::type_name(kind));
                self.progress.suspend(|| tracing::warn!("{line}"));
                Ok(())
            }
        }
    }

    fn regular(&mut self, found: &Found, to: PathBuf) -> Result<()> {
        let id = found.attributes.file;
        if let Some(first) = self.first_names.get(&id) {
            return fs::hard_link(first, &to).with_context(|| create::cannot(&to));
        }
        contents::copy(self.volume, found, &to, &self.progress)?;
        create::finish(&to, &found.attributes)?;
        if found.attributes.links > 1 {
            self.first_names.insert(id, to);
        }
        Ok(())
    }

    /// Where a file of the image goes on the host.
    fn place(&self, found: &Found) -> PathBuf {
        let below = found.path.get(self.start.len() + 1..);
        below.map_or_else(|| self.dest.clone(), |below| self.dest.join(OsStr::from_bytes(below)))
    }
}
