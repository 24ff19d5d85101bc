//! Who removes a file has its space, however little of it has come back yet.

use super::world::{MIB, World, all, layouts};
use abi::Errno;
use alloc::boxed::Box;
use vfs::Vnode;

/// A disk that is full but for a little, most of it with one file; and a file that is to grow.
fn full(world: &World) -> Vnode {
    let growing = world.file("growing", 0);
    world.file("large", 6 * MIB);
    world.file("rest", 20 * MIB);
    growing
}

async fn grow(world: &World, file: &Vnode) -> Result<(), Errno> {
    let done = world.fill(file, 5 * MIB).await?;
    if done == 5 * MIB { Ok(()) } else { Err(Errno::NoSpace) }
}

#[test]
fn nothing_comes_back_from_nothing() {
    for layout in layouts() {
        let world = World::new(&layout);
        let growing = full(&world);
        assert_eq!(world.wait(grow(&world, &growing)), Err(Errno::NoSpace));
        world.check();
    }
}

#[test]
fn a_writer_waits_for_whoever_is_at_it() {
    for layout in layouts() {
        let world = World::new(&layout);
        let growing = full(&world);
        let removal = world.remove_in_part("large");
        let writing = Box::pin(grow(&world, &growing));
        assert_eq!(world.wait(all([removal, writing as _].into())), [Ok(()); 2]);
        world.check();
    }
}

#[test]
fn a_writer_does_what_nobody_does() {
    for layout in layouts() {
        for is_begun in [true, false] {
            let world = World::new(&layout);
            let growing = full(&world);
            if is_begun {
                drop(world.remove_in_part("large"));
            } else {
                world.mount.settle_later();
                world.wait(world.remove("large")).expect("removed");
            }
            assert_eq!(world.unlinked(), 1);
            assert_eq!(world.wait(grow(&world, &growing)), Ok(()));
            world.check();
        }
    }
}

/// Whoever is dropped while a writer waits for it hands its work on.
#[test]
fn a_writer_goes_on_with_what_is_given_up() {
    for layout in layouts() {
        let world = World::new(&layout);
        let growing = full(&world);
        let removal = world.remove_in_part("large");
        let mut writing = Box::pin(grow(&world, &growing));
        for _ in 0..50 {
            assert!(super::world::poll(&mut writing).is_pending());
            world.collect();
        }
        drop(removal);
        assert_eq!(world.wait(writing), Ok(()));
        world.check();
    }
}

/// Inodes come back at the very end.
#[test]
fn an_inode_is_waited_for() {
    for layout in layouts() {
        let world = World::new(&layout);
        world.mount.settle_later();
        world.wait(world.create("first")).expect("a file");
        let mut count = 0;
        while world.wait(world.create(&alloc::format!("{count}"))).is_ok() {
            count += 1;
        }
        world.wait(world.remove("first")).expect("removed");
        world.wait(world.create("last")).expect("its inode");
        let more = world.wait(world.create("more")).err();
        assert_eq!(more, Some(Errno::NoSpace));
        world.check();
    }
}
