//! Where a file system is made.

use anyhow::{Context, Result, bail};
use ffscheck::newfs::{Destination, Ground, Made};
use posix::{Access, Image};
use std::fs::{File, Permissions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::Builder;

/// How much of a device's beginning and end is looked at, where partition tables, labels and
/// superblocks of all kinds stand.
const LOOK_BYTES: u64 = 1 << 20;
/// How much is looked at in one piece.
const PIECE_BYTES: usize = 64 << 10;

/// Where to.
pub enum Place {
    /// A file that does not exist.
    New,
    /// A file or device that does, locked.
    Old(Old),
}

/// A file or device that exists, locked for us.
pub struct Old {
    image: Image,
    is_file: bool,
}

impl Place {
    /// Finds out what is at `path`.
    ///
    /// # Errors
    /// If it is in use, or holds something and must not be overwritten.
    pub fn find(path: &Path, overwrite: bool) -> Result<Self> {
        let shown = path.display();
        if !path.try_exists().with_context(|| format!("{shown}: cannot be seen"))? {
            return Ok(Self::New);
        }
        let image = Image::open(path, Access::ReadWrite)?;
        let metadata = image.file().metadata().with_context(|| format!("{shown}: unknown"))?;
        let is_file = metadata.is_file();
        if !overwrite && (!is_file || metadata.blocks() > 0) {
            let blank = is_blank(&image, is_file);
            if !blank.with_context(|| format!("{shown}: cannot be read"))? {
                bail!("{shown}: holds something already; --force overwrites it");
            }
        }
        Ok(Self::Old(Old { image, is_file }))
    }

    /// The size to make: as asked for, or that of what is there.
    pub fn size_bytes(&self, asked: Option<u64>) -> Result<u64> {
        let Self::Old(old) = self else {
            return asked.context("a new image needs a size: say --size SIZE");
        };
        let present = old.image.geometry().size_bytes;
        match asked {
            Some(asked) if !old.is_file && asked > present => {
                bail!("the device has only {present} bytes; say --size {present}, or nothing")
            }
            None if present == 0 => bail!("an empty file needs a size: say --size SIZE"),
            _ => Ok(asked.unwrap_or(present)),
        }
    }
}

/// Whether nothing but zeros is there, as far as it makes sense to look.
fn is_blank(image: &Image, is_file: bool) -> io::Result<bool> {
    let size_bytes = image.geometry().size_bytes;
    if is_file {
        return is_zero(image.file(), 0, size_bytes);
    }
    let end = size_bytes.saturating_sub(LOOK_BYTES);
    Ok(is_zero(image.file(), 0, LOOK_BYTES)? && is_zero(image.file(), end, LOOK_BYTES)?)
}

fn is_zero(mut file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(offset_bytes))?;
    let (mut file, mut piece) = (file.take(length_bytes), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(true),
            count if piece[..count].iter().any(|&byte| byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

impl ffscheck::Image for Old {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.image.geometry().size_bytes)
    }

    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.image.file().read_exact_at(bytes, offset_bytes)
    }

    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        self.image.file().write_all_at(bytes, offset_bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.image.file().sync_all()
    }
}

impl Destination for Old {
    fn clear(&mut self, size_bytes: u64) -> io::Result<Ground> {
        if !self.is_file {
            let is_done = self.image.give_back(0, size_bytes)?;
            return Ok(if is_done { Ground::Zeros } else { Ground::Unknown });
        }
        self.image.file().set_len(0)?;
        self.image.file().set_len(size_bytes)?;
        Ok(Ground::Zeros)
    }
}

/// Takes everything and keeps nothing, to find out what would be made.
pub struct Nowhere;

impl ffscheck::Image for Nowhere {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn read_at(&self, _: u64, bytes: &mut [u8]) -> io::Result<()> {
        bytes.fill(0);
        Ok(())
    }

    fn write_at(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Destination for Nowhere {
    fn clear(&mut self, _: u64) -> io::Result<Ground> {
        Ok(Ground::Zeros)
    }
}

/// Makes a file that gets its name once it is complete, and never replaces another that has got
/// it meanwhile.
pub fn new_file(path: &Path, fill: impl FnOnce(&mut File) -> Result<Made>) -> Result<Made> {
    let cannot = || format!("{}: cannot be made", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let readable = Permissions::from_mode(0o666);
    let file = Builder::new().prefix(".vnfsd-").permissions(readable).tempfile_in(folder);
    let mut file = file.with_context(cannot)?;
    let made = fill(file.as_file_mut())?;
    file.persist_noclobber(path).map_err(|failed| failed.error).with_context(cannot)?;
    Ok(made)
}
