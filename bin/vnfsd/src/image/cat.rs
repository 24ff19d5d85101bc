//! `vnfsd image cat`.

use super::path::{Last, find};
use super::record::type_name;
use super::volume::Volume;
use crate::text::escape;
use abi::FileType;
use anyhow::{Result, bail};
use std::io::{Write, stdout};

/// Most that is read at a time.
pub const READ_BYTES: u32 = 1 << 20;

/// Copies the file at `path` to standard output.
pub fn run(volume: &Volume, path: &[u8]) -> Result<()> {
    let file = find(volume, path, Last::Follow)?;
    let kind = volume.attributes(path, &file)?.file_type;
    if kind != FileType::Regular {
        bail!("{}: {}: a {}, not a regular file", volume.image(), escape(path), type_name(kind));
    }
    let mut output = stdout().lock();
    let mut offset_bytes = 0;
    loop {
        let read = volume.read(path, &file, offset_bytes, READ_BYTES)?;
        for piece in &read.pieces {
            output.write_all(piece)?;
            offset_bytes += piece.len() as u64;
        }
        if read.end_of_file || read.pieces.is_empty() {
            return Ok(output.flush()?);
        }
    }
}
