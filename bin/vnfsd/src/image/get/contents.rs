//! The contents of a regular file, holes kept.

use super::create::cannot;
use crate::image::cat::READ_BYTES;
use crate::image::progress::Progress;
use crate::image::volume::Volume;
use crate::image::walk::Found;
use anyhow::{Context, Result};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Copies a file's contents to the new file `to`, which is gone again if that fails.
pub fn copy(volume: &Volume, found: &Found, to: &Path, progress: &Progress) -> Result<()> {
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).clone();
    let file = options.open(to).with_context(|| cannot(to))?;
    let copied = fill(volume, found, &file, to, progress);
    if copied.is_err() {
        fs::remove_file(to).with_context(|| format!("{}: half a file is left", to.display()))?;
    }
    copied
}

fn fill(volume: &Volume, found: &Found, file: &File, to: &Path, progress: &Progress) -> Result<()> {
    // The end first: what is not written afterwards is a hole.
    let size_bytes = found.attributes.size_bytes;
    file.set_len(size_bytes).with_context(|| cannot(to))?;
    let mut done_bytes = 0;
    while let Some(start_bytes) = volume.next_data(&found.path, &found.file, done_bytes)? {
        let read = volume.read(&found.path, &found.file, start_bytes, READ_BYTES)?;
        let mut offset_bytes = start_bytes;
        for piece in &read.pieces {
            if piece.iter().any(|&byte| byte != 0) {
                file.write_all_at(piece, offset_bytes).with_context(|| cannot(to))?;
            }
            offset_bytes += piece.len() as u64;
        }
        progress.add_bytes(offset_bytes - done_bytes);
        if offset_bytes == start_bytes {
            break;
        }
        done_bytes = offset_bytes;
    }
    progress.add_bytes(size_bytes.saturating_sub(done_bytes));
    Ok(())
}
