//! What a name costs in a large directory, and space that comes back.

use super::records_looked_at;
use super::world::{Layout, World};
use crate::Options;
use crate::layout::{ByteOrder, CHUNK_BYTES, Format};
use alloc::format;
use alloc::vec::Vec;

const LAYOUT: Layout = Layout {
    format: Format::Ufs2,
    byte_order: ByteOrder::Little,
    block_bytes: 16384,
    fragment_bytes: 2048,
};

/// Records looked at and disk reads for a thousand names.
fn thousand(world: &mut World, first: u64, work: impl Fn(&mut World, &[u8])) -> (u64, u64) {
    let before = (records_looked_at(), world.fs.disk.reads.get());
    for number in first..first + 1000 {
        work(world, format!("a name with the number {number:07}").as_bytes());
    }
    world.fs.wait(world.fs.ffs.make_durable()).expect("a commit");
    (records_looked_at() - before.0, world.fs.disk.reads.get() - before.1)
}

/// At most half as much again, and what a few pages come to.
fn about_the_same(late: (u64, u64), early: (u64, u64)) {
    let fits = |late: u64, early: u64| 2 * late <= 3 * early + 20;
    assert!(fits(late.0, early.0), "records: {late:?} after {early:?}");
    assert!(fits(late.1, early.1), "reads: {late:?} after {early:?}");
}

#[test]
fn a_name_costs_the_same_in_a_directory_of_a_hundred_thousand() {
    let options = Options { cache_bytes: 1 << 20, ..Options::default() };
    let mut world = World::with(LAYOUT.image(), options, 1).expect("a mount");
    let enter = |world: &mut World, name: &[u8]| world.enter(name).expect("a name more");
    let strike = |world: &mut World, name: &[u8]| world.strike(name).expect("a name less");
    thousand(&mut world, 0, enter);
    let early = thousand(&mut world, 1000, enter);
    let early_strikes = thousand(&mut world, 1000, strike);
    thousand(&mut world, 1000, enter);
    for first in (2..99).map(|thousands| thousands * 1000) {
        thousand(&mut world, first, enter);
    }
    about_the_same(thousand(&mut world, 99_000, enter), early);
    assert_eq!(world.names.len(), 100_000);
    about_the_same(thousand(&mut world, 50_000, strike), early_strikes);
    let size = world.size();
    about_the_same(thousand(&mut world, 200_000, enter), early);
    assert_eq!(world.size(), size, "room that was there is used");
    world.check();
}

#[test]
fn without_an_index_it_works_all_the_same() {
    let options = Options { directory_index_bytes: 4000, ..Options::default() };
    let mut world = World::with(LAYOUT.image(), options, 1).expect("a mount");
    let enter = |world: &mut World, name: &[u8]| world.enter(name).expect("a name more");
    let strike = |world: &mut World, name: &[u8]| world.strike(name).expect("a name less");
    thousand(&mut world, 0, enter);
    assert!(world.root().findings.is_unindexed.get());
    let size = world.size();
    thousand(&mut world, 0, strike);
    thousand(&mut world, 1000, enter);
    assert_eq!(world.size(), size);
    world.check();
    let all: Vec<_> = world.names.keys().skip(40).cloned().collect();
    all.iter().for_each(|name| strike(&mut world, name));
    assert!(world.entry_of(b"absent").is_err());
    assert!(!world.root().findings.is_unindexed.get(), "few enough names by now");
    world.check();
}

#[test]
fn names_at_the_end_that_come_and_go_do_not_move_the_end() {
    let mut world = World::with(LAYOUT.image(), Options::default(), 1).expect("a mount");
    for number in 0..5000 {
        world.enter(format!("{number}").as_bytes()).expect("a name more");
    }
    let size = world.size();
    for _ in 0..5 {
        for number in 4700..5000 {
            world.strike(format!("{number}").as_bytes()).expect("a name less");
        }
        assert!(world.size() == size);
        for number in 4700..5000 {
            world.enter(format!("{number}").as_bytes()).expect("a name more");
        }
        assert_eq!(world.size(), size);
    }
}

/// A rename enters the new name before it strikes the old one, and the index learns of both when
/// all is done: what it knows of the end is old when the end is to be cut off.
#[test]
fn a_name_that_moves_into_the_free_end_keeps_it() {
    let layout = Layout { block_bytes: 4096, fragment_bytes: 512, ..LAYOUT };
    let mut world = World::new(&layout, 1);
    let mut names = Vec::new();
    while world.size() <= 12 * CHUNK_BYTES as u64 {
        names.push(format!("name {:0100}", names.len()).into_bytes());
        world.enter(&names[names.len() - 1]).expect("a name more");
    }
    // The first five chunks are full. The others are free, but for a name amid the first of them.
    let chunk_of = |world: &World, name: &[u8]| world.entry_of(name).map(|at| at.offset / 512);
    names.retain(|name| chunk_of(&world, name).expect("an entry") >= 5);
    let moving = names.remove(2);
    for name in &names {
        world.strike(name).expect("a name less");
    }
    world.rename(&moving, &[b'x'; 255]).expect("another name");
    assert_eq!(chunk_of(&world, &[b'x'; 255]), Ok(6));
    world.check();
}
