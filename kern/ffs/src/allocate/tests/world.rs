//! A new file system mounted for writing, and a way to run transactions on it.

use crate::layout::CylGroup;
use crate::testing::{Mounted, NOW, new_image};
use crate::transaction::{Step, Transaction};
use crate::{Ffs, Options};
use abi::{Result, Timestamp};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use block::PageNo;
use bytes::Bytes;
use core::cell::{Cell, RefCell};
use ffscheck::Image;
use ffscheck::newfs::{ByteOrder, Format};

pub use ffscheck::newfs::Options as Made;

/// Small file systems of all four layouts, without a reserve.
pub fn layouts() -> impl Iterator<Item = Made> {
    let formats = [Format::Ufs1, Format::Ufs2].into_iter();
    formats.flat_map(|format| {
        [ByteOrder::Little, ByteOrder::Big].map(|byte_order| Made {
            format,
            byte_order,
            reserved_percent: 0,
            ..Made::new(3 << 20)
        })
    })
}

/// A mounted file system.
pub struct World {
    pub ffs: Rc<Ffs>,
    pub damage: Rc<RefCell<Vec<String>>>,
    mounted: Mounted,
    now: Cell<i64>,
}

impl World {
    pub fn new(made: &Made) -> Self {
        Self::changed(made, 0, &[])
    }

    /// The same, with other bytes somewhere.
    pub fn changed(made: &Made, offset_bytes: u64, bytes: &[u8]) -> Self {
        let mut image = new_image(made);
        image.write_at(offset_bytes, bytes).expect("a place");
        let options = Options { hash_key: [3, 5], ..Options::default() };
        let mounted = Mounted::of(image, options).expect("a mount");
        let (ffs, damage) = (mounted.ffs.clone(), mounted.damage.clone());
        Self { ffs, damage, mounted, now: Cell::new(NOW.seconds) }
    }

    /// Runs a transaction to its end, a second later than the one before.
    pub fn transact<T>(&self, work: impl FnMut(&mut Transaction<'_>) -> Step<T>) -> Result<T> {
        self.now.set(self.now.get() + 1);
        let time = Timestamp { seconds: self.now.get(), nanoseconds: 0 };
        self.mounted.wait(Box::pin(self.ffs.transact(time, work)))
    }

    pub fn commit(&self) {
        self.mounted.wait(Box::pin(self.ffs.make_durable())).expect("a commit");
    }

    pub fn page(&self, page: PageNo) -> Bytes {
        self.mounted.wait(self.ffs.cache.read(page)).expect("a page")
    }

    pub fn groups(&self) -> impl Iterator<Item = CylGroup> {
        (0..self.ffs.geometry.groups).map(CylGroup)
    }

    /// Where the block of a group begins on the disk.
    pub fn group_bytes(&self, group: CylGroup) -> u64 {
        self.ffs.geometry.group_block(group).0 << self.ffs.geometry.frag_shift
    }

    /// The same block as it is now.
    pub fn group(&self, group: CylGroup) -> Bytes {
        self.page(self.ffs.page(self.ffs.geometry.group_block(group)))
    }

    pub fn free_frags(&self) -> i64 {
        let total = self.ffs.writer.as_ref().expect("writable").total();
        (total.free_blocks << self.ffs.geometry.frags_per_block_shift()) + total.free_frags
    }
}
