//! Inodes by number.
//!
//! A number is used again once its file is gone, with the next generation; where generations
//! begin is drawn from the verifier, so that a handle of a former instance, whose file had the
//! same number, is stale.

use crate::inode::Inode;
use abi::{Errno, FileId, InodeNo, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The number of the root directory, by the custom of FFS.
const FIRST_INODE: u64 = 2;

pub(crate) struct InodeTable {
    slots: Vec<Slot>,
    free: Vec<usize>,
    first_generation: u32,
}

struct Slot {
    /// Of the inode, or of the next one if there is none.
    generation: u32,
    inode: Option<Box<Inode>>,
}

impl InodeTable {
    pub(crate) const fn new(verifier: u64) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), first_generation: scatter(verifier) }
    }

    pub(crate) fn len(&self) -> u64 {
        (self.slots.len() - self.free.len()) as u64
    }

    /// What the next inode will be called.
    pub(crate) fn next(&self) -> FileId {
        let index = self.free.last().copied().unwrap_or(self.slots.len());
        let generation = self.slots.get(index).map_or(self.first_generation, |s| s.generation);
        FileId { inode: InodeNo(index as u64 + FIRST_INODE), generation }
    }

    pub(crate) fn insert(&mut self, inode: Inode) -> FileId {
        let file = self.next();
        let inode = Some(Box::new(inode));
        match self.free.pop() {
            Some(index) => self.slots[index].inode = inode,
            None => self.slots.push(Slot { generation: file.generation, inode }),
        }
        file
    }

    /// Takes an inode out, for ever.
    pub(crate) fn remove(&mut self, file: FileId) -> Result<Box<Inode>> {
        let index = index_of(file.inode)?;
        let slot = self.slots.get_mut(index).filter(|slot| slot.generation == file.generation);
        let slot = slot.ok_or(Errno::Stale)?;
        let inode = slot.inode.take().ok_or(Errno::Stale)?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        Ok(inode)
    }

    pub(crate) fn identify(&self, inode: InodeNo) -> Result<FileId> {
        let slot = self.slots.get(index_of(inode)?).filter(|slot| slot.inode.is_some());
        slot.map(|slot| FileId { inode, generation: slot.generation }).ok_or(Errno::Stale)
    }

    pub(crate) fn get(&self, file: FileId) -> Result<&Inode> {
        let slot = self.slots.get(index_of(file.inode)?);
        let slot = slot.filter(|slot| slot.generation == file.generation);
        slot.and_then(|slot| slot.inode.as_deref()).ok_or(Errno::Stale)
    }

    pub(crate) fn get_mut(&mut self, file: FileId) -> Result<&mut Inode> {
        let slot = self.slots.get_mut(index_of(file.inode)?);
        let slot = slot.filter(|slot| slot.generation == file.generation);
        slot.and_then(|slot| slot.inode.as_deref_mut()).ok_or(Errno::Stale)
    }
}

fn index_of(inode: InodeNo) -> Result<usize> {
    let index = inode.0.checked_sub(FIRST_INODE).and_then(|index| usize::try_from(index).ok());
    index.ok_or(Errno::Stale)
}

/// Numbers near each other far apart (the last steps of SplitMix64).
const fn scatter(seed: u64) -> u32 {
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (seed >> 32) as u32
}
