//! The contents of a regular file: what is all zeros becomes a hole.

use super::copy::Copy;
use super::fault::Fault;
use abi::SetAttributes;
use bytes::Bytes;
use std::io::{self, Read};
use std::ops::Range;
use vfs::Vnode;

/// Most that is read and written at a time.
const READ_BYTES: usize = 1 << 20;
/// Zeros of this length, at a multiple of it, are left out: the largest block there is.
const PIECE_BYTES: usize = 64 << 10;

/// Copies everything from `input` into the new file at `path`. An error of `input` is `unreadable`.
pub fn copy(
    copy: &Copy<'_>,
    input: &mut dyn Read,
    unreadable: &dyn Fn(io::Error) -> Fault,
    path: &[u8],
    file: &Vnode,
) -> Result<(), Fault> {
    let (mut size_bytes, mut written_bytes) = (0, 0);
    loop {
        copy.interrupt.check()?;
        let mut buffer = vec![0; READ_BYTES];
        let count = fill(input, &mut buffer).map_err(unreadable)?;
        buffer.truncate(count);
        let bytes = Bytes::from(buffer);
        for run in runs(&bytes) {
            let offset_bytes = size_bytes + run.start as u64;
            copy.volume.write(path, file, offset_bytes, bytes.slice(run.clone()))?;
            written_bytes = size_bytes + run.end as u64;
        }
        copy.progress.add_bytes(count as u64);
        size_bytes += count as u64;
        if count < READ_BYTES {
            break;
        }
    }
    if written_bytes < size_bytes {
        let end = SetAttributes { size_bytes: Some(size_bytes), ..SetAttributes::default() };
        copy.volume.set_attributes(path, file, &end)?;
    }
    Ok(())
}

/// Reads until `buffer` is full or there is no more.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match input.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// The parts of `bytes` that are not all zeros.
fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
        if piece.iter().all(|&byte| byte == 0) {
            continue;
        }
        let start = index * PIECE_BYTES;
        match runs.last_mut() {
            Some(run) if run.end == start => run.end += piece.len(),
            _ => runs.push(start..start + piece.len()),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out_by_the_piece() {
        let mut bytes = vec![0; 5 * PIECE_BYTES + 10];
        assert!(runs(&bytes).is_empty());
        bytes[PIECE_BYTES] = 1;
        bytes[3 * PIECE_BYTES - 1] = 1;
        bytes[5 * PIECE_BYTES + 9] = 1;
        let expected = [PIECE_BYTES..3 * PIECE_BYTES, 5 * PIECE_BYTES..5 * PIECE_BYTES + 10];
        assert_eq!(runs(&bytes), expected);
        assert!(runs(&[]).is_empty());
    }
}
