//! Where things go.

use super::world::{Made, World, layouts};
use crate::layout::{CylGroup, FragNo, Inode, Lbn, mode};
use abi::InodeNo;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

fn world(size_bytes: u64) -> World {
    let layout = layouts().nth(2).expect("a layout");
    World::new(&Made { size_bytes, block_bytes: Some(4096), ..layout })
}

fn create(world: &World, parent: u64, is_directory: bool) -> u64 {
    let mode = if is_directory { mode::DIRECTORY } else { mode::REGULAR };
    let number = world.transact(|one| {
        let (number, generation) = one.allocate_inode(InodeNo(parent), is_directory)?;
        one.set_inode(number, Inode { mode, generation, ..Inode::free() })?;
        Ok(number)
    });
    number.expect("an inode").0
}

fn append(world: &World, inode: u64, lbn: u64, previous: Option<FragNo>) -> FragNo {
    let block = world.transact(|one| {
        let near = one.near_for(InodeNo(inode), &Inode::free(), Lbn(lbn), previous)?;
        one.allocate_block(InodeNo(inode), near)
    });
    block.expect("a block")
}

fn write(world: &World, inode: u64, blocks: u64) -> Vec<FragNo> {
    let mut frags: Vec<FragNo> = Vec::new();
    for lbn in 0..blocks {
        frags.push(append(world, inode, lbn, frags.last().copied()));
    }
    frags
}

/// How many blocks do not stand right behind the one before.
fn jumps(world: &World, frags: &[FragNo]) -> usize {
    let per_block = u64::from(world.ffs.geometry.frags_per_block());
    frags.windows(2).filter(|pair| pair[1].0 != pair[0].0 + per_block).count()
}

#[test]
fn a_file_is_in_a_row() {
    let world = world(64 << 20);
    let file = create(&world, 2, false);
    let frags = write(&world, file, 500);
    assert_eq!(jumps(&world, &frags), 0);
    let (group, _) = world.ffs.geometry.place_in_group(frags[0]);
    assert_eq!(u64::from(group.0), file / u64::from(world.ffs.geometry.inodes_per_group));
}

#[test]
fn a_large_file_visits_many_groups() {
    let world = world(64 << 20);
    let file = create(&world, 2, false);
    let frags = write(&world, file, 6000);
    let groups: BTreeSet<_> =
        frags.iter().map(|&frag| world.ffs.geometry.place_in_group(frag).0).collect();
    assert!(groups.len() > 3, "{groups:?}");
    assert!(jumps(&world, &frags) < 24, "{}", jumps(&world, &frags));
}

#[test]
fn files_written_side_by_side_have_long_runs() {
    let world = world(64 << 20);
    let files = [create(&world, 2, false), create(&world, 2, false)];
    let mut frags = [Vec::<FragNo>::new(), Vec::new()];
    for lbn in 0..400 {
        for (file, frags) in files.iter().zip(&mut frags) {
            frags.push(append(&world, *file, lbn, frags.last().copied()));
        }
    }
    for frags in frags {
        assert!(jumps(&world, &frags) <= 60, "{}", jumps(&world, &frags));
    }
}

#[test]
fn trees_are_spread_and_files_stay_at_home() {
    let world = world(64 << 20);
    let per_group = u64::from(world.ffs.geometry.inodes_per_group);
    let groups = world.ffs.geometry.groups as usize;
    let trees: Vec<u64> = (0..2 * groups).map(|_| create(&world, 2, true)).collect();
    let mut by_group: BTreeMap<u64, u32> = BTreeMap::new();
    trees.iter().for_each(|tree| *by_group.entry(tree / per_group).or_default() += 1);
    assert!(
        by_group.len() >= groups - 1 && by_group.values().all(|&count| count <= 4),
        "{by_group:?}"
    );
    for &tree in &trees {
        let inner = create(&world, tree, true);
        let file = create(&world, inner, false);
        assert_eq!([inner / per_group, file / per_group], [tree / per_group; 2]);
    }
}

#[test]
fn a_deep_row_of_directories_leaves_its_group() {
    let world = world(64 << 20);
    let per_group = u64::from(world.ffs.geometry.inodes_per_group);
    let tree = create(&world, 2, true);
    let groups: BTreeSet<_> = (0..200).map(|_| create(&world, tree, true) / per_group).collect();
    assert!(groups.len() > 1);
}

#[test]
fn fragments_fill_gaps_before_a_block_is_broken() {
    let world = world(64 << 20);
    let near = crate::allocate::Near { group: CylGroup(1), frag: None };
    let owner = InodeNo(2);
    let take = |frags| world.transact(|one| one.allocate_frags(owner, near, frags)).expect("frags");
    let (first, second) = (take(3), take(5));
    assert_eq!(second, FragNo(first.0 + 3), "the rest of the same block");
    let third = take(2);
    let rest = world.transact(|one| one.extend_frags(owner, third, 2, 8));
    assert_eq!(rest, Ok(true));
    assert_eq!(world.transact(|one| one.extend_frags(owner, first, 3, 4)), Ok(false));
}

/// Behind the last block of the file system, and wherever a damaged pointer may lead.
#[test]
fn there_is_a_place_behind_every_other() {
    let world = world(64 << 20);
    let size = world.ffs.geometry.size_frags;
    for previous in [0, 1, size - 8, size - 1, size, u64::MAX] {
        for lbn in [0, 1, 12, 11 + 512, 12 + 512, 1 << 30] {
            let frag = append(&world, 2, lbn, Some(FragNo(previous)));
            assert!(world.ffs.geometry.is_data(frag, 8));
        }
    }
}
