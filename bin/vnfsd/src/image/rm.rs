//! `vnfsd image rm`.

use super::Omissions;
use super::interrupt::Interrupt;
use super::path::{find_parent, last_name};
use super::volume::Volume;
use super::walk::{Found, Step, Walk};
use crate::text::escape;
use abi::{Errno, FileType};
use anyhow::{Result, anyhow, bail};
use vfs::Vnode;

/// What the flags say.
#[derive(Clone, Copy)]
pub struct How {
    /// Directories too, with all that is in them.
    pub recursive: bool,
    /// What is not there need not be removed.
    pub force: bool,
}

/// Removes the file at `path`.
pub fn run(volume: &Volume, path: &[u8], how: How, interrupt: &Interrupt) -> Result<()> {
    let (directory, name) = find_parent(volume, path)?;
    let file = match volume.lookup(&directory, name) {
        Ok(file) => file,
        Err(Errno::NoEntry) if how.force => return Ok(()),
        Err(errno) => return Err(volume.error(path, errno)),
    };
    if volume.attributes(path, &file)?.file_type != FileType::Directory {
        return volume.remove(path, &directory, name);
    }
    if !how.recursive {
        bail!("{}: {}: a directory; -r removes it", volume.image(), escape(path));
    }
    let mut removal = Removal { volume, open: vec![], omissions: Omissions::default() };
    for step in Walk::new(volume, file, path) {
        interrupt.check()?;
        removal.step(step, &directory);
    }
    removal.omissions.finish("removed")
}

/// The removal of a directory with all that is in it.
struct Removal<'a> {
    volume: &'a Volume,
    /// Directories that the walk is in.
    open: Vec<Open>,
    omissions: Omissions,
}

struct Open {
    directory: Vnode,
    path: Vec<u8>,
    /// Whether something in it is left.
    is_kept: bool,
}

impl Removal<'_> {
    /// `above` is the directory that the walk began in.
    fn step(&mut self, step: Step, above: &Vnode) {
        let done = match step {
            Step::Enter(found) if found.is_directory() => {
                let Found { file, path, .. } = found;
                return self.open.push(Open { directory: file, path, is_kept: false });
            }
            Step::Enter(found) => self.remove(&found.path, above),
            Step::Leave => self.leave(above),
            Step::Omit(error) => Err(error),
        };
        if let Err(error) = done {
            self.omissions.note(&error);
            self.keep();
        }
    }

    fn remove(&self, path: &[u8], above: &Vnode) -> Result<()> {
        let directory = self.open.last().map_or(above, |open| &open.directory);
        self.volume.remove(path, directory, last_of(path)?)
    }

    /// Removes the directory that the walk leaves, unless something in it is left, which has been
    /// said.
    fn leave(&mut self, above: &Vnode) -> Result<()> {
        let Some(Open { path, is_kept, .. }) = self.open.pop() else { return Ok(()) };
        if is_kept {
            self.keep();
            return Ok(());
        }
        let directory = self.open.last().map_or(above, |open| &open.directory);
        self.volume.remove_directory(&path, directory, last_of(&path)?)
    }

    fn keep(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.is_kept = true;
        }
    }
}

fn last_of(path: &[u8]) -> Result<&[u8]> {
    last_name(path).ok_or_else(|| anyhow!("{}: the root cannot be removed", escape(path)))
}
