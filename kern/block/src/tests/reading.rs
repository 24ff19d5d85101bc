//! Reading: pages are asked for once, arrive for everybody, and stay within their bounds.

use super::{PAGE, cache, run};
use crate::{Cache, PageNo, REQUEST_BYTES_MAX};
use abi::Errno;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use task::Executor;

#[test]
fn pages_are_read_once_and_hold_what_the_disk_holds() {
    let (disk, cache) = cache(100 * 4096, 50);
    for _ in 0..2 {
        let page = run(&cache, cache.read(PageNo(7))).unwrap();
        assert_eq!((page.len(), page[0], page[4095]), (4096, 7, 7));
    }
    assert_eq!(disk.reads.get(), 1);
}

#[test]
fn a_run_asks_once_for_each_gap() {
    let (disk, cache) = cache(100 * 4096, 50);
    run(&cache, cache.read(PageNo(4))).unwrap();
    let pages = run(&cache, cache.read_run(PageNo(0), 10)).unwrap();
    assert!(pages.iter().enumerate().all(|(number, page)| page[0] == number as u8));
    assert_eq!(disk.reads.get(), 3);
}

#[test]
fn a_long_run_is_split_into_requests_of_bounded_size() {
    let (disk, cache) = cache(8 * REQUEST_BYTES_MAX, 1 << 20);
    let count = (3 * REQUEST_BYTES_MAX / u64::from(PAGE)) as u32;
    assert_eq!(run(&cache, cache.read_run(PageNo(1), count)).unwrap().len(), count as usize);
    assert_eq!(disk.reads.get(), 3);
}

#[test]
fn many_tasks_wait_for_one_request() {
    let (disk, cache) = cache(100 * 4096, 50);
    let executor = Executor::new(8);
    let served = Rc::new(Cell::new(0));
    for _ in 0..8 {
        let (cache, served) = (cache.clone(), served.clone());
        let task = async move {
            assert_eq!(cache.read(PageNo(3)).await.unwrap()[0], 3);
            served.set(served.get() + 1);
        };
        executor.spawn(task).unwrap();
    }
    executor.run(100);
    cache.device().collect();
    executor.run(100);
    assert_eq!((served.get(), disk.reads.get()), (8, 1));
}

#[test]
fn the_last_page_may_be_short_and_nothing_lies_behind_it() {
    let (_, cache) = cache(4096 + 100, 50);
    assert_eq!(run(&cache, cache.read(PageNo(1))).unwrap().len(), 100);
    assert_eq!(run(&cache, cache.read(PageNo(2))), Err(Errno::Io));
    assert_eq!(run(&cache, cache.read(PageNo(u64::MAX))), Err(Errno::Io));
    assert_eq!(run(&cache, cache.read_run(PageNo(0), 3)), Err(Errno::Io));
    cache.read_ahead(PageNo(u64::MAX), 5);
    cache.read_ahead(PageNo(1), 5);
    cache.device().collect();
}

#[test]
fn a_failed_read_is_tried_again_by_the_next() {
    let (disk, cache) = cache(100 * 4096, 50);
    disk.broken.set(true);
    assert_eq!(run(&cache, cache.read(PageNo(3))), Err(Errno::Io));
    disk.broken.set(false);
    assert_eq!(run(&cache, cache.read(PageNo(3))).unwrap()[0], 3);
}

#[test]
fn what_is_read_ahead_is_there_and_stays_within_half_of_the_budget() {
    let (disk, cache) = cache(100 * 4096, 8);
    cache.read_ahead(PageNo(0), 4);
    cache.read_ahead(PageNo(4), 4);
    assert_eq!(disk.reads.get(), 1);
    cache.device().collect();
    assert_eq!(cache.resident_bytes(), 4 * 4096);
    run(&cache, cache.read_run(PageNo(0), 4)).unwrap();
    assert_eq!(disk.reads.get(), 1);
}

#[test]
fn the_budget_holds() {
    let (_, cache) = cache(100 * 4096, 10);
    for page in 0..100 {
        run(&cache, cache.read(PageNo(page))).unwrap();
        assert!(cache.resident_bytes() <= 10 * 4096);
    }
    assert_eq!(run(&cache, cache.read_run(PageNo(0), 100)).unwrap().len(), 100);
    assert!(cache.resident_bytes() <= 10 * 4096);
}

#[test]
fn a_task_dropped_while_it_waits_leaves_the_page_to_others() {
    let (disk, cache) = cache(100 * 4096, 50);
    {
        let mut future = core::pin::pin!(cache.read(PageNo(9)));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    cache.device().collect();
    assert_eq!(run(&cache, cache.read(PageNo(9))).unwrap()[0], 9);
    assert_eq!((disk.reads.get(), cache.device().pending_count()), (1, 0));
}

#[test]
fn overlapping_streams_are_read_ahead_for_ever() {
    let (disk, cache) = cache(1 << 30, 64);
    disk.held.set(1);
    for page in (0..10_000).step_by(4) {
        assert!(cache.read_ahead(PageNo(page), 4), "given up at page {page}");
        assert!(cache.read_ahead(PageNo(100_000 + page), 4), "given up at page {page}");
        cache.device().collect();
        assert_eq!(cache.loading_bytes(), 4 * 4096);
    }
}

/// An executor with a task for each run; `served` counts those that got it.
fn readers(cache: &Rc<Cache>, runs: &[(u64, u32)]) -> (Executor, Rc<Cell<usize>>) {
    let (executor, served) = (Executor::new(runs.len()), Rc::new(Cell::new(0)));
    for &(first, count) in runs {
        let (cache, served) = (cache.clone(), served.clone());
        let task = async move {
            assert_eq!(cache.read_run(PageNo(first), count).await.unwrap().len(), count as usize);
            served.set(served.get() + 1);
        };
        executor.spawn(task).unwrap();
    }
    executor.run(1000);
    (executor, served)
}

#[test]
fn what_is_on_its_way_is_bounded_and_everybody_is_served_in_turn() {
    let (_, cache) = cache(1 << 30, 8);
    let runs: Vec<(u64, u32)> = (0..100).map(|reader| (reader * 10, 3)).collect();
    let (executor, served) = readers(&cache, &runs);
    for turn in 0..100 {
        assert!(cache.loading_bytes() <= 8 * 4096);
        assert_eq!(served.get(), (turn * 2).min(100));
        cache.device().collect();
        executor.run(1000);
    }
}

#[test]
fn a_run_larger_than_the_bound_is_read_alone_and_small_ones_do_not_overtake_it() {
    let (disk, cache) = cache(1 << 30, 8);
    let (executor, served) = readers(&cache, &[(0, 2), (100, 20), (200, 1), (0, 2)]);
    assert_eq!(disk.reads.get(), 1);
    cache.device().collect();
    executor.run(1000);
    assert_eq!((served.get(), cache.loading_bytes()), (2, 20 * 4096));
    cache.device().collect();
    executor.run(1000);
    cache.device().collect();
    executor.run(1000);
    assert_eq!(served.get(), 4);
}

#[test]
fn a_task_dropped_while_it_waits_for_room_leaves_its_turn_to_others() {
    let (_, cache) = cache(1 << 30, 8);
    let (executor, served) = readers(&cache, &[(0, 8), (10, 8), (20, 8)]);
    let mut dropped = Vec::from_iter((3..6).map(|run| {
        let cache = cache.clone();
        alloc::boxed::Box::pin(async move { cache.read_run(PageNo(run * 10), 8).await.map(drop) })
    }));
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(dropped.iter_mut().all(|run| run.as_mut().poll(&mut context).is_pending()));
    drop(dropped);
    for _ in 0..4 {
        cache.device().collect();
        executor.run(1000);
    }
    assert_eq!((served.get(), cache.loading_bytes()), (3, 0));
}
