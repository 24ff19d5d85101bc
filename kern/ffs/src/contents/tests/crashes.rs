//! What the disk has after a commit, and nothing else.

use super::census::{Census, inode_on_disk};
use super::world::{World, layouts};
use crate::layout::{BlockArea, FragNo};
use crate::testing::{Luck, Mounted};
use abi::InodeNo;
use alloc::vec;
use alloc::vec::Vec;
use ffscheck::Image;
use ffscheck::newfs;

/// What stood on the disk before.
pub(super) const FOREIGN: u8 = 0xee;

/// Fills what is free with somebody else's bytes.
pub(super) fn soil(world: &World) {
    let free = Census::of(&world.fs).free_frags;
    let geometry = &world.fs.ffs.geometry;
    let dirt = vec![FOREIGN; geometry.frag_bytes() as usize];
    let mut image = world.fs.disk.image.borrow_mut();
    for frag in free {
        image.write_at(frag << geometry.frag_shift, &dirt).expect("room");
    }
}

pub(super) fn read(fs: &Mounted, file: InodeNo) -> Vec<u8> {
    let node = fs.wait(fs.ffs.node(file)).expect("a node");
    let all = 0..node.inode().size_bytes;
    fs.wait(fs.ffs.read_range(&node, all)).expect("data").concat()
}

fn first_frag(fs: &Mounted, file: InodeNo) -> FragNo {
    match inode_on_disk(fs, file).area {
        BlockArea::Pointers(pointers) => pointers.direct[0],
        BlockArea::Text(_) => panic!("a link"),
    }
}

#[test]
fn nobody_sees_what_others_left() {
    for (seed, layout) in layouts().iter().enumerate().step_by(3) {
        let mut luck = Luck(seed as u64 + 50);
        let world = World::new(layout);
        soil(&world);
        let files: Vec<InodeNo> = (0..3).map(|_| world.create()).collect();
        let block = u64::from(layout.block_bytes.expect("a size"));
        for step in 0..40 {
            let file = files[luck.below(3) as usize];
            let place = luck.below(14 * block);
            if luck.below(3) == 0 {
                world.resize(file, place).expect("a size");
            } else {
                let data = vec![step as u8 + 1; luck.below(2 * block) as usize];
                world.write(file, place, &data).expect("space");
            }
            if luck.below(4) == 0 {
                world.commit();
                world.check_crash();
                let crashed = world.after_crash();
                Census::of(&crashed);
                for &file in &files {
                    assert!(!read(&crashed, file).contains(&FOREIGN), "step {step}");
                }
            }
        }
    }
}

/// Data written before the size that includes it was lost with the size.
#[test]
fn a_hole_behind_the_end_hides_what_a_crash_left_there() {
    for layout in layouts() {
        let world = World::new(&layout);
        let file = world.create();
        world.write(file, 0, &[1; 100]).expect("space");
        world.commit();
        let offset = first_frag(&world.fs, file).0 << world.fs.ffs.geometry.frag_shift;
        world.fs.disk.image.borrow_mut().write_at(offset + 100, &[FOREIGN; 400]).expect("room");
        for grow in [
            |world: &World, file| world.resize(file, 450).expect("a size"),
            |world: &World, file| assert_eq!(world.write(file, 440, &[1; 10]), Ok(10)),
            |world: &World, file| assert_eq!(world.write(file, 70_000, &[1; 10]), Ok(10)),
        ] {
            let crashed = world.after_crash();
            let world = World::of(crashed);
            grow(&world, file);
            assert!(!world.read(file, 0, 450).contains(&FOREIGN));
            world.commit();
            assert!(!read(&world.after_crash(), file).contains(&FOREIGN));
        }
    }
}

#[test]
fn what_was_cut_off_does_not_come_back() {
    for layout in layouts() {
        let world = World::new(&layout);
        let file = world.create();
        world.write(file, 0, &[1; 400]).expect("space");
        world.commit();
        world.resize(file, 100).expect("a size");
        world.commit();
        world.resize(file, 400).expect("a size");
        world.commit();
        let expected = [[1; 100].as_slice(), &[0; 300]].concat();
        assert_eq!(read(&world.after_crash(), file), expected);
    }
}

/// A crash in the middle of a cut finds a file that is as long as its blocks.
#[test]
fn a_cut_leaves_a_shorter_file_after_each_step() {
    for layout in &layouts()[..2] {
        cut_by_steps(layout);
    }
}

fn cut_by_steps(layout: &newfs::Options) {
    let block = u64::from(layout.block_bytes.expect("a size"));
    let world = World::new(layout);
    let file = world.create();
    let data: Vec<u8> = (0..1200 * block).map(|at| (at / block) as u8).collect();
    assert_eq!(world.write(file, 0, &data), Ok(data.len() as u32));
    world.resize(file, 1500 * block).expect("a hole");
    let mut steps = 0;
    loop {
        let time = world.time();
        let cut = world.fs.ffs.transact(time, |one| one.cut(file, 7 * block + 5));
        let is_done = world.fs.wait(cut).expect("a cut");
        world.commit();
        world.check_crash();
        let crashed = world.after_crash();
        Census::of(&crashed);
        let left = read(&crashed, file);
        assert!(left == data[..left.len().min(data.len())]);
        steps += 1;
        if is_done {
            break;
        }
    }
    assert_eq!(world.size(file), 7 * block + 5);
    assert!((5..9).contains(&steps), "{steps} steps");
}
