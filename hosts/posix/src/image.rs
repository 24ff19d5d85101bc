//! A disk image or block device, opened and locked.
//!
//! The lock is advisory (`flock`): one writer, or any number of readers. It is what keeps two
//! services from destroying one image, and it ends with the process however that ends.

use crate::patience::patiently;
use crate::zero::give_back;
use hyper::Geometry;
use rustix::io::Errno;
use std::fmt;
use std::fs::{self, File, FileType, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// The smallest unit of transfer promised for files and devices, in bytes.
const SECTOR_BYTES: u32 = 512;

/// What an image is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading; others may read too.
    ReadOnly,
    /// Reading and writing, alone.
    ReadWrite,
}

/// An open image: a regular file or a disk device. May be opened on one thread and used on
/// another.
#[derive(Debug)]
pub struct Image {
    path: PathBuf,
    file: File,
    geometry: Geometry,
}

impl Image {
    /// Opens and locks an image. May block as long as open(2) does: not for a worker's thread.
    ///
    /// # Errors
    /// Says what is wrong with `path`: it cannot be opened, it is no disk, or it is in use.
    pub fn open(path: &Path, access: Access) -> Result<Self, ImageError> {
        let fail = |reason| ImageError { path: path.to_owned(), reason };
        let file_type = fs::metadata(path).map_err(|error| fail(Reason::Open(error)))?.file_type();
        if !is_disk(file_type) {
            return Err(fail(Reason::NoDisk));
        }
        let writes = access == Access::ReadWrite;
        let opened = OpenOptions::new().read(true).write(writes).open(path);
        let mut file = opened.map_err(|error| fail(why(error, writes)))?;
        lock(&file, access).map_err(fail)?;
        // A device's metadata say nothing of its size; the end of it does.
        let size = file.seek(SeekFrom::End(0)).map_err(|error| fail(Reason::Size(error)))?;
        if size == 0 && !file_type.is_file() {
            return Err(fail(Reason::NoSize));
        }
        let geometry =
            Geometry { size_bytes: size, sector_bytes: SECTOR_BYTES, read_only: !writes };
        Ok(Self { path: path.to_owned(), file, geometry })
    }

    /// Size, sector, protection.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The size of a file that has become smaller than when it was opened, in bytes.
    pub(crate) fn shrunk_to_bytes(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(metadata.len()).filter(|&now| now < self.geometry.size_bytes)
    }

    /// Makes a range read as zeros by giving back its space. `false`, with nothing changed, if that
    /// would need zeros to be written.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn give_back(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<bool> {
        give_back(&self.file, offset_bytes, length_bytes)
    }

    /// The open file, which keeps the lock.
    pub fn file(&self) -> &File {
        &self.file
    }
}

fn is_disk(file_type: FileType) -> bool {
    // The BSDs offer disks as character devices.
    file_type.is_file() || file_type.is_block_device() || file_type.is_char_device()
}

fn why(error: io::Error, writes: bool) -> Reason {
    let refused = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
    if writes && refused.contains(&error.kind()) {
        Reason::Write(error)
    } else {
        Reason::Open(error)
    }
}

fn lock(file: &File, access: Access) -> Result<(), Reason> {
    let attempt = || match access {
        Access::ReadOnly => file.try_lock_shared(),
        Access::ReadWrite => file.try_lock(),
    };
    let locked = patiently(attempt, |error| matches!(error, TryLockError::WouldBlock));
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => Reason::InUse(access),
        TryLockError::Error(error) => Reason::Lock(error),
    })
}

/// Why an image could not be opened.
#[derive(Debug)]
pub struct ImageError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Open(io::Error),
    Write(io::Error),
    NoDisk,
    InUse(Access),
    Lock(io::Error),
    Size(io::Error),
    NoSize,
}

impl ImageError {
    /// Whether the process, or its host, has no descriptor left for it.
    pub(crate) fn is_of_descriptors(&self) -> bool {
        let (Reason::Open(error) | Reason::Write(error)) = &self.reason else { return false };
        let errno = Errno::from_io_error(error);
        errno.is_some_and(|errno| [Errno::MFILE, Errno::NFILE].contains(&errno))
    }

    /// Whether only writing was refused: it can perhaps be opened for reading.
    pub fn is_of_writing(&self) -> bool {
        matches!(self.reason, Reason::Write(_) | Reason::InUse(Access::ReadWrite))
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Open(error) => write!(formatter, "{path}: cannot be opened: {error}"),
            Reason::Write(error) => {
                write!(formatter, "{path}: cannot be opened for writing: {error}")
            }
            Reason::NoDisk => {
                write!(formatter, "{path}: neither a disk image nor a disk device; name one")
            }
            Reason::InUse(Access::ReadWrite) => {
                write!(formatter, "{path}: in use by another process; stop that one")
            }
            Reason::InUse(Access::ReadOnly) => {
                write!(formatter, "{path}: another process has it open for writing; stop that one")
            }
            Reason::Lock(error) => write!(formatter, "{path}: cannot be locked: {error}"),
            Reason::Size(error) => write!(formatter, "{path}: its size is unknown: {error}"),
            Reason::NoSize => write!(formatter, "{path}: this device has no size; name a disk"),
        }
    }
}

impl std::error::Error for ImageError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4096).unwrap();
        file
    }

    #[test]
    fn one_writer_or_many_readers() {
        let file = image();
        let first = Image::open(file.path(), Access::ReadOnly).unwrap();
        let second = Image::open(file.path(), Access::ReadOnly).unwrap();
        assert!(first.geometry().read_only && second.geometry().size_bytes == 4096);
        let error = Image::open(file.path(), Access::ReadWrite).unwrap_err();
        assert!(error.to_string().contains("in use"), "{error}");
        drop((first, second));
        let writer = Image::open(file.path(), Access::ReadWrite).unwrap();
        assert!(!writer.geometry().read_only);
        let error = Image::open(file.path(), Access::ReadOnly).unwrap_err();
        assert!(error.to_string().contains("open for writing"), "{error}");
    }

    #[test]
    fn what_is_no_disk_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for (path, word) in [
            (directory.path().to_owned(), "neither"),
            (directory.path().join("absent"), "cannot be opened"),
            (PathBuf::from("/dev/null"), "no size"),
        ] {
            let error = Image::open(&path, Access::ReadOnly).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
