//! `vnfsd image chmod` and `chown`.

use super::Omissions;
use super::interrupt::Interrupt;
use super::mode::Mode;
use super::owner::Owner;
use super::path::{Last, find};
use super::volume::Volume;
use super::walk::{Found, Step, Walk};
use abi::{Attributes, FileType, SetAttributes};
use anyhow::Result;

/// A change that is the same for every file.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// Of the mode; links have none of their own, so what they lead to is changed.
    Mode(&'a Mode),
    /// Of owner and group, of links themselves too.
    Owner(Owner),
}

impl Change<'_> {
    fn last(self) -> Last {
        match self {
            Self::Mode(_) => Last::Follow,
            Self::Owner(_) => Last::Keep,
        }
    }

    /// What is to change of a file, if anything.
    fn of(self, file: &Attributes) -> Option<SetAttributes> {
        let is = |kind| file.file_type == kind;
        match self {
            Self::Mode(_) if is(FileType::SymbolicLink) => None,
            Self::Mode(mode) => {
                let mode = mode.apply(file.mode, is(FileType::Directory));
                Some(SetAttributes { mode: Some(mode), ..SetAttributes::default() })
            }
            Self::Owner(Owner { uid, gid }) => {
                Some(SetAttributes { uid, gid, ..SetAttributes::default() })
            }
        }
    }
}

/// Changes the file at `path`, and with `recursive` all that is below.
pub fn run(
    volume: &Volume,
    path: &[u8],
    change: Change<'_>,
    recursive: bool,
    interrupt: &Interrupt,
) -> Result<()> {
    let file = find(volume, path, change.last())?;
    if !recursive {
        let attributes = volume.attributes(path, &file)?;
        return match change.of(&attributes) {
            Some(change) => volume.set_attributes(path, &file, &change),
            None => Ok(()),
        };
    }
    let mut omissions = Omissions::default();
    for step in Walk::new(volume, file, path) {
        interrupt.check()?;
        let done = match step {
            Step::Enter(found) => apply(volume, &found, change),
            Step::Leave => Ok(()),
            Step::Omit(error) => Err(error),
        };
        if let Err(error) = done {
            omissions.note(&error);
        }
    }
    omissions.finish("changed")
}

fn apply(volume: &Volume, found: &Found, change: Change<'_>) -> Result<()> {
    match change.of(&found.attributes) {
        Some(change) => volume.set_attributes(&found.path, &found.file, &change),
        None => Ok(()),
    }
}
