//! The records of a piece of a directory, one after another.

use crate::layout::{CHUNK_BYTES, DirectoryEntry, DirectoryShape, EntryFault, Geometry};

/// A record that is damaged, and with it the rest of its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// Where in the directory, in bytes.
    pub(super) offset: u64,
    pub(super) fault: EntryFault,
}

/// A name in use, or a free record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Where in the directory, in bytes.
    pub(super) offset: u64,
    pub(super) entry: DirectoryEntry<'a>,
}

/// Iterates over the records in whole chunks of a directory.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    /// Where in the directory `bytes` begins.
    base: u64,
    at: usize,
    shape: DirectoryShape,
    inodes: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], base: u64, geometry: &Geometry) -> Self {
        let (shape, inodes) = (geometry.directory_shape(), geometry.inodes());
        Self { bytes, base, at: 0, shape, inodes }
    }

    fn parse(&self) -> Result<DirectoryEntry<'a>, EntryFault> {
        let start = self.at - self.at % CHUNK_BYTES;
        let chunk = &self.bytes[start..self.bytes.len().min(start + CHUNK_BYTES)];
        let entry = DirectoryEntry::parse(chunk, self.at - start, self.shape)?;
        let exists = u64::from(entry.inode) < self.inodes;
        exists.then_some(entry).ok_or(EntryFault::Inode(entry.inode))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Bad>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        #[cfg(test)]
        super::tests::count_record();
        let offset = self.base + self.at as u64;
        Some(match self.parse() {
            Ok(entry) => {
                self.at += entry.record_bytes;
                Ok(Record { offset, entry })
            }
            Err(fault) => {
                self.at += CHUNK_BYTES - self.at % CHUNK_BYTES;
                Err(Bad { offset, fault })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::ByteOrder;
    use alloc::vec;
    use alloc::vec::Vec;

    const SHAPE: DirectoryShape = DirectoryShape { order: ByteOrder::Big, has_types: true };

    fn put(bytes: &mut [u8], inode: u32, record_bytes: usize, name: &[u8]) {
        DirectoryEntry { inode, record_bytes, type_code: 8, name }.emit(bytes, SHAPE);
    }

    #[test]
    fn damage_costs_the_rest_of_a_chunk() {
        let mut bytes = vec![0; 3 * CHUNK_BYTES];
        put(&mut bytes, 0, 12, b"x");
        put(&mut bytes[12..], 3, 500, b"a");
        put(&mut bytes[512..], 4, 12, b"b");
        put(&mut bytes[524..], 5, 504, b"crosses");
        put(&mut bytes[1024..], 6, 12, b"d");
        put(&mut bytes[1036..], 99, 500, b"beyond");
        let records = Records { bytes: &bytes, base: 2048, at: 0, shape: SHAPE, inodes: 99 };
        let seen: Vec<_> = records
            .map(|record| {
                let named = |record: Record<'_>| (record.offset, record.entry.name.to_vec());
                record.map(named).map_err(|bad| bad.offset)
            })
            .collect();
        let ok = |offset, name: &[u8]| Ok((offset, name.to_vec()));
        let first = [ok(2048, b""), ok(2060, b"a"), ok(2560, b"b")];
        assert_eq!(seen[..3], first);
        assert_eq!(seen[3..], [Err(2572), ok(3072, b"d"), Err(3084)]);
    }
}
