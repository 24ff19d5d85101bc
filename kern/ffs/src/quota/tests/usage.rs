//! What is counted is what is there.

use super::world::{NO_LIMITS, World, layouts};
use crate::quota::QuotaKind;
use crate::testing::Luck;
use abi::{FileId, SetAttributes};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use ffscheck::newfs::Options;

#[test]
fn counts_follow_files() {
    for made in layouts() {
        let world = World::new(&made, NO_LIMITS);
        let file = world.create(b"file", 5, 6).expect("a file");
        world.write(file, 0, 100_000).expect("written");
        world.check();
        let entry = world.entry(QuotaKind::User, 5);
        assert!(entry.values[0].used >= 100_000 / 512 && entry.values[1].used == 1);
        world
            .change(file, SetAttributes { size_bytes: Some(10), ..SetAttributes::default() })
            .expect("cut");
        let change = SetAttributes { uid: Some(7), ..SetAttributes::default() };
        world.change(file, change).expect("given away");
        world.check();
        assert_eq!(world.entry(QuotaKind::User, 5).values.map(|value| value.used), [0, 0]);
        world.remove(b"file", file).expect("removed");
        world.check();
        assert_eq!(world.entry(QuotaKind::Group, 6).values.map(|value| value.used), [0, 0]);
        world.judge();
    }
}

/// A tail that moves is given back when the file has another owner already.
#[test]
fn a_file_grows_and_is_given_away() {
    for made in layouts() {
        let world = World::new(&made, NO_LIMITS);
        let file = world.create(b"file", 5, 6).expect("a file");
        world.write(file, 0, 100).expect("written");
        let other = world.create(b"in the way", 5, 6).expect("another");
        world.write(other, 0, 100).expect("written");
        let change =
            SetAttributes { size_bytes: Some(3000), gid: Some(9), ..SetAttributes::default() };
        world.change(file, change).expect("changed");
        world.check();
        world.judge();
    }
}

/// Whoever replays the log takes a file without names apart, and off its owners' accounts.
#[test]
fn what_a_replay_frees_counts_no_more() {
    for made in layouts() {
        let world = World::new(&Options { log_bytes: Some(1 << 20), ..made }, NO_LIMITS);
        let file = world.create(b"file", 5, 6).expect("a file");
        world.write(file, 0, 100_000).expect("written");
        world.unlink(b"file", file).expect("its name");
        world.wait(world.ffs.make_durable()).expect("durable");
        world.judge_crash();
    }
}

/// More owners than entries fit in a block: the quota files grow.
#[test]
fn quota_files_grow() {
    for made in layouts().step_by(3) {
        let world = World::new(&made, NO_LIMITS);
        let files: Vec<(u32, FileId)> = (1..150)
            .map(|id| {
                (id, world.create(format!("{id}").as_bytes(), id, 1000 * id).expect("a file"))
            })
            .collect();
        world.check();
        for &(id, file) in files.iter().step_by(2) {
            world.remove(format!("{id}").as_bytes(), file).expect("removed");
        }
        world.check();
        world.judge();
    }
}

#[test]
fn counts_follow_whatever_happens() {
    for (seed, made) in layouts().enumerate() {
        let world = World::new(&made, NO_LIMITS);
        let mut luck = Luck(seed as u64 + 1);
        let mut files: BTreeMap<u64, FileId> = BTreeMap::new();
        for _ in 0..300 {
            step(&world, &mut luck, &mut files);
        }
        world.check();
        world.judge();
    }
}

fn step(world: &World, luck: &mut Luck, files: &mut BTreeMap<u64, FileId>) {
    let name = luck.below(20);
    let text = format!("file {name}");
    let Some(&file) = files.get(&name) else {
        let (uid, gid) = (luck.below(4) as u32, luck.below(4) as u32);
        files.insert(name, world.create(text.as_bytes(), uid, gid).expect("a file"));
        return;
    };
    let none = SetAttributes::default();
    match luck.below(8) {
        0 => {
            world.remove(text.as_bytes(), file).expect("removed");
            files.remove(&name);
        }
        1 => {
            let size_bytes = Some(luck.below(200_000));
            world.change(file, SetAttributes { size_bytes, ..none }).expect("cut");
        }
        2 => {
            let (uid, gid) = (Some(luck.below(4) as u32), Some(luck.below(4) as u32));
            world.change(file, SetAttributes { uid, gid, ..none }).expect("given away");
        }
        _ => {
            let (offset, bytes) = (luck.below(150_000), luck.below(20_000));
            world.write(file, offset, 1 + bytes as usize).expect("written");
        }
    }
}
