//! What stands on a disk.

use std::ops::Range;
use std::rc::Rc;

const PAGE_BYTES: u64 = 4096;

type Page = [u8; PAGE_BYTES as usize];

/// An image in pages, which its copies share until one of them changes: a copy of a disk is as cheap
/// as a list of its pages, and what was never written takes no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    size_bytes: u64,
    pages: Vec<Option<Rc<Page>>>,
}

impl Image {
    /// Zeros.
    pub fn zeroed(size_bytes: u64) -> Self {
        Self { size_bytes, pages: vec![None; size_bytes.div_ceil(PAGE_BYTES) as usize] }
    }

    /// These bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut image = Self::zeroed(bytes.len() as u64);
        for (index, chunk) in bytes.chunks(PAGE_BYTES as usize).enumerate() {
            if chunk.iter().any(|&byte| byte != 0) {
                image.write_at(index as u64 * PAGE_BYTES, chunk);
            }
        }
        image
    }

    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// All of it, in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size_bytes as usize];
        self.read_at(0, &mut bytes);
        bytes
    }

    /// Fills `bytes` with what stands at `offset_bytes`.
    ///
    /// # Panics
    /// If that is beyond the end.
    pub fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) {
        for (page, inside, part) in self.pieces(offset_bytes, bytes.len()) {
            match &self.pages[page] {
                Some(page) => bytes[part].copy_from_slice(&page[inside]),
                None => bytes[part].fill(0),
            }
        }
    }

    /// Puts `bytes` at `offset_bytes`.
    ///
    /// # Panics
    /// If that is beyond the end.
    pub fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) {
        for (page, inside, part) in self.pieces(offset_bytes, bytes.len()) {
            let place = self.pages[page].get_or_insert_with(|| Rc::new([0; PAGE_BYTES as usize]));
            Rc::make_mut(place)[inside].copy_from_slice(&bytes[part]);
        }
    }

    /// Cuts a range where pages end: the page, the range in it, and the range of the bytes.
    fn pieces(
        &self,
        offset_bytes: u64,
        length: usize,
    ) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> + use<> {
        let end = offset_bytes.checked_add(length as u64);
        assert!(end.is_some_and(|end| end <= self.size_bytes), "beyond the end of the image");
        let mut done = 0;
        std::iter::from_fn(move || {
            let at = offset_bytes + done as u64;
            let start = (at % PAGE_BYTES) as usize;
            let count = (PAGE_BYTES as usize - start).min(length - done);
            done += count;
            let page = (at / PAGE_BYTES) as usize;
            (count > 0).then(|| (page, start..start + count, done - count..done))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_part_ways_when_one_is_written() {
        let mut image = Image::zeroed(10_000);
        image.write_at(4090, b"over the edge");
        let before = image.clone();
        image.write_at(4095, b"X");
        let mut bytes = [0; 13];
        before.read_at(4090, &mut bytes);
        assert_eq!(&bytes, b"over the edge");
        image.read_at(4090, &mut bytes);
        assert_eq!(&bytes, b"over Xhe edge");
        assert_eq!(image.to_vec().len(), 10_000);
        assert_eq!(Image::from_bytes(&before.to_vec()), before);
    }

    #[test]
    #[should_panic(expected = "beyond the end")]
    fn nothing_is_written_beyond_the_end() {
        Image::zeroed(10).write_at(9, &[1, 2]);
    }
}
