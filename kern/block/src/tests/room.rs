//! Room for dirt, in an account that others share.

use super::{PAGE, cache, poll, run};
use crate::{Account, Cache, PageNo, Sectors};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use bytes::Bytes;
use core::cell::Cell;
use hyper::Budget;

/// So many bytes, first come first served.
struct Purse {
    size: u64,
    taken: Cell<u64>,
}

impl Budget for Purse {
    fn share_bytes(&self) -> u64 {
        self.size
    }

    fn take(&self, bytes: u64) -> bool {
        let is_granted = self.taken.get() + bytes <= self.size;
        if is_granted {
            self.take_anyway(bytes);
        }
        is_granted
    }

    fn take_anyway(&self, bytes: u64) {
        self.taken.set(self.taken.get() + bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.taken.set(self.taken.get() - bytes);
    }
}

/// A cache whose dirt counts in what is returned, and which may have ten pages.
fn on_account() -> (Rc<Purse>, Rc<Cache>) {
    let purse = Rc::new(Purse { size: pages(10), taken: Cell::new(0) });
    let (_, cache) = cache(1 << 22, 8);
    let cache = Rc::into_inner(cache).expect("one owner");
    (purse.clone(), Rc::new(cache.on_account(&Account::new(purse))))
}

fn pages(count: u64) -> u64 {
    count * u64::from(PAGE)
}

fn make_dirty(cache: &Cache, page: u64) {
    let all = Sectors::of(0..PAGE as usize);
    cache.change(PageNo(page), Bytes::from(vec![1; PAGE as usize]), all, Sectors::NONE);
}

#[test]
fn dirt_counts_once_where_there_was_room_for_it() {
    let (purse, cache) = on_account();
    let room = cache.take_room(pages(4)).expect("room");
    assert_eq!((purse.taken.get(), cache.dirty_bytes()), (pages(4), 0));
    (0..3).for_each(|page| make_dirty(&cache, page));
    assert_eq!((purse.taken.get(), cache.taken_bytes()), (pages(4), pages(7)), "some is promised");
    drop(room);
    assert_eq!((purse.taken.get(), cache.taken_bytes()), (pages(3), pages(3)));
    make_dirty(&cache, 9);
    assert_eq!(purse.taken.get(), pages(4), "also without room");
    run(&cache, cache.write_back(cache.oldest(u64::MAX))).expect("a disk that works");
    assert_eq!(purse.taken.get(), 0, "what is on the disk is given back");
}

#[test]
fn there_is_no_room_beyond_the_account() {
    let (purse, cache) = on_account();
    let room = cache.take_room(pages(8)).expect("room");
    assert!(cache.take_room(pages(3)).is_none() && purse.taken.get() == pages(8));
    let more = cache.take_room_anyway(pages(3));
    assert_eq!(purse.taken.get(), pages(11));
    drop((room, more));
    assert_eq!(purse.taken.get(), 0);
}

#[test]
fn a_cache_that_is_dropped_leaves_nothing() {
    let (purse, cache) = on_account();
    let room = cache.take_room(pages(2));
    make_dirty(&cache, 0);
    drop(cache.write_back([PageNo(0)]));
    make_dirty(&cache, 0);
    drop(cache);
    drop(room);
    assert_eq!(purse.taken.get(), 0);
}

#[test]
fn who_waits_hears_of_a_promise_that_became_dirt() {
    let (_, cache) = on_account();
    let room = cache.take_room(pages(4)).expect("room");
    let mut end = Box::pin(cache.next_end());
    assert!(poll(&mut end).is_pending());
    (0..4).for_each(|page| make_dirty(&cache, page));
    assert!(poll(&mut end).is_pending());
    drop(room);
    assert!(poll(&mut end).is_ready(), "nobody else would write it");
}

#[test]
fn memory_that_is_lent_counts_until_nobody_has_it() {
    let (purse, cache) = on_account();
    let call = Bytes::from(vec![1; 4 * PAGE as usize]);
    let room = cache.take_room(pages(4));
    let loan = cache.lend(pages(4));
    for page in 0..2 {
        let bytes = call.slice(page * PAGE as usize..(page + 1) * PAGE as usize);
        cache.change_lent(PageNo(page as u64), bytes, loan.clone());
    }
    drop((room, loan));
    assert_eq!((purse.taken.get(), cache.dirty_bytes()), (pages(4), pages(4)));
    run(&cache, cache.write_back([PageNo(0)])).expect("a disk that works");
    assert_eq!(purse.taken.get(), pages(4), "one page keeps all of it");
    run(&cache, cache.write_back([PageNo(1)])).expect("a disk that works");
    assert_eq!((purse.taken.get(), cache.dirty_bytes()), (0, 0));
}
