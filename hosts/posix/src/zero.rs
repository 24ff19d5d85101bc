//! Ranges of an image that become zeros again, giving back their space where the system can.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Makes a range zeros by giving back its space.
///
/// # Errors
/// `Unsupported`, with nothing changed, if the system cannot.
pub(crate) fn discard(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
    let is_done = length_bytes == 0 || free(file, offset_bytes, length_bytes)?;
    if is_done { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// Zeros written at a time where the system has no better way.
const PIECE_BYTES: usize = 1 << 20;

/// Makes a range read as zeros. The file's size stays.
pub(crate) fn zero(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
    if length_bytes == 0 || free(file, offset_bytes, length_bytes)? {
        return Ok(());
    }
    let zeros = vec![0; PIECE_BYTES];
    let mut done_bytes = 0;
    while done_bytes < length_bytes {
        let count = (length_bytes - done_bytes).min(PIECE_BYTES as u64);
        file.write_all_at(&zeros[..count as usize], offset_bytes + done_bytes)?;
        done_bytes += count;
    }
    Ok(())
}

/// Lets the system do it: a hole in a file, discarded or zeroed blocks of a device. Says whether
/// it could.
#[cfg(target_os = "linux")]
fn free(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<bool> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    for way in [FallocateFlags::PUNCH_HOLE, FallocateFlags::ZERO_RANGE] {
        match fallocate(file, way | FallocateFlags::KEEP_SIZE, offset_bytes, length_bytes) {
            Ok(()) => return Ok(true),
            // Not of this file system, or not of this alignment on a device.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// No such call is the same on two of the other systems.
#[cfg(not(target_os = "linux"))]
fn free(_: &File, _: u64, _: u64) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_range_becomes_zeros_and_its_neighbours_stay() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[7; 3 << 20], 0).unwrap();
        zero(&file, 4097, (2 << 20) + 1).unwrap();
        zero(&file, 0, 0).unwrap();
        let mut bytes = vec![1; 3 << 20];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let is_zero = |index: usize| (4097..4098 + (2 << 20)).contains(&index);
        assert!(bytes.iter().enumerate().all(|(index, &byte)| (byte == 0) == is_zero(index)));
        assert_eq!(file.metadata().unwrap().len(), 3 << 20);
        if cfg!(target_os = "linux") {
            assert!(file.metadata().unwrap().blocks() * 512 < 2 << 20, "space came back");
        }
    }
}
