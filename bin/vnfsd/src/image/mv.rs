//! `vnfsd image mv`.

use super::bytes;
use super::interrupt::Interrupt;
use super::path::{directory_at, find_parent};
use super::volume::Volume;
use crate::text::escape;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Moves files to `to`: several of them only into a directory.
pub fn run(volume: &Volume, sources: &[PathBuf], to: &[u8], interrupt: &Interrupt) -> Result<()> {
    if sources.len() > 1 && directory_at(volume, to)?.is_none() {
        let (image, to) = (volume.image(), escape(to));
        bail!("{image}: {to}: not a directory, but several files are to go there");
    }
    sources.iter().try_for_each(|from| {
        interrupt.check()?;
        one(volume, bytes(from), to)
    })
}

/// Moves the file at `from` to `to`, or into it if it is a directory.
fn one(volume: &Volume, from: &[u8], to: &[u8]) -> Result<()> {
    let shown = [from, b" to ", to].concat();
    let (old, old_name) = find_parent(volume, from)?;
    if let Some(directory) = directory_at(volume, to)? {
        return volume.rename(&shown, (&old, old_name), (&directory, old_name));
    }
    let (new, new_name) = find_parent(volume, to)?;
    volume.rename(&shown, (&old, old_name), (&new, new_name))
}
