//! The index of a large directory: from a name's hash to the record's offset, 8 bytes each.
//!
//! It keeps no names: a candidate is compared with the record itself, whose page the lookup
//! needs anyway. The hash is keyed, so nobody can make names that all share a place.

use super::scan::Scan;
use crate::file_system::Ffs;
use crate::inodes::Node;
use abi::InodeNo;
use alloc::rc::Rc;
use core::ops::ControlFlow;
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

struct Slot {
    hash: u32,
    offset: u32,
}

/// What becomes of the name index of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IndexChange {
    /// It is built anew when it is needed.
    Drop,
}

/// Where the names of one directory are.
pub(crate) struct NameIndex {
    table: HashTable<Slot>,
    hasher: SipHasher13,
    /// Whether there may be further names, in what could not be read.
    pub(super) is_damaged: bool,
    is_torn: bool,
}

impl NameIndex {
    fn new([first, second]: [u64; 2]) -> Self {
        let hasher = SipHasher13::new_with_keys(first, second);
        Self { table: HashTable::new(), hasher, is_damaged: false, is_torn: false }
    }

    fn insert(&mut self, name: &[u8], offset: u32) {
        let hash = self.hash(name);
        let slot = Slot { hash, offset };
        self.table.insert_unique(spread(hash), slot, |slot| spread(slot.hash));
    }

    /// Offsets of the records that may hold `name`.
    pub(super) fn candidates(&self, name: &[u8]) -> impl Iterator<Item = u64> {
        let hash = self.hash(name);
        let slots = self.table.iter_hash(spread(hash)).filter(move |slot| slot.hash == hash);
        slots.map(|slot| slot.offset.into())
    }

    fn hash(&self, name: &[u8]) -> u32 {
        self.hasher.hash(name) as u32
    }

    fn bytes(&self) -> u64 {
        self.table.allocation_size() as u64
    }
}

/// The table looks at both ends of a hash: the 32 bits that are kept serve as both.
const fn spread(hash: u32) -> u64 {
    (hash as u64) << 32 | hash as u64
}

impl Ffs {
    /// Takes over what a transaction says of an index.
    pub(crate) fn change_index(&self, directory: InodeNo, change: IndexChange) {
        match change {
            IndexChange::Drop => self.indexes.borrow_mut().remove(directory),
        }
    }

    /// The index of a large directory, built by whoever needs it first; `None` if it would not
    /// fit its budget.
    pub(super) async fn name_index(&self, directory: &Node, size: u64) -> Option<Rc<NameIndex>> {
        let key = directory.number;
        let known = || self.indexes.borrow_mut().get(key);
        if let Some(index) = known() {
            return Some(index);
        }
        let _guard = directory.indexing.exclusive().await;
        if let Some(index) = known() {
            return Some(index);
        }
        if directory.is_unindexed.get() {
            return None;
        }
        let index = self.build_index(directory, size).await;
        match &index {
            // The next lookup tries again to read what could not be read.
            Some(index) if index.is_torn => {}
            Some(index) => self.indexes.borrow_mut().insert(key, index.clone(), index.bytes()),
            None => directory.is_unindexed.set(true),
        }
        index
    }

    async fn build_index(&self, directory: &Node, size: u64) -> Option<Rc<NameIndex>> {
        let mut index = NameIndex::new(self.options.hash_key);
        let bytes_max = self.options.directory_index_bytes;
        let scan = self.scan(directory, size, |offset, entry| {
            // A directory's size, and so an offset in it, is below 2³¹.
            index.insert(entry.name, offset as u32);
            if index.bytes() > bytes_max {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        match scan.await {
            Scan::Found(()) => None,
            Scan::End(gaps) => {
                (index.is_damaged, index.is_torn) = (gaps.exist(), gaps.is_torn);
                Some(Rc::new(index))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    #[test]
    fn every_name_is_found_where_it_was_put() {
        let mut index = NameIndex::new([1, 2]);
        for number in 0..5000 {
            index.insert(format!("name {number}").as_bytes(), number * 16);
        }
        for number in 0..5000_u64 {
            let offsets: Vec<u64> = index.candidates(format!("name {number}").as_bytes()).collect();
            assert!(offsets.contains(&(number * 16)) && offsets.len() <= 2);
        }
        assert_eq!(index.candidates(b"absent").count(), 0);
    }
}
