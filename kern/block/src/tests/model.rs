//! Random work against a model of sectors. The contents of a sector are a number that only grows,
//! so that it can be said at any time what may stand on the disk and what must:
//!
//! - no sector ever goes back to older contents;
//! - metadata is never newer than what was released of it;
//! - whatever was there to be written stands there once its write-back has ended;
//! - readers see the newest, wherever it is.

use super::test_disk::TestDisk;
use super::{PAGE, run};
use crate::{Cache, Device, PageNo, SECTOR_BYTES, Sectors, WriteBack};
use abi::Result;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

const PAGES: u64 = 12;
const BUDGET_PAGES: u64 = 4;
const SECTORS: usize = PAGE as usize / SECTOR_BYTES;

/// A sector: of which page, and which.
type Place = (u64, usize);

/// Contents that a sector had when something began, if nothing happened since that excuses it from
/// having them.
type Claim = (Place, u64, u64);

#[derive(Clone, Copy, Default)]
struct Sector {
    newest: u64,
    /// Forgotten or lost, and not changed since: it has any contents.
    is_unknown: bool,
    /// How often it became unknown.
    epoch: u64,
    /// What was released last.
    released: u64,
    /// It was not forgotten since.
    must_be_written: bool,
    seen_on_disk: u64,
}

/// Every second sector is data, the others are metadata.
fn is_data((_, sector): Place) -> bool {
    sector.is_multiple_of(2)
}

fn set(sectors: impl IntoIterator<Item = Place>) -> Sectors {
    let each = sectors.into_iter().map(|(_, sector)| sector * SECTOR_BYTES);
    each.fold(Sectors::NONE, |set, start| set | Sectors::of(start..start + 1))
}

fn number(bytes: &[u8], sector: usize) -> u64 {
    let start = sector * SECTOR_BYTES;
    u64::from_le_bytes(bytes[start..start + 8].try_into().unwrap())
}

/// Sealed pages, and what is claimed of their sectors.
type Commit = Vec<(u64, Bytes, Vec<Claim>)>;

struct World {
    disk: Rc<TestDisk>,
    cache: Rc<Cache>,
    sectors: BTreeMap<Place, Sector>,
    changes: u64,
    /// Metadata that no sealed commit has.
    open: BTreeMap<u64, Vec<Place>>,
    sealed: VecDeque<Commit>,
    write_backs: Vec<(WriteBack, Vec<Claim>)>,
    reads: Vec<(Read, Vec<Claim>)>,
    luck: u64,
}

type Read = Pin<Box<dyn Future<Output = Result<Bytes>>>>;

impl World {
    fn new(seed: u64) -> Self {
        let disk = Rc::new(TestDisk::new(100 * u64::from(PAGE), u64::MAX));
        let device = Device::new(disk.clone());
        let cache = Rc::new(Cache::new(device, PAGE, BUDGET_PAGES * u64::from(PAGE)));
        let places = (0..PAGES).flat_map(|page| (0..SECTORS).map(move |sector| (page, sector)));
        let sectors = places.map(|place| (place, Sector::default())).collect();
        Self {
            disk,
            cache,
            sectors,
            changes: 0,
            open: BTreeMap::new(),
            sealed: VecDeque::new(),
            write_backs: Vec::new(),
            reads: Vec::new(),
            luck: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    /// A number below `end` (xorshift64).
    fn luck(&mut self, end: usize) -> usize {
        self.luck ^= self.luck << 13;
        self.luck ^= self.luck >> 7;
        self.luck ^= self.luck << 17;
        (self.luck >> 11) as usize % end
    }

    fn some_page(&mut self) -> u64 {
        self.luck(PAGES as usize) as u64
    }

    fn some_sectors(&mut self, page: u64) -> Vec<Place> {
        let count = 1 + self.luck(3);
        (0..count).map(|_| (page, self.luck(SECTORS))).collect()
    }

    fn claim(&self, place: Place, contents: u64) -> Claim {
        (place, contents, self.sectors[&place].epoch)
    }

    /// What is claimed and not excused.
    fn due(&self, claims: &[Claim]) -> Vec<(Place, u64)> {
        let due = claims.iter().filter(|(place, _, epoch)| self.sectors[place].epoch == *epoch);
        due.map(|&(place, contents, _)| (place, contents)).collect()
    }

    fn lose(&mut self, place: Place) {
        let sector = self.sectors.get_mut(&place).unwrap();
        (sector.is_unknown, sector.must_be_written) = (true, false);
        sector.epoch += 1;
    }

    fn step(&mut self) {
        match self.luck(100) {
            0..30 => self.change(),
            30..36 => self.seal(),
            36..43 => self.release(),
            43..50 => self.forget(),
            50..70 => self.write_back(),
            70..80 => self.read(),
            80..98 => self.complete(),
            98 => self.disk.broken.set(self.changes.is_multiple_of(3)),
            _ => self.settle(),
        }
        self.check();
    }

    /// The page as it is, if the cache or the model knows it.
    fn page(&self, page: u64) -> Option<BytesMut> {
        if let Some(bytes) = self.cache.peek(PageNo(page)) {
            return Some(BytesMut::from(&bytes[..]));
        }
        let mut bytes = BytesMut::zeroed(PAGE as usize);
        for (&(_, index), sector) in self.sectors.range((page, 0)..(page + 1, 0)) {
            bytes[index * SECTOR_BYTES..][..8].copy_from_slice(&sector.newest.to_le_bytes());
        }
        let mut sectors = self.sectors.range((page, 0)..(page + 1, 0));
        sectors.all(|(_, sector)| !sector.is_unknown).then_some(bytes)
    }

    fn change(&mut self) {
        let page = self.some_page();
        let places = self.some_sectors(page);
        let Some(mut bytes) = self.page(page) else { return };
        self.changes += 1;
        for &place in &places {
            let start = place.1 * SECTOR_BYTES;
            bytes[start..start + 8].copy_from_slice(&self.changes.to_le_bytes());
            let sector = self.sectors.get_mut(&place).unwrap();
            (sector.newest, sector.is_unknown) = (self.changes, false);
        }
        let (free, held): (Vec<_>, Vec<_>) = places.into_iter().partition(|&place| is_data(place));
        self.cache.change(PageNo(page), bytes.freeze(), set(free), set(held.iter().copied()));
        self.open.entry(page).or_default().extend(held);
    }

    fn seal(&mut self) {
        let mut commit = Vec::new();
        for (page, places) in core::mem::take(&mut self.open) {
            let claims = places.iter().map(|place| self.claim(*place, self.sectors[place].newest));
            let claims: Vec<Claim> = claims.collect();
            if let Some(bytes) = self.cache.peek(PageNo(page)) {
                commit.push((page, bytes, claims));
            }
        }
        self.sealed.push_back(commit);
    }

    fn release(&mut self) {
        for (page, bytes, claims) in self.sealed.pop_front().unwrap_or_default() {
            let sectors = set(claims.iter().map(|claim| claim.0));
            self.cache.release(PageNo(page), bytes, sectors);
            for (place, contents) in self.due(&claims) {
                let sector = self.sectors.get_mut(&place).unwrap();
                (sector.released, sector.must_be_written) = (contents, true);
            }
        }
    }

    fn forget(&mut self) {
        let page = self.some_page();
        let mut places = self.some_sectors(page);
        if self.luck(2) == 0 {
            self.cache.forget(PageNo(page), set(places.iter().copied()));
        } else {
            self.cache.forget_data(PageNo(page), set(places.iter().copied()));
            places.retain(|&place| is_data(place));
        }
        for place in places {
            self.lose(place);
            self.open.entry(page).or_default().retain(|&other| other != place);
        }
    }

    /// What the disk has of these pages once they are written back.
    fn claims(&self, pages: &[PageNo]) -> Vec<Claim> {
        let places = self.sectors.iter().filter(|((page, _), _)| pages.contains(&PageNo(*page)));
        let claim = places.filter_map(|(&place, sector)| match is_data(place) {
            true => (!sector.is_unknown).then(|| self.claim(place, sector.newest)),
            false => sector.must_be_written.then(|| self.claim(place, sector.released)),
        });
        claim.collect()
    }

    fn write_back(&mut self) {
        let pages: Vec<PageNo> = if self.luck(3) == 0 {
            self.cache.oldest(3 * u64::from(PAGE))
        } else {
            (0..1 + self.luck(4)).map(|_| PageNo(self.some_page())).collect()
        };
        let claims = self.claims(&pages);
        let write_back = self.cache.write_back(pages);
        if self.luck(4) != 0 {
            self.write_backs.push((write_back, claims));
        }
    }

    fn read(&mut self) {
        let page = self.some_page();
        let (cache, is_pinned) = (self.cache.clone(), self.luck(2) == 0);
        let read = Box::pin(async move {
            if !is_pinned {
                return cache.read(PageNo(page)).await;
            }
            let _pinned = cache.pin(PageNo(page)).await?;
            Ok(cache.peek(PageNo(page)).expect("it is pinned"))
        });
        let sectors = self.sectors.range((page, 0)..(page + 1, 0));
        let known = sectors.filter(|(_, sector)| !sector.is_unknown);
        let claims = known.map(|(&place, sector)| self.claim(place, sector.newest)).collect();
        self.reads.push((read, claims));
        self.poll_reads();
    }

    fn poll_reads(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        for (mut read, claims) in core::mem::take(&mut self.reads) {
            match read.as_mut().poll(&mut context) {
                Poll::Pending => self.reads.push((read, claims)),
                Poll::Ready(Ok(bytes)) => {
                    for (place, contents) in self.due(&claims) {
                        assert!(number(&bytes, place.1) >= contents, "{place:?} read");
                    }
                }
                Poll::Ready(Err(_)) => {}
            }
        }
    }

    fn complete(&mut self) {
        let (count, pick) = (self.luck(4), self.luck(1000));
        self.disk.completions_left.set(count);
        self.disk.pick.set(pick);
        self.cache.device().collect();
        self.disk.completions_left.set(usize::MAX);
        self.note_failures();
        self.poll_reads();
        self.poll_write_backs();
    }

    fn note_failures(&mut self) {
        for (PageNo(page), _) in self.cache.take_failures() {
            for sector in (0..SECTORS).filter(|&sector| is_data((page, sector))) {
                self.lose((page, sector));
            }
        }
    }

    fn poll_write_backs(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        for (mut write_back, claims) in core::mem::take(&mut self.write_backs) {
            match Pin::new(&mut write_back).poll(&mut context) {
                Poll::Pending => self.write_backs.push((write_back, claims)),
                Poll::Ready(Ok(())) => self.check_written(&claims),
                Poll::Ready(Err(_)) => {}
            }
        }
    }

    fn check_written(&self, claims: &[Claim]) {
        for (place, contents) in self.due(claims) {
            assert!(self.on_disk(place) >= contents, "{place:?} written back");
        }
    }

    fn on_disk(&self, (page, sector): Place) -> u64 {
        number(&self.disk.sector(page * SECTORS as u64 + sector as u64), 0)
    }

    /// Writes all that may be written, with a disk that works.
    fn settle(&mut self) {
        self.disk.broken.set(false);
        self.cache.device().collect();
        self.note_failures();
        let claims = self.claims(&Vec::from_iter((0..PAGES).map(PageNo)));
        run(&self.cache, self.cache.write_back(self.cache.oldest(u64::MAX))).unwrap();
        run(&self.cache, self.cache.flush()).unwrap();
        assert!(self.cache.released_bytes() == 0 && self.cache.dirty_bytes() == 0);
        for (place, contents) in self.due(&claims) {
            assert_eq!(self.on_disk(place), contents, "{place:?} settled");
        }
    }

    fn check(&mut self) {
        for place in self.sectors.keys().copied().collect::<Vec<_>>() {
            let found = self.on_disk(place);
            let sector = self.sectors.get_mut(&place).unwrap();
            assert!(found >= sector.seen_on_disk, "{place:?} went back to older contents");
            assert!(is_data(place) || found <= sector.released, "{place:?} was held");
            sector.seen_on_disk = found;
        }
        for page in 0..PAGES {
            let Some(bytes) = self.cache.peek(PageNo(page)) else { continue };
            for (place, sector) in self.sectors.range((page, 0)..(page + 1, 0)) {
                let is_newest = number(&bytes, place.1) == sector.newest;
                assert!(is_newest || sector.is_unknown, "{place:?} is not the newest");
            }
        }
        let released = (0..PAGES).any(|page| self.cache.is_released(PageNo(page)));
        assert_eq!(self.cache.released_bytes() > 0, released);
        assert!(self.cache.resident_bytes() <= BUDGET_PAGES * u64::from(PAGE));
    }

    /// Releases and writes everything.
    fn finish(&mut self) {
        self.seal();
        while !self.sealed.is_empty() {
            self.release();
        }
        self.settle();
        self.poll_reads();
        for (place, sector) in &self.sectors {
            assert!(sector.is_unknown || self.on_disk(*place) == sector.newest, "{place:?}");
        }
        assert_eq!((self.cache.oldest(u64::MAX), self.reads.len()), (Vec::new(), 0));
    }
}

#[test]
fn random_work_agrees_with_a_model_of_sectors() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        (0..1000).for_each(|_| world.step());
        world.finish();
    }
}
