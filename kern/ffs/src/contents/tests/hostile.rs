//! Files whose maps somebody has tampered with: they can be removed, in a time that the disk's
//! size justifies.

use super::world::{World, layouts};
use crate::layout::{BlockArea, CylGroup, FragNo};
use abi::{Errno, InodeNo};
use alloc::vec::Vec;
use block::PageNo;

/// A file that reaches below three indirect blocks, and those.
fn deep(world: &World) -> (InodeNo, [FragNo; 3]) {
    let file = world.create();
    let geometry = &world.fs.ffs.geometry;
    let shift = geometry.pointers_shift();
    let lbn = 12 + (1 << shift) + (1 << (2 * shift));
    world.write(file, lbn << geometry.block_shift, &[1; 10]).expect("space");
    world.commit();
    let BlockArea::Pointers(pointers) = world.node(file).inode().area else { panic!("text") };
    let mut at = pointers.indirect[2];
    let chain = [0; 3].map(|_| {
        let here = at;
        at = geometry.inode_shape().pointer(&page(world, here), 0);
        here
    });
    (file, chain)
}

fn page(world: &World, at: FragNo) -> Vec<u8> {
    let page: PageNo = world.fs.ffs.page(at);
    world.fs.wait(world.fs.ffs.cache.read(page)).expect("a page").to_vec()
}

/// Lets every pointer of an indirect block lead to `to`.
fn tamper(world: &World, block: FragNo, to: FragNo) {
    let shape = world.fs.ffs.geometry.inode_shape();
    let count = 1 << world.fs.ffs.geometry.pointers_shift();
    let tampered = world.fs.wait(world.fs.ffs.transact(world.time(), |one| {
        let (page, _) = one.place(block);
        let bytes = one.metadata_mut(page, 0..world.fs.ffs.geometry.block_bytes() as usize)?;
        (0..count).for_each(|slot| shape.set_pointer(bytes, slot, to));
        Ok(())
    }));
    tampered.expect("tampered");
}

fn outside(world: &World) -> FragNo {
    FragNo(world.fs.ffs.geometry.size_frags + 8)
}

/// Takes the magic number out of every group's block.
fn damage_groups(world: &World) {
    let geometry = &world.fs.ffs.geometry;
    for group in (0..geometry.groups).map(CylGroup) {
        let damaged = world.fs.wait(world.fs.ffs.transact(world.time(), |one| {
            let page = world.fs.ffs.page(geometry.group_block(group));
            one.metadata_mut(page, 4..8)?.fill(0);
            Ok(())
        }));
        damaged.expect("damaged");
    }
}

/// Transactions that removing a file takes.
fn cost_of_removing(world: &World, file: InodeNo) -> u64 {
    let before = world.fs.ffs.counters().transactions;
    world.remove(file);
    world.fs.ffs.counters().transactions - before
}

#[test]
fn a_map_that_leads_to_itself_is_taken_apart() {
    for layout in layouts().into_iter().step_by(5) {
        let world = World::new(&layout);
        let (file, [root, ..]) = deep(&world);
        tamper(&world, root, root);
        world.remove(file);
        assert!(!world.fs.damage.borrow().is_empty());
        let other = world.create();
        assert_eq!(world.write(other, 0, b"goes on"), Ok(7));
    }
}

/// As many ways to one block as there are blocks below three indirect ones.
#[test]
fn a_map_with_many_ways_to_one_block_is_walked_once() {
    for layout in layouts().into_iter().step_by(5) {
        let world = World::new(&layout);
        let (file, [root, middle, last]) = deep(&world);
        let other = world.create();
        world.write(other, 0, &[1; 70_000]).expect("space");
        let data = world.data_frags(other)[0];
        tamper(&world, last, data);
        tamper(&world, middle, last);
        tamper(&world, root, middle);
        world.remove(file);
        assert!(world.fs.damage.borrow()[0].contains("free already"));
    }
}

/// The same where nothing can be freed, so that no map tells what was walked.
#[test]
fn many_ways_to_one_block_in_damaged_groups_are_walked_once() {
    for layout in &layouts()[..2] {
        let world = World::new(layout);
        let (file, [root, middle, last]) = deep(&world);
        let other = world.create();
        world.write(other, 0, &[1; 70_000]).expect("space");
        tamper(&world, last, world.data_frags(other)[0]);
        tamper(&world, middle, last);
        tamper(&world, root, middle);
        damage_groups(&world);
        let pointers = 1 << world.fs.ffs.geometry.pointers_shift();
        let cost = cost_of_removing(&world, file);
        assert!(cost < pointers / 16, "{cost} transactions");
    }
}

#[test]
fn pointers_outside_are_dropped_together() {
    for layout in layouts() {
        let world = World::new(&layout);
        let (file, [.., last]) = deep(&world);
        tamper(&world, last, outside(&world));
        let pointers = 1 << world.fs.ffs.geometry.pointers_shift();
        let cost = cost_of_removing(&world, file);
        assert!(cost < pointers / 64, "{cost} transactions for {pointers} pointers");
    }
}

#[test]
fn pointers_outside_are_named_and_dropped() {
    for level in 0..3 {
        let world = World::new(&layouts()[0]);
        let (file, chain) = deep(&world);
        tamper(&world, chain[level], outside(&world));
        let size = world.size(file);
        assert_eq!(world.write(file, size - 1, b"x"), Err(Errno::Io));
        assert_eq!(world.resize(file, size + 1), Err(Errno::Io));
        world.remove(file);
        assert!(world.fs.damage.borrow()[0].contains("outside"));
    }
}
