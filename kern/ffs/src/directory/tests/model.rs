//! Random changes against a map of names.

use super::listing::Listing;
use super::world::{Layout, World, layouts};
use crate::directory::{IndexChange, NameIndex};
use crate::layout::ROOT_INODE;
use alloc::vec::Vec;

/// Rounds of growing and shrinking, and changes in each.
const ROUNDS: u64 = 6;
const CHANGES: u64 = 500;

#[test]
fn names_come_and_go_as_in_the_model_in_every_layout() {
    for (seed, layout) in layouts().iter().enumerate() {
        compare(layout, seed as u64 + 1);
    }
}

fn compare(layout: &Layout, seed: u64) {
    let mut world = World::new(layout, seed);
    let mut listings: Vec<Listing> = Vec::new();
    for round in 0..ROUNDS {
        for _ in 0..CHANGES {
            change(&mut world, &mut listings, round % 2 == 0);
            listings.retain_mut(|listing| !listing.is_over(&mut world));
        }
        world.check();
        check_index(&world);
        if round == 2 {
            world = world.remount();
        }
    }
    while let Some(name) = world.known_name() {
        world.strike(&name).expect("a name less");
    }
    world.check();
    let block_bytes = u64::from(layout.block_bytes);
    assert!(world.size() <= block_bytes + 512, "{layout:?}: {} bytes left", world.size());
    world.remount().check();
}

fn change(world: &mut World, listings: &mut Vec<Listing>, grows: bool) {
    let (new, known) = (world.some_name(), world.known_name());
    let is_new = !world.names.contains_key(&new);
    match (world.luck.below(100), known) {
        (0..2, _) => listings.push(Listing::new(world)),
        (2..3, _) => world.fs.ffs.change_index(ROOT_INODE, IndexChange::Drop),
        (3..5, _) => world.fs.wait(world.fs.ffs.make_durable()).expect("a commit"),
        (5..15, Some(name)) => world.redirect(&name).expect("a redirection"),
        (15..25, Some(name)) if is_new => {
            world.rename(&name, &new).expect("another name");
            forget(listings, &name);
        }
        (25..40, Some(name)) => strike(world, listings, &name),
        (40..80, Some(name)) if !grows => strike(world, listings, &name),
        _ if is_new => world.enter(&new).expect("a name more"),
        _ => {}
    }
}

fn strike(world: &mut World, listings: &mut [Listing], name: &[u8]) {
    world.strike(name).expect("a name less");
    forget(listings, name);
}

fn forget(listings: &mut [Listing], name: &[u8]) {
    for listing in listings {
        listing.forget(name);
    }
}

/// The index in memory is what one built anew would be.
fn check_index(world: &World) {
    let ffs = &world.fs.ffs;
    let Some(kept) = ffs.known_index(ROOT_INODE) else { return };
    ffs.change_index(ROOT_INODE, IndexChange::Drop);
    let root = world.root();
    let size = root.inode().size_bytes;
    let fresh = world.fs.wait(ffs.name_index(&root, size)).expect("an index");
    assert!(kept.has_the_same_room(&fresh), "room was not followed");
    for name in world.names.keys() {
        let offsets = |index: &NameIndex| {
            let hash = ffs.name_hash(name);
            let mut all: Vec<u64> = (0..).map_while(|nth| index.candidate(hash, nth)).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(offsets(&kept), offsets(&fresh));
    }
}
