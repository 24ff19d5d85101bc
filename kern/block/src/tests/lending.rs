//! Pages that stand in the memory of a call.

use super::test_disk::TestDisk;
use super::{PAGE, cache, poll, run};
use crate::{Cache, PageNo, Sectors};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;

/// What one call brings: 16 pages, each of its number, behind a header.
fn call() -> Bytes {
    let pages = (0..16_u8).flat_map(|number| vec![number; PAGE as usize]);
    Bytes::from([7; 100].into_iter().chain(pages).collect::<Vec<_>>())
}

/// Lends pages of a call to those of the disk from `first` on.
fn lend(cache: &Cache, call: &Bytes, first: u64, count: usize) {
    let loan = cache.lend(call.len() as u64);
    for page in 0..count {
        let start = 100 + page * PAGE as usize;
        let bytes = call.slice(start..start + PAGE as usize);
        cache.change_lent(PageNo(first + page as u64), bytes, loan.clone());
    }
}

fn write_all(cache: &Cache) {
    run(cache, cache.write_back(cache.oldest(u64::MAX))).expect("a good disk");
}

fn expect_on_disk(disk: &TestDisk, page: u64, byte: u8) {
    let start = page * u64::from(PAGE);
    assert!((start..start + u64::from(PAGE)).all(|at| disk.byte(at) == byte), "page {page}");
}

#[test]
fn what_is_written_goes_with_the_memory_it_stood_in() {
    let (disk, cache) = cache(1 << 22, 64);
    let call = call();
    lend(&cache, &call, 30, 16);
    assert!(!call.is_unique(), "nothing was copied");
    assert_eq!(cache.dirty_bytes(), call.len() as u64);
    write_all(&cache);
    (0..16).for_each(|page| expect_on_disk(&disk, 30 + page, page as u8));
    assert!(call.is_unique(), "nobody has it any more");
    assert_eq!((cache.dirty_bytes(), cache.resident_bytes()), (0, 0));
    assert_eq!(run(&cache, cache.read(PageNo(33))).expect("there")[0], 3);
}

#[test]
fn one_page_counts_as_all_that_it_keeps() {
    let (_, cache) = cache(1 << 22, 64);
    for number in 0..10 {
        lend(&cache, &call(), 30 + number, 16);
    }
    let lent = 10 * call().len() as u64;
    assert_eq!(cache.dirty_bytes(), lent);
    let own = Bytes::from(vec![1; PAGE as usize]);
    (30..38).for_each(|page| {
        cache.change(PageNo(page), own.clone(), Sectors::of(0..512), Sectors::NONE);
    });
    let left = lent - 8 * call().len() as u64;
    assert_eq!(cache.dirty_bytes(), left + 8 * u64::from(PAGE), "what is lent, and what is not");
    write_all(&cache);
    assert_eq!(cache.dirty_bytes(), 0);
}

#[test]
fn who_looks_gets_a_copy_and_the_page_keeps_it() {
    let (disk, cache) = cache(1 << 22, 64);
    let call = call();
    lend(&cache, &call, 30, 2);
    let seen = [30, 31].map(|page| cache.peek(PageNo(page)).expect("in memory"));
    assert!(call.is_unique(), "both are copies");
    assert_eq!((seen[0][0], seen[1][0], cache.dirty_bytes()), (0, 1, 2 * u64::from(PAGE)));
    write_all(&cache);
    expect_on_disk(&disk, 31, 1);
    assert_eq!(cache.resident_bytes(), 2 * u64::from(PAGE));
}

#[test]
fn a_write_under_way_counts_until_its_end() {
    let (disk, cache) = cache(1 << 22, 64);
    lend(&cache, &call(), 30, 1);
    drop(cache.write_back([PageNo(30)]));
    let newer = Bytes::from(vec![9; PAGE as usize]);
    cache.change(PageNo(30), newer, Sectors::of(0..PAGE as usize), Sectors::NONE);
    assert_eq!(cache.dirty_bytes(), call().len() as u64 + u64::from(PAGE));
    cache.device().collect();
    assert_eq!(cache.dirty_bytes(), u64::from(PAGE));
    write_all(&cache);
    expect_on_disk(&disk, 30, 9);
}

#[test]
fn who_waits_for_an_older_read_gets_a_copy() {
    let (_, cache) = cache(1 << 22, 64);
    let mut read = Box::pin(cache.read(PageNo(30)));
    assert!(poll(&mut read).is_pending(), "the disk is slow");
    let call = call();
    lend(&cache, &call, 30, 1);
    let seen = run(&cache, read).expect("there");
    assert_eq!(seen[0], 0, "the newer contents");
    assert!(call.is_unique() && cache.dirty_bytes() == u64::from(PAGE));
}

#[test]
fn a_pinned_page_is_its_own() {
    let (disk, cache) = cache(1 << 22, 64);
    let call = call();
    let before = run(&cache, cache.pin(PageNo(30))).expect("there");
    lend(&cache, &call, 30, 2);
    let after = run(&cache, cache.pin(PageNo(31))).expect("there");
    assert!(call.is_unique());
    write_all(&cache);
    assert_eq!(cache.peek(PageNo(31)).expect("pinned")[0], 1);
    expect_on_disk(&disk, 31, 1);
    drop((before, after));
}
