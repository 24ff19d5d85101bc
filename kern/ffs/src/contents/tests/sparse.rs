//! Files that are mostly holes, as long as there may be some.

use super::world::{World, layouts};
use abi::Errno;
use alloc::vec::Vec;

/// A block behind each edge of the map: direct, and below one, two and three indirect blocks.
fn places(world: &World) -> Vec<u64> {
    let geometry = &world.fs.ffs.geometry;
    let (block, shift) = (geometry.block_shift, geometry.pointers_shift());
    let single = 12;
    let double = single + (1 << shift);
    let triple = double + (1 << (2 * shift));
    let lbns = [0, 11, single, double - 1, double, triple - 1, triple, triple + (1 << shift)];
    let all = lbns.map(|lbn: u64| lbn << block);
    all.into_iter().filter(|&place| place < geometry.file_bytes_max - (1 << block)).collect()
}

#[test]
fn blocks_at_every_depth_come_and_go() {
    for layout in layouts().into_iter().step_by(3) {
        let mut world = World::new(&layout);
        let file = world.create();
        let places = places(&world);
        for (index, &place) in places.iter().enumerate().rev() {
            let data = [index as u8 + 1; 700];
            assert_eq!(world.write(file, place + 77, &data), Ok(700));
        }
        world.check();
        for (index, &place) in places.iter().enumerate() {
            let around = world.read(file, place, 777);
            let is_data = |at: usize| at >= 77;
            assert!(
                around
                    .iter()
                    .enumerate()
                    .all(|(at, &byte)| { byte == if is_data(at) { index as u8 + 1 } else { 0 } }),
                "at {place}"
            );
        }
        for &place in places.iter().rev() {
            world.resize(file, place + 100).expect("shorter");
            assert_eq!(world.read(file, place + 77, 900).len(), 23);
            world.check();
        }
        world.remove(file);
        world.check();
    }
}

#[test]
fn the_longest_file_costs_nothing() {
    for layout in layouts() {
        let mut world = World::new(&layout);
        let file = world.create();
        let limit = world.fs.ffs.geometry.file_bytes_max;
        assert_eq!(world.resize(file, limit + 1), Err(Errno::FileTooBig));
        assert_eq!(world.write(file, limit - 5, &[1; 6]), Err(Errno::FileTooBig));
        assert_eq!(world.write(file, u64::MAX, &[1; 6]), Err(Errno::FileTooBig));
        assert_eq!(world.write(file, limit - 5, &[1; 5]), Ok(5));
        assert_eq!(world.size(file), limit);
        world.check();
        let reads = world.fs.disk.reads.get();
        world.resize(file, 3).expect("shorter");
        world.remove(file);
        assert!(world.fs.disk.reads.get() - reads < 20);
        world.check();
    }
}

/// An indirect block with a pointer at each end, and nothing between.
#[test]
fn a_write_in_a_hole_leaves_the_rest_a_hole() {
    let layout = &layouts()[1];
    let world = World::new(layout);
    let file = world.create();
    world.resize(file, 1 << 30).expect("longer");
    let before = world.node(file).inode().sectors;
    world.write(file, 1 << 29, &[1; 4096]).expect("space");
    let block = u64::from(layout.block_bytes.expect("a size")) / 512;
    let more = world.node(file).inode().sectors - before;
    assert!(more <= 2 * block, "{more} sectors");
}
