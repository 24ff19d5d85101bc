//! Others go on meanwhile, and small files cost what they did.

use super::world::{MIB, World, all, layouts, poll};
use crate::Options;
use crate::testing::Mounted;
use abi::Errno;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

#[test]
fn files_removed_together_share_a_commit() {
    let world = World::new(&layouts()[0]);
    let names: Vec<_> = (0..32).map(|number| format!("{number}")).collect();
    for name in &names {
        world.file(name, 5000);
    }
    let before = world.fs.ffs.counters();
    let removals = names.iter().map(|name| Box::pin(world.remove(name)) as _).collect();
    assert_eq!(world.wait(all(removals)), [Ok(()); 32]);
    let after = world.fs.ffs.counters();
    assert_eq!((after.commits - before.commits, after.flushes - before.flushes), (1, 2));
    assert!(after.log_bytes - before.log_bytes < 16 << 10, "{before:?} {after:?}");
    assert_eq!(world.unlinked(), 0);
    world.check();
}

#[test]
fn a_small_file_comes_and_goes_with_one_commit_each() {
    let world = World::new(&layouts()[0]);
    world.file("first", 5000);
    let before = world.fs.ffs.counters();
    for _ in 0..10 {
        world.wait(world.create("file")).expect("a file");
        world.wait(world.remove("file")).expect("removed");
    }
    let after = world.fs.ffs.counters();
    assert_eq!((after.commits - before.commits, after.flushes - before.flushes), (20, 40));
}

/// Each round is durable before the next step of the removal, unless that holds the right to commit.
#[test]
fn a_directory_is_used_while_a_file_of_it_is_taken_apart() {
    for layout in layouts() {
        let world = World::new(&layout);
        let free_bytes = world.free_bytes();
        world.file("large", 8 * MIB);
        let mut removal = world.remove_in_part("large");
        let (mut rounds, mut is_done) = (0, false);
        while !is_done {
            let mut round = Box::pin(use_directory(&world, rounds));
            for polls in 1.. {
                if poll(&mut round).is_ready() {
                    break;
                }
                is_done |= polls % 100 == 0 && poll(&mut removal).is_ready();
                world.collect();
            }
            rounds += 1;
            is_done = is_done || poll(&mut removal).is_ready();
            world.collect();
        }
        assert!(rounds >= 6, "{rounds} rounds");
        drop(removal);
        assert_eq!(world.free_bytes(), free_bytes);
        world.check();
    }
}

/// Makes, moves, looks for and removes names beside one that is gone.
async fn use_directory(world: &World, round: u32) {
    let (name, other) = (format!("{round}"), format!("{round} again"));
    world.create(&name).await.expect("a file");
    world.rename(&name, &other).await.expect("renamed");
    assert_eq!(world.find("large").await.err(), Some(Errno::NoEntry));
    world.remove(&other).await.expect("removed");
}

/// Whoever replaces a file pays for it as a remover does.
#[test]
fn a_replaced_file_is_taken_apart_as_well() {
    for layout in layouts() {
        let world = World::new(&layout);
        let free_bytes = world.free_bytes();
        world.file("large", 4 * MIB);
        world.file("small", 0);
        let mut replacing = Box::pin(world.rename("small", "large"));
        while world.unlinked() == 0 {
            assert!(poll(&mut replacing).is_pending());
            world.collect();
        }
        world.wait(world.find("large")).expect("the small one");
        world.wait(&mut replacing).expect("replaced");
        drop(replacing);
        world.wait(world.remove("large")).expect("removed");
        assert_eq!(world.free_bytes(), free_bytes);
        world.check();
    }
}

/// The one that is dropped is nobody's; a save goes on with it, and so does closing.
#[test]
fn what_is_given_up_half_way_is_taken_apart_by_others() {
    for layout in layouts() {
        let world = World::new(&layout);
        let free_bytes = world.free_bytes();
        for is_saved in [true, false] {
            world.file("large", 4 * MIB);
            drop(world.remove_in_part("large"));
            world.wait(world.create("file")).expect("a file");
            assert_eq!(world.unlinked(), 1, "nobody waits for another's file");
            world.wait(world.remove("file")).expect("removed");
            assert_eq!(world.unlinked(), 1);
            if is_saved {
                assert!(vfs::WritableFileSystem::is_unsaved(&*world.fs.ffs));
                world.wait(world.fs.ffs.save()).expect("saved");
                assert_eq!((world.unlinked(), world.free_bytes()), (0, free_bytes));
            }
        }
        world.check();
        assert_eq!((world.unlinked(), world.free_bytes()), (0, free_bytes));
    }
}

#[test]
fn closing_waits_for_whoever_is_at_it() {
    for layout in layouts() {
        let world = World::new(&layout);
        world.file("large", 4 * MIB);
        let removal = world.remove_in_part("large");
        let closing = Box::pin(world.fs.ffs.leave_clean());
        assert_eq!(world.wait(all([removal, closing as _].into())), [Ok(()); 2]);
        world.check();
    }
}

/// What a crash interrupts is not the next mount's to wait for, but its first save's.
#[test]
fn a_mount_begins_before_it_is_done() {
    let world = World::new(&layouts()[0]);
    let free_bytes = world.free_bytes();
    world.file("large", 4 * MIB);
    let removal = world.remove_in_part("large");
    world.wait(world.create("file")).expect("durable, with what came before");
    let image = world.fs.disk.image.borrow().clone();
    drop(removal);
    let world = World::of(Mounted::of(image, Options::default()).expect("a mount"));
    assert_eq!(world.unlinked(), 1);
    assert!(world.free_bytes() < free_bytes);
    world.wait(world.find("file")).expect("at once");
    world.wait(world.fs.ffs.save()).expect("saved");
    assert_eq!((world.unlinked(), world.free_bytes()), (0, free_bytes));
    world.check();
}

/// The log's list has a bound, also where nobody settles before the end.
#[test]
fn removers_that_do_not_settle_make_room_themselves() {
    for layout in layouts() {
        let world = World::new(&layout);
        world.mount.settle_later();
        for round in 0..2 {
            for number in 0..600 {
                let create = world.create(if round == 0 { "a" } else { "b" });
                world.wait(create).expect("a file");
                let remove = world.remove(if round == 0 { "a" } else { "b" });
                world.wait(remove).expect("removed");
                assert!(world.unlinked() <= 256, "{} after {number}", world.unlinked());
            }
        }
        world.check();
        assert_eq!(world.unlinked(), 0);
    }
}
