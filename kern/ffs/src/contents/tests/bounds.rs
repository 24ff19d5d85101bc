//! How much is written, and how much may wait.

use super::world::{World, layouts};
use crate::Options;
use abi::InodeNo;
use alloc::vec;
use alloc::vec::Vec;
use ffscheck::newfs;
use vfs::Stability;

fn layout() -> newfs::Options {
    layouts()[3].clone()
}

fn block(world: &World) -> usize {
    world.fs.ffs.geometry.block_bytes() as usize
}

/// The pages of a file's blocks that have dirt.
fn dirty_lbns(world: &World, file: InodeNo) -> Vec<u64> {
    let size = world.size(file);
    let blocks = size.div_ceil(block(world) as u64);
    let on_disk = world.after_crash();
    (0..blocks)
        .filter(|lbn| {
            let start = lbn * block(world) as u64;
            let node = on_disk.wait(on_disk.ffs.node(file)).expect("a node");
            let end = (start + block(world) as u64).min(node.inode().size_bytes);
            let stored = on_disk.wait(on_disk.ffs.read_range(&node, start..end)).expect("data");
            stored.concat() != world.read(file, start, block(world) as u64)
        })
        .collect()
}

#[test]
fn dirty_data_has_a_bound() {
    let limit = 128 << 10;
    let options = Options { dirty_bytes_max: limit, cache_bytes: 1 << 20, ..Options::default() };
    let world = World::with(&layout(), options);
    let file = world.create();
    let mut highest = 0;
    for at in 0..400_u64 {
        world.write(file, at * 10_000, &[at as u8; 10_000]).expect("space");
        highest = highest.max(world.fs.ffs.cache.dirty_bytes());
    }
    assert!(highest <= limit && highest > limit / 2, "{highest}");
    let noted = world.fs.ffs.writer.as_ref().expect("writable").dirty_files.borrow().len();
    assert!(noted < 600, "{noted} blocks noted");
    for at in 0..400_u64 {
        assert!(world.read(file, at * 10_000, 10_000) == vec![at as u8; 10_000]);
    }
}

#[test]
fn a_commit_of_a_range_writes_that_range() {
    let world = World::new(&layout());
    let (file, block) = (world.create(), block(&world));
    world.write_as(file, 0, &vec![1; 8 * block], Stability::File).expect("space");
    world.commit();
    world.write(file, 0, &vec![2; 8 * block]).expect("space");
    world.commit();
    assert_eq!(dirty_lbns(&world, file), [0, 1, 2, 3, 4, 5, 6, 7]);
    let commit = |offset: usize, length: usize| {
        let node = world.node(file);
        world.fs.ffs.want_stable(&node, offset as u64, length as u64).expect("no failure");
        world.commit();
    };
    commit(block + 1, block);
    assert_eq!(dirty_lbns(&world, file), [0, 3, 4, 5, 6, 7]);
    commit(6 * block, 0);
    assert_eq!(dirty_lbns(&world, file), [0, 3, 4, 5]);
    world.write_as(file, 4 * block as u64 + 9, &[3], Stability::Data).expect("space");
    world.commit();
    assert_eq!(dirty_lbns(&world, file), [0, 3, 5]);
}

#[test]
fn an_overwrite_dirties_only_its_sectors() {
    let world = World::new(&layout());
    let file = world.create();
    world.write_as(file, 0, &vec![1; 20 * block(&world)], Stability::File).expect("space");
    world.commit();
    let before = world.fs.disk.written_bytes.get();
    world.write_as(file, 70_000, &[2; 600], Stability::File).expect("space");
    world.commit();
    // Two sectors of data, one with the inode.
    assert_eq!(world.fs.disk.written_bytes.get() - before, 3 * 512);
}

#[test]
fn full_blocks_are_written_without_reading_them() {
    let mut world = World::new(&layout());
    let (file, block) = (world.create(), block(&world));
    world.write(file, 0, &vec![1; 40 * block]).expect("space");
    world.remount();
    let node = world.node(file);
    world.read(file, 39 * block as u64, 1);
    let reads = world.fs.disk.reads.get();
    world.write(node.number, 0, &vec![2; 39 * block]).expect("space");
    assert!(world.fs.disk.reads.get() - reads < 3);
}

#[test]
fn small_new_files_read_only_blocks_that_were_shared_before() {
    let world = World::new(&layout());
    let files: Vec<InodeNo> = (0..160).map(|_| world.create()).collect();
    let reads = world.fs.disk.reads.get();
    for file in files {
        world.write(file, 0, b"in a fragment").expect("space");
    }
    assert!(world.fs.disk.reads.get() - reads <= 2);
}

#[test]
fn sequential_writes_end_up_side_by_side() {
    for layout in layouts() {
        let world = World::new(&layout);
        let (file, block) = (world.create(), block(&world) as u64);
        for at in 0..5 * block / 512 {
            world.write(file, at * 1024, &[1; 1024]).expect("space");
        }
        let frags = world.data_frags(file);
        let per_block = u64::from(world.fs.ffs.geometry.frags_per_block());
        let jumps = frags.windows(2).filter(|pair| pair[1].0 != pair[0].0 + per_block).count();
        assert!(jumps <= 2, "{jumps} jumps: {frags:?}");
    }
}

#[test]
fn time_passes_with_every_change() {
    let world = World::new(&layout());
    let file = world.create();
    let times = || {
        let inode = world.node(file).inode();
        assert_eq!(inode.changed, inode.modified);
        inode.changed
    };
    let mut before = times();
    world.write(file, 5, b"abc").expect("space");
    for change in [
        |world: &World, file| assert_eq!(world.write(file, 5, b"abc"), Ok(3)),
        |world: &World, file| world.resize(file, 8).expect("the same size"),
        |world: &World, file| world.resize(file, 4).expect("shorter"),
        |world: &World, file| assert_eq!(world.write(file, 0, b""), Ok(0)),
    ] {
        change(&world, file);
        assert!(times() > before);
        before = times();
    }
}
