//! Disk operations carried out on the spot, by a thread that may wait: a tool's own, or one of
//! the fallback driver's disk threads.

use crate::zero::discard;
use abi::{Errno, Result};
use bytes::{Bytes, BytesMut};
use hyper::{DiskOperation, Geometry};
use rustix::io::{preadv, pwritev};
use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};

/// Pieces the kernel takes in one gathered transfer (`UIO_MAXIOV`, `IOV_MAX`).
pub(crate) const PIECES_MAX: usize = 1024;

/// What an operation does, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) operation: &'static str,
    pub(crate) offset_bytes: u64,
    pub(crate) length_bytes: u64,
}

impl Extent {
    pub(crate) fn of(operation: &DiskOperation) -> Self {
        let (operation, offset_bytes, length_bytes) = match operation {
            DiskOperation::Read { offset_bytes, buffers } => {
                ("read", *offset_bytes, buffers.iter().map(length_bytes).sum())
            }
            DiskOperation::Write { offset_bytes, data } => {
                ("write", *offset_bytes, data.iter().map(length_bytes).sum())
            }
            DiskOperation::Flush => ("flush", 0, 0),
            DiskOperation::Discard { offset_bytes, length_bytes } => {
                ("discard", *offset_bytes, *length_bytes)
            }
        };
        Self { operation, offset_bytes, length_bytes }
    }
}

fn length_bytes(piece: &impl AsRef<[u8]>) -> u64 {
    piece.as_ref().len() as u64
}

impl fmt::Display for Extent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, offset_bytes, length_bytes } = self;
        if *length_bytes == 0 {
            return formatter.write_str(operation);
        }
        write!(formatter, "{operation} of {length_bytes} bytes at {offset_bytes}")
    }
}

/// Refuses what lies beyond the end of the disk, and writes to one that is read-only.
pub(crate) fn check(geometry: &Geometry, operation: &DiskOperation) -> Result<()> {
    let changes = matches!(operation, DiskOperation::Write { .. } | DiskOperation::Discard { .. });
    if geometry.read_only && changes {
        return Err(Errno::ReadOnly);
    }
    let extent = Extent::of(operation);
    let end = extent.offset_bytes.checked_add(extent.length_bytes).ok_or(Errno::Io)?;
    if end > geometry.size_bytes { Err(Errno::Io) } else { Ok(()) }
}

/// Carries out an operation that [`check`] let pass. A read returns its buffers.
pub(crate) fn perform(file: &File, operation: DiskOperation) -> io::Result<Vec<BytesMut>> {
    match operation {
        DiskOperation::Read { offset_bytes, mut buffers } => {
            read(file, offset_bytes, &mut buffers).map(|()| buffers)
        }
        DiskOperation::Write { offset_bytes, data } => {
            write(file, offset_bytes, &data).map(|()| Vec::new())
        }
        DiskOperation::Flush => file.sync_data().map(|()| Vec::new()),
        DiskOperation::Discard { offset_bytes, length_bytes } => {
            discard(file, offset_bytes, length_bytes).map(|()| Vec::new())
        }
    }
}

fn read(file: &File, mut offset_bytes: u64, buffers: &mut [BytesMut]) -> io::Result<()> {
    let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
    let mut rest = &mut slices[..];
    IoSliceMut::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let pieces = rest.len().min(PIECES_MAX);
        let count = moved(preadv(file, &mut rest[..pieces], offset_bytes))?;
        offset_bytes += count as u64;
        IoSliceMut::advance_slices(&mut rest, count);
    }
    Ok(())
}

fn write(file: &File, mut offset_bytes: u64, data: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<_> = data.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut rest = &mut slices[..];
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let pieces = rest.len().min(PIECES_MAX);
        let count = moved(pwritev(file, &rest[..pieces], offset_bytes))?;
        offset_bytes += count as u64;
        IoSlice::advance_slices(&mut rest, count);
    }
    Ok(())
}

/// Bytes moved by one call: none if it was interrupted, an error if the disk ends here.
fn moved(result: rustix::io::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(rustix::io::Errno::INTR) => Ok(0),
        other => Ok(other?),
    }
}

/// The kernel's word for what a host's disk may answer.
pub(crate) fn errno(error: &io::Error) -> Errno {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Errno::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Errno::ReadOnly,
        io::ErrorKind::Unsupported => Errno::NotSupported,
        _ => Errno::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_disk_is_checked_without_overflow() {
        let geometry = Geometry { size_bytes: 1024, sector_bytes: 512, read_only: true };
        let read = |offset_bytes, length| DiskOperation::Read {
            offset_bytes,
            buffers: vec![BytesMut::zeroed(length)],
        };
        assert_eq!(check(&geometry, &read(0, 1024)), Ok(()));
        assert_eq!(check(&geometry, &read(1, 1024)), Err(Errno::Io));
        assert_eq!(check(&geometry, &read(u64::MAX, 2)), Err(Errno::Io));
        let write = DiskOperation::Write { offset_bytes: 0, data: Vec::new() };
        assert_eq!(check(&geometry, &write), Err(Errno::ReadOnly));
        assert_eq!(check(&geometry, &DiskOperation::Flush), Ok(()));
    }

    #[test]
    fn thousands_of_pieces_make_one_transfer() {
        let file = tempfile::tempfile().unwrap();
        let data: Vec<_> = (0..3000u32).map(|n| Bytes::from(n.to_le_bytes().to_vec())).collect();
        let mut pieces = vec![Bytes::new(); 1500];
        pieces.extend(data.iter().cloned());
        perform(&file, DiskOperation::Write { offset_bytes: 8, data: pieces }).unwrap();
        let buffers = vec![BytesMut::zeroed(3); 4000];
        let filled = perform(&file, DiskOperation::Read { offset_bytes: 8, buffers }).unwrap();
        assert_eq!(filled.concat(), data.concat());
        let beyond =
            DiskOperation::Read { offset_bytes: 12_000, buffers: vec![BytesMut::zeroed(9)] };
        let error = perform(&file, beyond).unwrap_err();
        assert_eq!(errno(&error), Errno::Io);
    }
}
