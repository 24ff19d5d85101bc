//! `vnfsd image put`: copies from the host into an image.
//!
//! Keeps modes, owners, times, symbolic and hard links and holes, as cp(1) does for the superuser
//! with `-a`. Nothing that exists is replaced unless that is asked for, and then only once all of
//! what replaces it is there. A file of the host that cannot be read is left out, and said so; an
//! error of the image is the end.
//!
//! | file | what it does |
//! |---|---|
//! | `place` | where in the image a file goes |
//! | `copy` | one file or directory after another |
//! | `make` | a new file of any kind |
//! | `contents` | the contents of a regular file, without its zeros |
//! | `attributes` | what the host knows of a file |
//! | `fault` | whose error it was |

mod attributes;
mod contents;
mod copy;
mod fault;
mod make;
mod place;

use super::Omissions;
use super::interrupt::Interrupt;
use super::owner::Owner;
use super::path::directory_at;
use super::progress::Progress;
use super::volume::Volume;
use crate::text::escape;
use anyhow::{Result, bail};
use copy::Copy;
use place::Place;
use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The name of standard input.
const STANDARD_INPUT: &[u8] = b"-";

/// What the flags say.
#[derive(Clone, Copy)]
pub struct How {
    /// Directories too, with all that is in them.
    pub recursive: bool,
    /// Replace what exists.
    pub force: bool,
    /// Whose everything is to be; else it is whose it is on the host.
    pub owner: Owner,
}

/// Copies `sources` to `dest`.
pub fn run(
    volume: &Volume,
    sources: &[PathBuf],
    dest: &[u8],
    how: How,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut copy = Copy {
        volume,
        how,
        first_names: HashMap::new(),
        omissions: Omissions::default(),
        progress: Progress::new(total_bytes(sources)),
        interrupt,
    };
    let done = all(&mut copy, sources, dest);
    copy.progress.finish();
    done.and(copy.omissions.finish("copied"))
}

fn all(copy: &mut Copy<'_>, sources: &[PathBuf], dest: &[u8]) -> Result<()> {
    let volume = copy.volume;
    let inside = directory_at(volume, dest)?;
    if sources.len() > 1 && inside.is_none() {
        let (image, dest) = (volume.image(), escape(dest));
        bail!("{image}: {dest}: not a directory, but several files are to go there");
    }
    for source in sources {
        let bytes = source.as_os_str().as_bytes();
        match &inside {
            Some(directory) if is_contents(bytes) => copy.fill(source, directory, dest)?,
            Some(_) if bytes == STANDARD_INPUT => {
                bail!("{}: {}: a directory; name the file", volume.image(), escape(dest))
            }
            Some(directory) => match source.file_name() {
                Some(name) => copy.put(source, &Place::inside(directory, dest, name.as_bytes()))?,
                None => bail!("{}: has no name of its own to go by", source.display()),
            },
            None if bytes == STANDARD_INPUT => copy.input(&Place::named(volume, dest)?)?,
            None => copy.put(source, &Place::named(volume, dest)?)?,
        }
    }
    Ok(())
}

/// Whether a path means what is in a directory rather than the directory, as cp(1) has it.
fn is_contents(path: &[u8]) -> bool {
    path == b"." || path.ends_with(b"/.")
}

/// How much there is to copy, if anybody would see a bar.
fn total_bytes(sources: &[PathBuf]) -> Option<u64> {
    Progress::wanted().then(|| sources.iter().map(|source| size_bytes(source)).sum())
}

/// What cannot be looked at counts as nothing here, and is said when its turn has come.
fn size_bytes(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| size_bytes(&entry.path())).sum()
        }
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    }
}
