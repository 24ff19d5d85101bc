//! The index of a large directory: from a name's hash to the record's offset, 8 bytes each, and
//! the chunks that have room for more.
//!
//! It keeps no names: a candidate is compared with the record itself, whose page the lookup
//! needs anyway. The hash is keyed, so nobody can make names that all share a place.
//!
//! Transactions that change a directory say what becomes of its index; the index learns of it
//! when they are applied. An index that is not in memory is built anew when it is needed.

use super::free_space::FreeSpace;
use super::records::Record;
use super::room::RoomCount;
use super::scan::Scan;
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::CHUNK_BYTES;
use abi::InodeNo;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::ops::ControlFlow;
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

/// What a name costs at most, in bytes: tables double when they are filled to seven eighths, and
/// keep a byte beside each slot.
const NAME_COST_BYTES: u64 = 21;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    hash: u32,
    offset: u32,
}

/// What becomes of the name index of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IndexChange {
    /// It is built anew when it is needed.
    Drop,
    /// There is a name with this hash, in the record at `offset`.
    Enter { hash: u32, offset: u32 },
    /// That name is gone.
    Strike { hash: u32, offset: u32 },
    /// The longest record that a chunk, the one behind the last perhaps, can take.
    Room { chunk: u32, bytes: usize },
    /// The directory has only so many chunks.
    Cut { chunks: u32 },
}

/// Where the names of one directory are, and where others may be put.
pub(crate) struct NameIndex {
    names: RefCell<HashTable<Slot>>,
    free_space: RefCell<FreeSpace>,
    /// Whether there may be further names, in what could not be read.
    pub(super) is_damaged: bool,
    is_torn: bool,
}

impl NameIndex {
    fn new(chunks: u32) -> Self {
        Self {
            names: RefCell::default(),
            free_space: RefCell::new(FreeSpace::new(chunks)),
            is_damaged: false,
            is_torn: false,
        }
    }

    fn insert(&self, slot: Slot) {
        self.names.borrow_mut().insert_unique(spread(slot.hash), slot, |slot| spread(slot.hash));
    }

    /// Says whether it was there.
    fn remove(&self, slot: Slot) -> bool {
        let mut names = self.names.borrow_mut();
        let Ok(found) = names.find_entry(spread(slot.hash), |one| *one == slot) else {
            return false;
        };
        found.remove();
        let count = names.len();
        if count < names.capacity() / 8 {
            names.shrink_to(2 * count, |slot| spread(slot.hash));
        }
        true
    }

    /// The offset of the `nth` record that may hold a name with this hash.
    pub(super) fn candidate(&self, hash: u32, nth: usize) -> Option<u64> {
        let names = self.names.borrow();
        let slot = names.iter_hash(spread(hash)).filter(|slot| slot.hash == hash).nth(nth)?;
        Some(slot.offset.into())
    }

    /// Where the chunk begins that is the best for a record of `needed_bytes`.
    pub(super) fn chunk_with_room(&self, needed_bytes: usize) -> Option<u64> {
        let chunk = self.free_space.borrow().find(needed_bytes)?;
        Some(u64::from(chunk) * CHUNK_BYTES as u64)
    }

    /// See [`FreeSpace::tail`].
    pub(super) fn free_tail(&self, freed: Option<u32>, limit: usize) -> usize {
        self.free_space.borrow().tail(freed, limit)
    }

    #[cfg(test)]
    pub(super) fn has_the_same_room(&self, other: &Self) -> bool {
        *self.free_space.borrow() == *other.free_space.borrow()
    }

    /// Says whether the index is of use afterwards.
    fn change(&self, change: &IndexChange) -> bool {
        match *change {
            IndexChange::Drop => return false,
            IndexChange::Enter { hash, offset } => self.insert(Slot { hash, offset }),
            IndexChange::Strike { hash, offset } => return self.remove(Slot { hash, offset }),
            IndexChange::Room { chunk, bytes } => {
                return self.free_space.borrow_mut().set(chunk, bytes);
            }
            IndexChange::Cut { chunks } => self.free_space.borrow_mut().cut(chunks),
        }
        true
    }

    fn bytes(&self) -> u64 {
        self.names.borrow().allocation_size() as u64 + self.free_space.borrow().bytes()
    }
}

/// The table looks at both ends of a hash: the 32 bits that are kept serve as both.
const fn spread(hash: u32) -> u64 {
    (hash as u64) << 32 | hash as u64
}

impl Ffs {
    /// By what an index knows a name.
    pub(super) fn name_hash(&self, name: &[u8]) -> u32 {
        let [first, second] = self.options.hash_key;
        SipHasher13::new_with_keys(first, second).hash(name) as u32
    }

    /// Takes over what a transaction says of an index. One that outgrows the budget is forgotten.
    pub(crate) fn change_index(&self, directory: InodeNo, change: IndexChange) {
        let mut indexes = self.indexes.borrow_mut();
        let Some(index) = indexes.get(directory) else { return };
        let bytes = index.bytes();
        if !index.change(&change) {
            indexes.remove(directory);
        } else if index.bytes() != bytes {
            indexes.remove(directory);
            let bytes = index.bytes();
            indexes.insert(directory, index, bytes);
        }
    }

    /// The index of a directory, as far as it is in memory.
    pub(super) fn known_index(&self, directory: InodeNo) -> Option<Rc<NameIndex>> {
        self.indexes.borrow_mut().get(directory)
    }

    /// The index of a large directory, built by whoever needs it first; `None` if it would not
    /// fit its budget.
    pub(super) async fn name_index(&self, directory: &Node, size: u64) -> Option<Rc<NameIndex>> {
        let key = directory.number;
        if let Some(index) = self.known_index(key) {
            return Some(index);
        }
        let _guard = directory.findings.indexing.exclusive().await;
        if let Some(index) = self.known_index(key) {
            return Some(index);
        }
        if directory.findings.is_unindexed.get() {
            return None;
        }
        let index = self.build_index(directory, size).await;
        match &index {
            // The next lookup tries again to read what could not be read.
            Some(index) if index.is_torn => {}
            Some(index) => self.indexes.borrow_mut().insert(key, index.clone(), index.bytes()),
            None => directory.findings.is_unindexed.set(true),
        }
        index
    }

    /// A directory without an index has been read from end to end, and has so many names: few
    /// enough for one, perhaps, by now.
    pub(super) fn reconsider_index(&self, directory: &Node, names: u64, size: u64) {
        let chunks = size / CHUNK_BYTES as u64;
        let cost = names * NAME_COST_BYTES + chunks * FreeSpace::CHUNK_COST_BYTES;
        if cost <= self.options.directory_index_bytes {
            directory.findings.is_unindexed.set(false);
        }
    }

    async fn build_index(&self, directory: &Node, size: u64) -> Option<Rc<NameIndex>> {
        let chunks = size / CHUNK_BYTES as u64;
        let bytes_max = self.options.directory_index_bytes;
        if chunks * FreeSpace::CHUNK_COST_BYTES > bytes_max {
            return None;
        }
        let mut index = NameIndex::new(chunks as u32);
        let mut rooms = RoomCount::default();
        let scan = self.scan(directory, size, |record| {
            self.take_in(&index, &mut rooms, record);
            let fits = index.bytes() <= bytes_max;
            if fits { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match scan.await {
            Scan::Found(()) => None,
            Scan::End(gaps) => {
                (index.is_damaged, index.is_torn) = (gaps.exist(), gaps.is_torn);
                Some(Rc::new(index))
            }
        }
    }

    fn take_in(&self, index: &NameIndex, rooms: &mut RoomCount, record: Record<'_>) {
        let Record { offset, entry } = record;
        if entry.is_name() {
            // A directory's size, and so an offset in it, is below 2³¹.
            index.insert(Slot { hash: self.name_hash(entry.name), offset: offset as u32 });
        }
        if let Some((start, bytes)) = rooms.after(&record) {
            let chunk = (start / CHUNK_BYTES as u64) as u32;
            index.free_space.borrow_mut().set(chunk, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: u32) -> Slot {
        Slot { hash: number.wrapping_mul(0x9e37_79b1) & 0x00ff_ffff, offset: number * 16 }
    }

    #[test]
    fn every_name_is_found_where_it_was_put_until_it_is_struck() {
        let index = NameIndex::new(2);
        for Slot { hash, offset } in (0..5000).map(slot) {
            assert!(index.change(&IndexChange::Enter { hash, offset }));
        }
        let large = index.bytes();
        for number in 0..5000 {
            let Slot { hash, offset } = slot(number);
            let mut offsets = (0..).map_while(|nth| index.candidate(hash, nth));
            assert!(offsets.any(|one| one == u64::from(offset)));
            assert!(index.change(&IndexChange::Strike { hash, offset }));
            assert!(!index.change(&IndexChange::Strike { hash, offset }));
            assert_eq!(index.candidate(hash, 0), None);
        }
        assert!(index.bytes() < large / 100);
    }

    #[test]
    fn room_is_found_where_it_was_told_of() {
        let index = NameIndex::new(2);
        assert_eq!(index.chunk_with_room(12), None);
        assert!(index.change(&IndexChange::Room { chunk: 1, bytes: 40 }));
        assert!(index.change(&IndexChange::Room { chunk: 2, bytes: 512 }));
        assert_eq!([12, 44].map(|bytes| index.chunk_with_room(bytes)), [Some(512), Some(1024)]);
        assert!(index.change(&IndexChange::Cut { chunks: 2 }));
        assert_eq!(index.chunk_with_room(44), None);
        assert!(!index.change(&IndexChange::Room { chunk: 9, bytes: 40 }));
        assert!(!index.change(&IndexChange::Drop));
    }
}
