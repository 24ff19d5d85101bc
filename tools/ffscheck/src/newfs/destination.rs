//! Where an image is made.

use crate::image::Image;
use crate::pages::{PAGE_BYTES, pieces};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// What a place holds before anything is made there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Zeros.
    Zeros,
    /// Whatever was there before.
    Unknown,
}

/// A place for an image: a file, a device, or memory in tests.
pub trait Destination: Image {
    /// Makes it `size_bytes` long and, where that needs no zeros to be written, all zeros.
    ///
    /// # Errors
    /// Whatever the place says.
    fn clear(&mut self, size_bytes: u64) -> io::Result<Ground>;
}

#[cfg(unix)]
impl Destination for File {
    fn clear(&mut self, size_bytes: u64) -> io::Result<Ground> {
        self.set_len(0)?;
        self.set_len(size_bytes)?;
        Ok(Ground::Zeros)
    }
}

/// An image in memory that keeps only the pages that were written.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    size_bytes: u64,
    pages: BTreeMap<u64, Box<[u8; PAGE_BYTES as usize]>>,
}

impl Memory {
    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Bytes of pages that were written.
    pub fn resident_bytes(&self) -> u64 {
        self.pages.len() as u64 * PAGE_BYTES
    }

    /// Fills `bytes` with what stands at `offset_bytes`; beyond the end there are zeros.
    pub fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) {
        for (page, inside, part) in pieces(offset_bytes, bytes.len()) {
            match self.pages.get(&page) {
                Some(page) => bytes[part].copy_from_slice(&page[inside]),
                None => bytes[part].fill(0),
            }
        }
    }

    /// The whole image.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size_bytes as usize];
        for (page, contents) in &self.pages {
            let start = (page * PAGE_BYTES) as usize;
            let end = bytes.len().min(start + PAGE_BYTES as usize);
            bytes[start..end].copy_from_slice(&contents[..end - start]);
        }
        bytes
    }
}

impl Destination for Memory {
    fn clear(&mut self, size_bytes: u64) -> io::Result<Ground> {
        *self = Self { size_bytes, pages: BTreeMap::new() };
        Ok(Ground::Zeros)
    }
}

impl Image for Memory {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.size_bytes)
    }

    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()> {
        let end = offset_bytes.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > self.size_bytes) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Self::read_at(self, offset_bytes, bytes);
        Ok(())
    }

    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset_bytes.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > self.size_bytes) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for (page, inside, part) in pieces(offset_bytes, bytes.len()) {
            let page = self.pages.entry(page).or_insert_with(|| Box::new([0; PAGE_BYTES as usize]));
            page[inside].copy_from_slice(&bytes[part]);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
