//! Ranges of an image that become zeros again, giving back their space where the system can.

use std::fs::File;
use std::io;

/// Makes a range zeros by giving back its space.
///
/// # Errors
/// `Unsupported`, with nothing changed, if the system cannot.
pub(crate) fn discard(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
    let is_done = length_bytes == 0 || free(file, offset_bytes, length_bytes)?;
    if is_done { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// Makes a range zeros where that needs no writing. Says whether it could; a range that it could not
/// is as it was.
pub(crate) fn give_back(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<bool> {
    Ok(length_bytes == 0 || punch(file, offset_bytes, length_bytes)?)
}

/// Lets the system do it: a hole in a file, discarded or zeroed blocks of a device. Says whether
/// it could.
#[cfg(target_os = "linux")]
fn free(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<bool> {
    use rustix::fs::FallocateFlags;
    Ok(punch(file, offset_bytes, length_bytes)?
        || by(FallocateFlags::ZERO_RANGE, file, offset_bytes, length_bytes)?)
}

/// The same without a byte written, not even by the system.
#[cfg(target_os = "linux")]
fn punch(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<bool> {
    by(rustix::fs::FallocateFlags::PUNCH_HOLE, file, offset_bytes, length_bytes)
}

#[cfg(target_os = "linux")]
fn by(
    way: rustix::fs::FallocateFlags,
    file: &File,
    offset_bytes: u64,
    length_bytes: u64,
) -> io::Result<bool> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, way | FallocateFlags::KEEP_SIZE, offset_bytes, length_bytes) {
        Ok(()) => Ok(true),
        // Not of this file system, or not of this alignment on a device.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// No such call is the same on two of the other systems.
#[cfg(not(target_os = "linux"))]
fn free(_: &File, _: u64, _: u64) -> io::Result<bool> {
    Ok(false)
}

/// The same here.
#[cfg(not(target_os = "linux"))]
fn punch(_: &File, _: u64, _: u64) -> io::Result<bool> {
    Ok(false)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileExt, MetadataExt};

    #[test]
    fn a_range_becomes_zeros_and_its_neighbours_stay() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[7; 3 << 20], 0).unwrap();
        assert!(give_back(&file, 4097, (2 << 20) + 1).unwrap() && give_back(&file, 0, 0).unwrap());
        let mut bytes = vec![1; 3 << 20];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let is_zero = |index: usize| (4097..4098 + (2 << 20)).contains(&index);
        assert!(bytes.iter().enumerate().all(|(index, &byte)| (byte == 0) == is_zero(index)));
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.len(), 3 << 20);
        assert!(metadata.blocks() * 512 < 2 << 20, "space came back");
    }
}
