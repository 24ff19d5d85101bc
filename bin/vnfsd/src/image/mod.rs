//! `vnfsd image`: looks into an image, or changes it, with no server at all.
//!
//! The same kernel rooms that serve an image are run here to the end of one operation after
//! another: `posix::SyncDisk` below, `vfs` above, the superuser asking. What only looks opens the
//! image for reading; what changes it has it alone, and closes it whatever happens in between.
//!
//! | file | what it does |
//! |---|---|
//! | `volume` | opens an image; one method for each operation, with errors that name the path |
//! | `path` | walks a path inside the image, through symbolic links |
//! | `walk` | everything below a directory, once each, however damaged the image is |
//! | `record` | what is known of a file, for people and for programs |
//! | `mode`, `owner` | what chmod(1) and chown(8) take |
//! | `progress`, `interrupt` | how far a copy has come, and a signal meanwhile |
//! | `ls`, `tree`, `cat`, `get`, `stat` | the commands that look |
//! | `quota` | shows what users and groups may use, and sets it |
//! | `put`, `rm`, `mkdir`, `mv`, `ln`, `attributes` | the commands that change; the last are chmod and chown |

mod attributes;
mod cat;
mod get;
mod interrupt;
mod ln;
mod ls;
mod mkdir;
mod mode;
mod mv;
mod owner;
mod path;
mod progress;
mod put;
mod quota;
mod record;
mod rm;
mod stat;
mod tree;
mod volume;
mod walk;

pub use mode::Mode;
pub use owner::Owner;
pub use quota::{Account, Grace, Limit};

use crate::cli::Image;
use anyhow::{Result, bail};
use attributes::Change;
use interrupt::Interrupt;
use posix::Access;
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
        Image::Tree { image, path } => tree::run(&look(image)?, bytes(path)),
        Image::Cat { image, paths } => each(image, paths, cat::run),
        Image::Get { image, path, dest } => get::run(&look(image)?, bytes(path), dest),
        Image::Stat { image, paths, json } => {
            each(image, paths, |volume, path| stat::run(volume, path, *json))
        }
        Image::Put { image, sources, dest, recursive, force, owner } => {
            let owner = owner.unwrap_or_default();
            let how = put::How { recursive: *recursive, force: *force, owner };
            change(image, |volume, interrupt| {
                put::run(volume, sources, bytes(dest), how, interrupt)
            })
        }
        Image::Rm { image, paths, recursive, force } => {
            let how = rm::How { recursive: *recursive, force: *force };
            change_each(image, paths, |volume, path, interrupt| {
                rm::run(volume, path, how, interrupt)
            })
        }
        Image::Mkdir { image, paths, parents, mode } => {
            let mode = mode.as_ref();
            change_each(image, paths, |volume, path, _| mkdir::run(volume, path, *parents, mode))
        }
        Image::Mv { image, sources, dest } => {
            change(image, |volume, interrupt| mv::run(volume, sources, bytes(dest), interrupt))
        }
        Image::Ln { image, target, path, symbolic } => {
            let link = if *symbolic { ln::symbolic } else { ln::hard };
            change(image, |volume, _| link(volume, bytes(target), bytes(path)))
        }
        Image::Chmod { image, mode, paths, recursive } => {
            alter(image, paths, Change::Mode(mode), *recursive)
        }
        Image::Quota(flags) if quota::changes(flags) => {
            change(&flags.image, |volume, _| quota::set(volume, flags))
        }
        Image::Quota(flags) => quota::show(&look(&flags.image)?, flags),
        Image::Chown { image, owner, paths, recursive } => {
            alter(image, paths, Change::Owner(*owner), *recursive)
        }
    }
}

/// An image to look into.
fn look(image: &Path) -> Result<Volume> {
    Volume::open(image, Access::ReadOnly)
}

/// Does the same for each path, in order.
fn each(
    image: &Path,
    paths: &[PathBuf],
    mut command: impl FnMut(&Volume, &[u8]) -> Result<()>,
) -> Result<()> {
    let volume = look(image)?;
    paths.iter().try_for_each(|path| command(&volume, bytes(path)))
}

/// Does something to an image, and leaves it in order whatever comes of that.
fn change(image: &Path, command: impl FnOnce(&Volume, &Interrupt) -> Result<()>) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let volume = Volume::open(image, Access::ReadWrite)?;
    volume.expect_writable()?;
    let done = command(&volume, &interrupt);
    match (done, volume.close()) {
        (Err(error), Err(worse)) => Err(error.context(format!("{worse:#}, after an error"))),
        (done, closed) => done.and(closed),
    }
}

/// The same for each path, in order.
fn change_each(
    image: &Path,
    paths: &[PathBuf],
    mut command: impl FnMut(&Volume, &[u8], &Interrupt) -> Result<()>,
) -> Result<()> {
    change(image, |volume, interrupt| {
        paths.iter().try_for_each(|path| command(volume, bytes(path), interrupt))
    })
}

fn alter(image: &Path, paths: &[PathBuf], change: Change<'_>, recursive: bool) -> Result<()> {
    change_each(image, paths, |volume, path, interrupt| {
        attributes::run(volume, path, change, recursive, interrupt)
    })
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// Counts what was left out, having said so, and fails at the end if it was anything.
#[derive(Default)]
struct Omissions(u64);

impl Omissions {
    fn note(&mut self, line: &anyhow::Error) {
        tracing::error!("{line:#}");
        self.0 += 1;
    }

    /// Fails if anything could not be `done`.
    fn finish(&self, done: &str) -> Result<()> {
        match self.0 {
            0 => Ok(()),
            count => bail!("{count} of its files could not be {done}, as said above"),
        }
    }
}
