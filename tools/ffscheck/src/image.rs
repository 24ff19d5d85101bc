//! The bytes of an image, wherever they are.

use std::fs::File;
use std::io;

/// An image that can be read and written anywhere: a file, or memory in tests.
pub trait Image {
    /// Its size in bytes. It does not change while it is made or checked.
    ///
    /// # Errors
    /// Whatever the place says.
    fn size_bytes(&self) -> io::Result<u64>;

    /// Fills `bytes` with what stands at `offset_bytes`.
    ///
    /// # Errors
    /// Whatever the place says; also if the range passes the end.
    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()>;

    /// Writes `bytes` at `offset_bytes`.
    ///
    /// # Errors
    /// Whatever the place says; also if the range passes the end.
    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns once everything written would survive a power cut.
    ///
    /// # Errors
    /// Whatever the place says.
    fn sync(&mut self) -> io::Result<()>;
}

#[cfg(unix)]
impl Image for File {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, bytes, offset_bytes)
    }

    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset_bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}
