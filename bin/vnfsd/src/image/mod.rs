//! `vnfsd image`: looks into an image with no server at all.
//!
//! The same kernel rooms that serve an image are run here to the end of one operation after
//! another: `posix::SyncDisk` below, `vfs` above, the superuser asking. Nothing here writes to an
//! image.
//!
//! | file | what it does |
//! |---|---|
//! | `volume` | opens an image; one method for each operation, with errors that name the path |
//! | `path` | walks a path inside the image, through symbolic links |
//! | `walk` | everything below a directory, once each, however damaged the image is |
//! | `record` | what is known of a file, for people and for programs |
//! | `ls`, `tree`, `cat`, `get`, `stat` | the commands |

mod cat;
mod get;
mod ls;
mod path;
mod record;
mod stat;
mod tree;
mod volume;
mod walk;

use crate::cli::Image;
use anyhow::{Result, bail};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use volume::Volume;

/// Runs one command.
pub fn run(command: &Image) -> Result<()> {
    match command {
        Image::Ls { image, paths, long, json } => {
            let style = ls::Style::new(*long, *json);
            each(image, paths, |volume, path| ls::run(volume, path, style, paths.len() > 1))
        }
        Image::Tree { image, path } => tree::run(&Volume::open(image)?, bytes(path)),
        Image::Cat { image, paths } => each(image, paths, cat::run),
        Image::Get { image, path, dest } => get::run(&Volume::open(image)?, bytes(path), dest),
        Image::Stat { image, paths, json } => {
            each(image, paths, |volume, path| stat::run(volume, path, *json))
        }
    }
}

/// Does the same for each path, in order.
fn each(
    image: &Path,
    paths: &[PathBuf],
    mut command: impl FnMut(&Volume, &[u8]) -> Result<()>,
) -> Result<()> {
    let volume = Volume::open(image)?;
    paths.iter().try_for_each(|path| command(&volume, bytes(path)))
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// Counts what could not be read, having said so, and fails at the end if it was anything.
#[derive(Default)]
struct Omissions(u64);

impl Omissions {
    fn note(&mut self, line: &anyhow::Error) {
        tracing::error!("{line:#}");
        self.0 += 1;
    }

    fn finish(self) -> Result<()> {
        match self.0 {
            0 => Ok(()),
            count => bail!("{count} of its files could not be read, as said above"),
        }
    }
}
