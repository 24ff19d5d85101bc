//! Writing: what becomes dirty, what is written and when, and what a failure leaves.

use super::test_disk::TestDisk;
use super::{PAGE, cache, run};
use crate::{Cache, PageNo, REQUEST_BYTES_MAX, SECTOR_BYTES, Sectors, WriteBack};
use abi::{Errno, Result};
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

/// All sectors of a page.
fn all() -> Sectors {
    Sectors::of(0..PAGE as usize)
}

/// One sector of a page.
fn sector(number: usize) -> Sectors {
    Sectors::of(number * SECTOR_BYTES..(number + 1) * SECTOR_BYTES)
}

/// A page of this byte.
fn page_of(byte: u8) -> Bytes {
    Bytes::from(vec![byte; PAGE as usize])
}

/// What stands on the disk in each sector of a page.
fn on_disk(disk: &TestDisk, page: u64) -> Vec<u8> {
    let start = page * u64::from(PAGE);
    (start..start + u64::from(PAGE)).step_by(SECTOR_BYTES).map(|at| disk.byte(at)).collect()
}

fn poll(future: &mut WriteBack) -> Poll<Result<()>> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Reads far away until nothing clean is left.
fn evict_all(cache: &Cache) {
    for page in 500..600 {
        run(cache, cache.read(PageNo(page))).unwrap();
    }
}

fn dirty_page(cache: &Cache, page: u64, byte: u8) {
    cache.change(PageNo(page), page_of(byte), all(), Sectors::NONE);
}

#[test]
fn whoever_waits_for_an_end_is_told_of_each() {
    let (disk, cache) = cache(1 << 22, 8);
    for page in [3, 9] {
        dirty_page(&cache, page, 200);
        drop(cache.write_back([PageNo(page)]));
    }
    disk.completions_left.set(1);
    run(&cache, cache.next_end());
    assert_eq!(cache.dirty_bytes(), u64::from(PAGE));
}

#[test]
fn what_is_changed_is_seen_at_once_and_written_when_told() {
    let (disk, cache) = cache(1 << 22, 8);
    let before = run(&cache, cache.read(PageNo(3))).unwrap();
    cache.change(PageNo(3), page_of(200), sector(1), Sectors::NONE);
    assert_eq!(cache.peek(PageNo(3)), Some(page_of(200)));
    assert_eq!(run(&cache, cache.read_run(PageNo(2), 2)).unwrap()[1], page_of(200));
    assert_eq!((before[0], on_disk(&disk, 3)[1], cache.dirty_bytes()), (3, 3, 4096));
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    assert_eq!(on_disk(&disk, 3), [3, 200, 3, 3, 3, 3, 3, 3]);
    assert_eq!((cache.dirty_bytes(), cache.resident_bytes()), (0, 2 * 4096));
}

#[test]
fn dirt_is_never_evicted_and_goes_back_to_the_clock_when_written() {
    let (_, cache) = cache(1 << 22, 8);
    for page in 0..20 {
        dirty_page(&cache, page, 100);
    }
    evict_all(&cache);
    assert_eq!(cache.dirty_bytes(), 20 * 4096, "beside the budget");
    assert!((0..20).all(|page| cache.peek(PageNo(page)).is_some()));
    run(&cache, cache.write_back((0..20).map(PageNo))).unwrap();
    assert_eq!((cache.dirty_bytes(), cache.resident_bytes()), (0, 8 * 4096));
    evict_all(&cache);
    assert_eq!(run(&cache, cache.read(PageNo(7))).unwrap(), page_of(100));
}

#[test]
fn neighbours_become_one_request_and_gaps_divide_them() {
    let (disk, cache) = cache(1 << 22, 50);
    for page in [4, 2, 3, 9] {
        dirty_page(&cache, page, page as u8 + 100);
    }
    cache.change(PageNo(10), page_of(110), sector(0) | sector(2), Sectors::NONE);
    run(&cache, cache.write_back([4, 10, 9, 3, 2, 4].map(PageNo))).unwrap();
    assert_eq!(disk.writes.get(), 3);
    assert_eq!(on_disk(&disk, 3), [103; 8]);
    assert_eq!(on_disk(&disk, 10), [110, 10, 110, 10, 10, 10, 10, 10]);
}

#[test]
fn a_long_run_is_written_in_requests_of_bounded_size() {
    let (disk, cache) = cache(8 * REQUEST_BYTES_MAX, 1 << 20);
    let count = 3 * REQUEST_BYTES_MAX / u64::from(PAGE);
    (0..count).for_each(|page| dirty_page(&cache, page, 7));
    let numbers = cache.oldest(u64::MAX);
    run(&cache, cache.write_back(numbers)).unwrap();
    assert_eq!((disk.writes.get(), cache.dirty_bytes()), (3, 0));
}

#[test]
fn writes_of_one_page_keep_their_order_and_those_that_wait_become_one() {
    let (disk, cache) = cache(1 << 22, 50);
    let write = |version| {
        dirty_page(&cache, 3, version);
        cache.write_back([PageNo(3)])
    };
    let mut waits = Vec::from_iter((1..=5).map(write));
    assert_eq!((disk.writes.get(), disk.waiting()), (1, 1), "one at a time");
    disk.completions_left.set(1);
    cache.device().collect();
    assert_eq!((on_disk(&disk, 3), disk.waiting()), (vec![1; 8], 1));
    assert!(poll(&mut waits[0]).is_ready() && poll(&mut waits[1]).is_pending());
    disk.completions_left.set(1);
    cache.device().collect();
    assert_eq!((on_disk(&disk, 3), disk.writes.get()), (vec![5; 8], 2));
    assert!(waits[1..].iter_mut().all(|wait| poll(wait) == Poll::Ready(Ok(()))));
}

#[test]
fn a_dropped_write_back_goes_on() {
    let (disk, cache) = cache(1 << 22, 50);
    dirty_page(&cache, 3, 1);
    drop(cache.write_back([PageNo(3)]));
    dirty_page(&cache, 3, 2);
    drop(cache.write_back([PageNo(3)]));
    let everything = cache.write_back([PageNo(3)]);
    cache.device().collect();
    assert_eq!((on_disk(&disk, 3), cache.dirty_bytes()), (vec![2; 8], 0));
    assert_eq!(run(&cache, everything), Ok(()));
    assert_eq!((disk.writes.get(), cache.device().pending_count()), (2, 0));
}

#[test]
fn a_change_during_a_read_wins() {
    for is_broken in [false, true] {
        let (disk, cache) = cache(1 << 22, 8);
        disk.broken.set(is_broken);
        let mut reader = pin!(cache.read(PageNo(3)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(reader.as_mut().poll(&mut context).is_pending());
        dirty_page(&cache, 3, 200);
        assert_eq!(run(&cache, reader), Ok(page_of(200)));
        assert_eq!(cache.peek(PageNo(3)), Some(page_of(200)));
    }
}

#[test]
fn a_read_that_comes_late_brings_nothing_back() {
    let (disk, cache) = cache(1 << 22, 8);
    cache.read_ahead(PageNo(3), 1);
    dirty_page(&cache, 3, 200);
    disk.held.set(1);
    disk.pick.set(1);
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    evict_all(&cache);
    disk.held.set(0);
    disk.pick.set(0);
    cache.device().collect();
    assert_eq!(run(&cache, cache.read(PageNo(3))).unwrap(), page_of(200));
}

#[test]
fn what_is_held_is_written_as_it_was_released() {
    let (disk, cache) = cache(1 << 22, 50);
    cache.change(PageNo(3), page_of(100), sector(5), sector(0) | sector(1));
    let sealed = cache.peek(PageNo(3)).unwrap();
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    assert_eq!(on_disk(&disk, 3), [3, 3, 3, 3, 3, 100, 3, 3]);
    assert!((cache.dirty_bytes(), cache.released_bytes()) == (0, 0));
    cache.change(PageNo(3), page_of(101), sector(6), sector(1));
    cache.release(PageNo(3), sealed, sector(0) | sector(1));
    assert!(cache.is_released(PageNo(3)) && cache.released_bytes() == u64::from(PAGE));
    let mut write = cache.write_back([PageNo(3)]);
    assert!(poll(&mut write).is_pending() && cache.is_released(PageNo(3)), "not in place yet");
    run(&cache, write).unwrap();
    assert_eq!(on_disk(&disk, 3), [100, 100, 3, 3, 3, 100, 101, 3]);
    assert!(!cache.is_released(PageNo(3)) && cache.released_bytes() == 0);
    evict_all(&cache);
    assert_eq!(cache.peek(PageNo(3)), Some(page_of(101)), "sector 1 is held yet");
    cache.release(PageNo(3), cache.peek(PageNo(3)).unwrap(), sector(1));
    run(&cache, cache.write_back(cache.oldest(4096))).unwrap();
    assert_eq!(on_disk(&disk, 3), [100, 101, 3, 3, 3, 100, 101, 3]);
}

#[test]
fn a_later_snapshot_supersedes_one_that_was_not_written() {
    let (disk, cache) = cache(1 << 22, 50);
    for byte in [100, 101] {
        cache.change(PageNo(3), page_of(byte), Sectors::NONE, sector(0));
        cache.release(PageNo(3), cache.peek(PageNo(3)).unwrap(), sector(0));
    }
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    assert_eq!((on_disk(&disk, 3)[0], disk.writes.get()), (101, 1));
}

#[test]
fn what_becomes_data_is_metadata_no_more() {
    let (disk, cache) = cache(1 << 22, 50);
    let sealed = page_of(100);
    cache.change(PageNo(3), sealed.clone(), Sectors::NONE, sector(0) | sector(1));
    cache.release(PageNo(3), sealed.clone(), sector(0));
    cache.change(PageNo(3), page_of(101), sector(0) | sector(1), Sectors::NONE);
    cache.release(PageNo(3), sealed, sector(1));
    assert!(cache.released_bytes() == 0);
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    assert_eq!((on_disk(&disk, 3), cache.dirty_bytes()), (vec![101, 101, 3, 3, 3, 3, 3, 3], 0));
    evict_all(&cache);
    assert_eq!(cache.peek(PageNo(3)), None, "nothing is held");
}

#[test]
fn what_is_forgotten_is_not_written() {
    let (disk, cache) = cache(1 << 22, 50);
    cache.change(PageNo(3), page_of(100), sector(0) | sector(1), sector(2) | sector(3));
    cache.release(PageNo(3), cache.peek(PageNo(3)).unwrap(), sector(2));
    cache.forget_data(PageNo(3), sector(0) | sector(2));
    assert!(cache.is_released(PageNo(3)));
    cache.forget(PageNo(3), sector(2) | sector(3));
    assert!(cache.released_bytes() == 0);
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    assert_eq!(on_disk(&disk, 3), [3, 100, 3, 3, 3, 3, 3, 3]);
    cache.change(PageNo(4), page_of(100), all(), Sectors::NONE);
    cache.forget(PageNo(4), all());
    assert_eq!((cache.dirty_bytes(), cache.oldest(u64::MAX)), (0, vec![]));
}

#[test]
fn what_is_forgotten_while_it_is_written_is_written_to_its_end() {
    let (disk, cache) = cache(1 << 22, 8);
    dirty_page(&cache, 3, 100);
    let write = cache.write_back([PageNo(3)]);
    cache.forget(PageNo(3), all());
    assert_eq!(cache.dirty_bytes(), 4096, "being written");
    dirty_page(&cache, 3, 101);
    let next = cache.write_back([PageNo(3)]);
    assert_eq!(disk.waiting(), 1);
    assert_eq!((run(&cache, write), run(&cache, next)), (Ok(()), Ok(())));
    assert_eq!((on_disk(&disk, 3), cache.dirty_bytes()), (vec![101; 8], 0));
}

#[test]
fn data_that_cannot_be_written_is_told_once_and_dropped() {
    let (disk, cache) = cache(1 << 22, 8);
    for page in [3, 4] {
        dirty_page(&cache, page, 100);
    }
    disk.broken.set(true);
    let write = cache.write_back([PageNo(3), PageNo(4)]);
    dirty_page(&cache, 4, 101);
    assert_eq!(run(&cache, write), Err(Errno::Io));
    disk.broken.set(false);
    assert_eq!(cache.take_failures(), [3, 4].map(|page| (PageNo(page), Errno::Io)));
    assert_eq!(cache.take_failures(), []);
    assert_eq!((cache.peek(PageNo(3)), cache.dirty_bytes()), (None, 4096), "newer dirt is kept");
    run(&cache, cache.write_back([PageNo(4)])).unwrap();
    assert_eq!((on_disk(&disk, 3), on_disk(&disk, 4)), (vec![3; 8], vec![101; 8]));
}

#[test]
fn metadata_that_cannot_be_written_is_tried_again() {
    let (disk, cache) = cache(1 << 22, 8);
    cache.change(PageNo(3), page_of(100), sector(0), sector(1) | sector(2));
    cache.release(PageNo(3), cache.peek(PageNo(3)).unwrap(), sector(1) | sector(2));
    disk.broken.set(true);
    let write = cache.write_back([PageNo(3)]);
    cache.forget(PageNo(3), sector(2));
    assert_eq!(run(&cache, write), Err(Errno::Io));
    assert!(cache.is_released(PageNo(3)) && cache.peek(PageNo(3)).is_some());
    assert_eq!(cache.take_failures(), [(PageNo(3), Errno::Io)]);
    assert_eq!(run(&cache, cache.write_back([PageNo(3)])), Err(Errno::Io));
    assert_eq!(cache.take_failures(), [], "no data this time");
    disk.broken.set(false);
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    assert_eq!(on_disk(&disk, 3), [3, 100, 3, 3, 3, 3, 3, 3]);
    assert_eq!(cache.peek(PageNo(3)), None, "its data is not on the disk");
}

#[test]
fn the_oldest_dirt_comes_first() {
    let (_, cache) = cache(1 << 22, 8);
    for page in [5, 2, 8, 2] {
        dirty_page(&cache, page, 1);
    }
    cache.change(PageNo(1), page_of(1), Sectors::NONE, all());
    assert_eq!(cache.oldest(u64::MAX), [5, 2, 8].map(PageNo));
    assert_eq!(cache.oldest(2 * 4096 + 1), [5, 2].map(PageNo));
    drop(cache.write_back([PageNo(5)]));
    dirty_page(&cache, 5, 1);
    assert_eq!(cache.oldest(u64::MAX), [2, 8, 5].map(PageNo));
}

#[test]
fn the_last_page_is_written_as_far_as_it_goes() {
    let (disk, cache) = cache(4096 + 700, 8);
    cache.change(PageNo(1), page_of(100), all(), Sectors::NONE);
    assert_eq!(cache.peek(PageNo(1)).unwrap().len(), 700);
    run(&cache, cache.write_back([PageNo(1)])).unwrap();
    assert_eq!((disk.byte(4096 + 699), cache.dirty_bytes()), (100, 0));
}

#[test]
fn a_pinned_page_stays_and_an_unpinned_one_may_go() {
    let (disk, cache) = cache(1 << 22, 8);
    let pinned = run(&cache, cache.pin(PageNo(3))).unwrap();
    let again = run(&cache, cache.pin(PageNo(3))).unwrap();
    drop(pinned);
    evict_all(&cache);
    assert_eq!(cache.peek(PageNo(3)).map(|page| page[0]), Some(3));
    dirty_page(&cache, 3, 100);
    run(&cache, cache.write_back([PageNo(3)])).unwrap();
    evict_all(&cache);
    assert!(cache.peek(PageNo(3)).is_some());
    drop(again);
    evict_all(&cache);
    assert_eq!(cache.peek(PageNo(3)), None);
    disk.broken.set(true);
    assert_eq!(run(&cache, cache.pin(PageNo(3))).err(), Some(Errno::Io));
}

#[test]
fn the_device_writes_and_flushes_at_the_call() {
    let (disk, cache) = cache(1 << 22, 8);
    let device = cache.device().clone();
    let write = device.write(8192, vec![page_of(9).slice(..512), page_of(8).slice(..512)]);
    drop(device.flush());
    assert_eq!(disk.waiting(), 2);
    assert_eq!(run(&cache, write), Ok(()));
    let read = run(&cache, device.read(8703, vec![BytesMut::zeroed(2)])).unwrap();
    assert_eq!(read[0][..], [9, 8]);
    disk.broken.set(true);
    assert_eq!(run(&cache, cache.flush()), Err(Errno::Io));
    assert_eq!(run(&cache, device.write(0, vec![page_of(9)])), Err(Errno::Io));
}

#[test]
fn a_cache_dropped_while_it_writes_leaves_nothing_behind() {
    let (disk, cache) = cache(1 << 22, 8);
    dirty_page(&cache, 3, 100);
    let write = cache.write_back([PageNo(3)]);
    drop(cache);
    assert_eq!(Rc::strong_count(&disk), 1);
    drop(write);
}
