//! What repairs have changed, in memory, over an image that stays as it is until the end.
//!
//! So a check without repair sees what one with it would, nothing is written before everything is
//! known, and only the pages that changed take memory.

use super::error::{Error, Result};
use crate::image::Image;
use crate::pages::{PAGE_BYTES, pieces};
use std::collections::BTreeMap;

/// An image and the pages that differ from it.
pub(super) struct Overlay<'a> {
    image: &'a mut dyn Image,
    size_bytes: u64,
    pages: BTreeMap<u64, Box<[u8; PAGE_BYTES as usize]>>,
}

impl<'a> Overlay<'a> {
    pub fn new(image: &'a mut dyn Image) -> Result<Self> {
        let size_bytes = image.size_bytes().map_err(Error::Size)?;
        Ok(Self { image, size_bytes, pages: BTreeMap::new() })
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub fn is_changed(&self) -> bool {
        !self.pages.is_empty()
    }

    pub fn read(&self, offset_bytes: u64, bytes: &mut [u8]) -> Result<()> {
        let read = self.image.read_at(offset_bytes, bytes);
        read.map_err(|error| Error::Read { offset_bytes, error })?;
        for (page, inside, part) in pieces(offset_bytes, bytes.len()) {
            if let Some(page) = self.pages.get(&page) {
                bytes[part].copy_from_slice(&page[inside]);
            }
        }
        Ok(())
    }

    pub fn write(&mut self, offset_bytes: u64, bytes: &[u8]) -> Result<()> {
        for (page, inside, part) in pieces(offset_bytes, bytes.len()) {
            let contents = match self.pages.remove(&page) {
                Some(contents) => contents,
                None => self.load(page)?,
            };
            self.pages.entry(page).or_insert(contents)[inside].copy_from_slice(&bytes[part]);
        }
        Ok(())
    }

    /// A page as the image has it; the last one may be short.
    fn load(&self, page: u64) -> Result<Box<[u8; PAGE_BYTES as usize]>> {
        let mut contents = Box::new([0; PAGE_BYTES as usize]);
        let length = self.page_bytes(page);
        self.read(page * PAGE_BYTES, &mut contents[..length])?;
        Ok(contents)
    }

    fn page_bytes(&self, page: u64) -> usize {
        self.size_bytes.saturating_sub(page * PAGE_BYTES).min(PAGE_BYTES) as usize
    }

    /// Writes all changes to the image, durably.
    pub fn flush(&mut self) -> Result<()> {
        for (page, contents) in std::mem::take(&mut self.pages) {
            let length = self.page_bytes(page);
            self.write_through(page * PAGE_BYTES, &contents[..length])?;
        }
        self.sync()
    }

    /// Writes past the overlay, durably.
    pub fn write_now(&mut self, offset_bytes: u64, bytes: &[u8]) -> Result<()> {
        self.write_through(offset_bytes, bytes)?;
        self.sync()
    }

    fn write_through(&mut self, offset_bytes: u64, bytes: &[u8]) -> Result<()> {
        let written = self.image.write_at(offset_bytes, bytes);
        written.map_err(|error| Error::Write { offset_bytes, error })
    }

    fn sync(&mut self) -> Result<()> {
        self.image.sync().map_err(|error| Error::Write { offset_bytes: 0, error })
    }
}
