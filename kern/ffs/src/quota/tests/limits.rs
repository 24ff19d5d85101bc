//! What is limited, and what is done about damage.

use super::world::{Limits, World, layouts};
use crate::layout::Field;
use crate::quota::QuotaKind;
use abi::{Errno, SetAttributes};

/// Of sectors: 100 for a while, 200 at most. Of files: 3 for a while, 5 at most.
const LIMITS: Limits = Limits([[100, 200], [3, 5]]);

fn world() -> World {
    World::new(&layouts().nth(3).expect("a layout"), LIMITS)
}

#[test]
fn hard_limits_hold() {
    let world = world();
    let file = world.create(b"0", 5, 6).expect("a file");
    let written = world.write(file, 0, 200_000).expect("a part");
    assert!(written <= 200 * 512 && written > 90 * 512, "{written}");
    assert_eq!(world.write(file, u64::from(written) + 100_000, 20_000), Err(Errno::QuotaExceeded));
    for name in [b"1", b"2", b"3", b"4"] {
        world.create(name, 5, 7).expect("a file");
    }
    assert_eq!(world.create(b"5", 5, 8), Err(Errno::QuotaExceeded));
    assert!(world.create(b"5", 9, 8).is_ok());
    world.check();
    world.judge();
}

/// What a file that was removed is about to give back is waited for, if it is on the same account.
#[test]
fn what_comes_back_is_waited_for() {
    let world = world();
    for (owner, name) in [(5, b"0"), (9, b"1")] {
        let file = world.create(name, owner, owner + 1).expect("a file");
        world.write(file, 0, 90 * 512).expect("space");
        world.unlink(name, file).expect("its name");
    }
    let file = world.create(b"2", 5, 6).expect("a file");
    assert_eq!(world.write(file, 0, 180 * 512), Ok(180 * 512));
    assert_eq!(world.unlinked(), [9]);
    world.write(file, 180 * 512, 90 * 512).expect("what is left");
    assert_eq!(world.write(file, 270 * 512, 90 * 512), Err(Errno::QuotaExceeded));
    assert_eq!(world.unlinked(), [9]);
    world.check();
}

#[test]
fn grace_ends_and_comes_back() {
    let world = world();
    let file = world.create(b"file", 5, 6).expect("a file");
    world.write(file, 0, 120 * 512).expect("over the soft limit");
    world.sleep(200);
    let late = world.write(file, 130 * 512, 20 * 512);
    assert_eq!(late, Err(Errno::QuotaExceeded));
    let less = SetAttributes { size_bytes: Some(4096), ..SetAttributes::default() };
    world.change(file, less).expect("cut");
    world.write(file, 4096, 110 * 512).expect("over it again");
    world.check();
}

#[test]
fn the_superuser_has_no_limits() {
    let world = world();
    let file = world.create(b"file", 0, 0).expect("a file");
    assert_eq!(world.write(file, 0, 300 * 512), Ok(300 * 512));
    let given = SetAttributes { uid: Some(5), ..SetAttributes::default() };
    world.change(file, given).expect("only the superuser gives files away");
    let group = SetAttributes { gid: Some(6), ..SetAttributes::default() };
    assert_eq!(world.change(file, group), Err(Errno::QuotaExceeded));
    world.check();
}

/// Who lacks space, and then quota, waits for both, whoever gives them back.
#[test]
fn quota_is_waited_for_after_space() {
    let world = world();
    let file = |name: &[u8], owner, sectors: usize| {
        let file = world.create(name, owner, owner).expect("a file");
        world.write(file, 0, sectors * 512).expect("space");
        file
    };
    let (own, next) = (file(b"own", 5, 174), file(b"next", 5, 0));
    let (large, block) = (file(b"large", 0, 2048), file(b"block", 0, 16));
    let (rest, mut length) = (file(b"rest", 0, 0), 0);
    while let Ok(count) = world.write(rest, length, 1 << 20) {
        length += u64::from(count);
    }
    world.remove(b"block", block).expect("room for one block");
    world.unlink(b"large", large).expect("its name");
    world.unlink(b"own", own).expect("its name");
    assert_eq!(world.write(next, 0, 192 * 512), Ok(192 * 512));
    world.check();
}

/// A list that leads to itself: named once, and then there are no such quotas.
#[test]
fn a_broken_list_is_left_alone() {
    let world = world();
    world.create(b"file", 5, 6).expect("a file");
    let broken = world.transact(|one| {
        let file = one.quota_file(QuotaKind::User)?.expect("quotas");
        let crate::quota::file::Found::Entry((page, at)) = one.find_entry(&file, 5)? else {
            return Ok(());
        };
        let order = one.ffs.geometry.order;
        let head = file.head(5);
        let own = u64::get(&one.page(page)?[head..], order);
        own.put(one.metadata_mut(page, at + 80..at + 88)?, order);
        77_u32.put(one.metadata_mut(page, at + 88..at + 92)?, order);
        Ok(())
    });
    broken.expect("broken");
    for name in [b"1", b"2", b"3", b"4", b"5", b"6"] {
        world.create(name, 5, 100 + u32::from(name[0])).expect("a file");
    }
    assert_eq!(world.damage().len(), 1);
}

/// Free entries that lead out of the file: named once, and then there are no such quotas.
#[test]
fn a_broken_list_of_free_entries_is_left_alone() {
    let world = world();
    world.create(b"file", 5, 6).expect("a file");
    let broken = world.transact(|one| {
        let file = one.quota_file(QuotaKind::User)?.expect("quotas");
        let crate::quota::file::Found::Entry((page, _)) = one.find_entry(&file, 5)? else {
            return Ok(());
        };
        let order = one.ffs.geometry.order;
        7_u64.put(one.metadata_mut(page, 104..112)?, order);
        Ok(())
    });
    broken.expect("broken");
    for name in [b"1", b"2", b"3"] {
        world.create(name, 50 + u32::from(name[0]), 6).expect("a file");
    }
    assert_eq!(world.damage().len(), 1);
}
