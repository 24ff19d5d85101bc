//! A disk that fails to write data.

use super::world::{World, layouts};
use abi::Errno;
use alloc::vec;

#[test]
fn lost_data_is_told_once_to_whom_it_concerns() {
    let world = World::new(&layouts()[3]);
    let (victim, other) = (world.create(), world.create());
    let block = world.fs.ffs.geometry.block_bytes() as usize;
    for file in [victim, other] {
        world.write(file, 0, &vec![1; 3 * block]).expect("space");
        world.commit();
    }
    let verifier = || world.fs.ffs.writer.as_ref().expect("writable").verifier();
    let before = verifier();
    world.write(victim, 0, &vec![2; 3 * block]).expect("space");
    let bad = world.data_frags(victim)[1].0 << world.fs.ffs.geometry.frag_shift;
    *world.fs.disk.bad.borrow_mut() = bad..bad + 512;
    let oldest = world.fs.ffs.cache.oldest(u64::MAX);
    assert!(world.fs.wait(world.fs.ffs.cache.write_back(oldest)).is_err());
    assert_eq!(world.write(other, 0, b"fine"), Ok(4));
    assert_ne!(verifier(), before);
    assert_eq!(world.write(victim, 0, b"told"), Err(Errno::Io));
    assert_eq!(world.write(victim, 0, b"fine"), Ok(4));
    let lines = world.fs.damage.borrow().clone();
    assert!(lines[0].contains("data of block 0 is lost"), "{lines:?}");
    world.fs.disk.bad.borrow_mut().end = bad;
    assert_eq!(world.read(victim, block as u64, 1), [1]);
}

#[test]
fn a_commit_is_told_too() {
    let world = World::new(&layouts()[3]);
    let file = world.create();
    world.write(file, 0, &[1; 100]).expect("space");
    world.commit();
    world.write(file, 0, &[2; 100]).expect("space");
    *world.fs.disk.bad.borrow_mut() = 0..u64::MAX;
    let oldest = world.fs.ffs.cache.oldest(u64::MAX);
    assert!(world.fs.wait(world.fs.ffs.cache.write_back(oldest)).is_err());
    let node = world.node(file);
    assert_eq!(world.fs.ffs.want_stable(&node, 0, 0), Err(Errno::Io));
    assert_eq!(world.fs.ffs.want_stable(&node, 0, 0), Ok(()));
}
