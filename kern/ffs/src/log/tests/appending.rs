//! Transactions of chance, appended, cut short at every moment, and replayed: exactly those that
//! were committed are there.

use super::{Luck, SECTOR, TinyDisk, blank, place, replay_image, run, sector};
use crate::layout::ByteOrder;
use crate::layout::log::{Extent, Unlinked};
use crate::log::{Batch, Log, LoggedPage};
use abi::{InodeNo, Timestamp};
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::{Device, PageNo, Sectors};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

extern crate std;

const PAGE: usize = 4096;
const TIME: Timestamp = Timestamp { seconds: 1, nanoseconds: 0 };
/// Pages that transactions change: data of the first group.
const PAGES: std::ops::Range<u64> = 20..28;

/// A page, and what of it is in the log and not in its place, as it was committed.
#[derive(Clone)]
struct Page {
    bytes: Vec<u8>,
    committed: Bytes,
    released: Sectors,
}

/// What is true after a transaction: contents of all pages, and inodes without names.
type Truth = (BTreeMap<u64, Vec<u8>>, Vec<Unlinked>);

struct World {
    luck: Luck,
    disk: Rc<TinyDisk>,
    device: Rc<Device>,
    log: Log,
    pages: BTreeMap<u64, Page>,
    unlinked: BTreeSet<u64>,
    /// Moments, and what is true from then on.
    history: Vec<(usize, Truth)>,
}

impl World {
    fn new(seed: u64, blocks: u64) -> Self {
        let disk = TinyDisk::new(blank());
        let device = disk.device();
        let place = place(blocks);
        let log = Log::new(device.clone(), place, ByteOrder::Little, PAGE as u32);
        run(&device, log.make()).unwrap();
        let (bytes, committed) = (std::vec![0; PAGE], Bytes::new());
        let page = Page { bytes, committed, released: Sectors::NONE };
        let pages = PAGES.map(|number| (number, page.clone())).collect();
        let mut world = Self {
            luck: Luck(seed),
            disk,
            device,
            log,
            pages,
            unlinked: BTreeSet::new(),
            history: Vec::new(),
        };
        world.remember(&[]);
        world
    }

    /// What is true from now on. Of what was just freed, nothing is.
    fn remember(&mut self, freed: &[Extent]) {
        let is_known =
            |number: u64| !freed.iter().any(|extent| extent.offset_bytes == number * PAGE as u64);
        let known = self.pages.iter().filter(|(number, _)| is_known(**number));
        let pages = known.map(|(&number, page)| (number, page.bytes.clone())).collect();
        self.history.push((self.disk.events(), (pages, self.list())));
    }

    fn list(&self) -> Vec<Unlinked> {
        self.unlinked.iter().map(|&inode| Unlinked { inode: InodeNo(inode), mode: 0 }).collect()
    }

    /// Changes a few sectors of a few pages, and takes a page that nobody wants any more out.
    fn change(&mut self) -> (Vec<LoggedPage>, Vec<Extent>) {
        let mut changed = BTreeMap::new();
        for _ in 0..1 + self.luck.below(3) {
            let number = PAGES.start + self.luck.below(PAGES.end - PAGES.start);
            let page = self.pages.get_mut(&number).unwrap();
            let first = self.luck.below(7) as usize;
            let count = 1 + self.luck.below(2) as usize;
            for index in first..first + count {
                let contents = sector(self.luck.next());
                page.bytes[index * SECTOR..][..SECTOR].copy_from_slice(&contents);
            }
            let sectors = Sectors::of(first * SECTOR..(first + count) * SECTOR);
            *changed.entry(number).or_insert(Sectors::NONE) |= sectors;
        }
        let mut revoked = Vec::new();
        let victim = PAGES.start + self.luck.below(PAGES.end - PAGES.start);
        if self.luck.below(4) == 0 && !changed.contains_key(&victim) {
            let extent = Extent { offset_bytes: victim * PAGE as u64, length_bytes: PAGE as u32 };
            revoked.push(extent);
        }
        let logged = changed.into_iter().map(|(number, sectors)| LoggedPage {
            page: PageNo(number),
            bytes: Bytes::from(self.pages[&number].bytes.clone()),
            sectors,
        });
        (logged.collect(), revoked)
    }

    fn make_room(&mut self, bytes: u64) {
        while self.log.room_bytes() < bytes {
            let (pages, number) = self.log.oldest_pages(bytes);
            for page in pages {
                self.write_back(page.0);
                self.log.note_in_place(page, number);
            }
            run(&self.device, self.log.trim(|_| false)).unwrap();
        }
    }

    /// Puts what is released of a page in its place.
    fn write_back(&mut self, number: u64) {
        let page = self.pages.get_mut(&number).unwrap();
        for range in core::mem::take(&mut page.released).runs() {
            let offset = number * PAGE as u64 + range.start as u64;
            let data = page.committed.slice(range);
            run(&self.device, self.device.write(offset, [data].into())).unwrap();
        }
    }

    fn commit(&mut self) {
        if self.luck.below(2) == 0 {
            let inode = 3 + self.luck.below(200);
            if !self.unlinked.remove(&inode) {
                self.unlinked.insert(inode);
            }
        }
        let (pages, revoked) = self.change();
        let unlinked = self.list();
        let batch = Batch { revoked: &revoked, pages: &pages, unlinked: &unlinked, time: TIME };
        let need = self.log.need(&batch).bytes();
        assert!(need <= self.log.transaction_bytes_max());
        self.make_room(need);
        // A first attempt is sometimes given up half-way.
        if self.luck.below(3) == 0 {
            run(&self.device, self.log.start(&batch)).unwrap();
        }
        run(&self.device, async {
            self.log.start(&batch).await?;
            let is_in_place = |page: PageNo| self.pages[&page.0].released.is_empty();
            self.log.commit(&batch, is_in_place).await
        })
        .unwrap();
        self.remember(&revoked);
        self.release(&pages, &revoked);
        self.remember(&[]);
    }

    fn release(&mut self, pages: &[LoggedPage], revoked: &[Extent]) {
        for logged in pages {
            let page = self.pages.get_mut(&logged.page.0).unwrap();
            page.released |= logged.sectors;
            page.committed = logged.bytes.clone();
        }
        for extent in revoked {
            // Freed: what is there now is somebody else's, and durable without any log.
            let number = extent.offset_bytes / PAGE as u64;
            let contents = Bytes::from(sector(self.luck.next()).repeat(PAGE / SECTOR));
            let page = self.pages.get_mut(&number).unwrap();
            (page.bytes, page.released) = (contents.to_vec(), Sectors::NONE);
            run(&self.device, async {
                self.device.write(extent.offset_bytes, [contents].into()).await?;
                self.device.flush().await
            })
            .unwrap();
        }
    }
}

/// Cuts the power at a moment and replays: what is there must be the truth of a transaction that
/// was durable then, or of the one that was being committed.
fn check_cut(world: &World, blocks: u64, cut: usize, seed: u64) {
    let (disk, replayed) = replay_image(world.disk.cut(cut, seed), &place(blocks));
    let (image, replayed) = (disk.image(), replayed.expect("a log that can be replayed"));
    let durable = world.history.iter().rposition(|&(since, _)| since <= cut).unwrap_or(0);
    let candidates = world.history.iter().skip(durable).take(2);
    let is_true = |(pages, unlinked): &Truth| {
        *unlinked == replayed.unlinked
            && pages
                .iter()
                .all(|(number, bytes)| image[*number as usize * PAGE..][..PAGE] == *bytes)
    };
    let found = candidates.filter(|(_, truth)| is_true(truth)).count();
    assert!(found > 0, "cut at {cut} of {}, seed {seed}: neither old nor new", world.disk.events());
}

#[test]
fn exactly_what_was_committed_is_there_after_a_cut_at_any_moment() {
    for seed in 1..12 {
        let blocks = 28 + seed % 7;
        let mut world = World::new(seed, blocks);
        for _ in 0..25 {
            world.commit();
            for _ in 0..world.luck.below(3) {
                let number = PAGES.start + world.luck.below(PAGES.end - PAGES.start);
                world.write_back(number);
            }
        }
        let first = world.history[0].0;
        for cut in first..=world.disk.events() {
            check_cut(&world, blocks, cut, seed * 1000 + cut as u64);
        }
    }
}
