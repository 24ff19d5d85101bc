//! An open image, as `ffscheck` takes it.

use std::io;
use std::os::unix::fs::FileExt;

/// An image that is locked for us.
pub struct Locked(pub posix::Image);

impl ffscheck::Image for Locked {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.0.geometry().size_bytes)
    }

    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.file().read_exact_at(bytes, offset_bytes)
    }

    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.file().write_all_at(bytes, offset_bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.file().sync_all()
    }
}
