//! A file that cannot be taken apart, because the disk does not read its map.

use super::world::{MIB, World, found, layouts};
use crate::Options;
use crate::layout::{BlockArea, Field, SUPERBLOCK_BYTES, Superblock, clean, flags};
use crate::testing::Mounted;
use abi::{Errno, InodeNo};
use alloc::format;
use ffscheck::newfs::Memory;

/// A world whose file `broken` loses its map when the disk is read again.
fn broken(layout: &ffscheck::newfs::Options) -> (World, InodeNo) {
    let world = World::new(layout);
    let file = world.file("broken", 4 * MIB).file();
    world.file("other", 4 * MIB);
    let world = world.again();
    let node = world.wait(world.fs.ffs.file(file)).expect("a node");
    let BlockArea::Pointers(pointers) = node.inode().area else { panic!("text") };
    let at = pointers.indirect[1].0 << world.fs.ffs.geometry.frag_shift;
    *world.fs.disk.bad_reads.borrow_mut() = at..at + 1;
    (world, file.inode)
}

fn superblock(world: &World, image: &Memory) -> Superblock {
    let mut bytes = [0; SUPERBLOCK_BYTES];
    let offset = world.fs.ffs.superblock.superblock_offset_bytes as u64;
    image.read_at(offset, &mut bytes);
    Superblock::get(&bytes, world.fs.ffs.geometry.order)
}

#[test]
fn its_remover_is_not_told_and_nobody_tries_again() {
    for layout in layouts() {
        let (world, inode) = broken(&layout);
        world.wait(world.remove("broken")).expect("the name is gone");
        let number = inode.0;
        let has_log = layout.log_bytes != Some(0);
        let next = if has_log { "the next mount tries again" } else { "fsck frees it" };
        let line = format!("inode {number} has no name and is not freed ({}): {next}", Errno::Io);
        assert_eq!(*world.fs.damage.borrow(), [line]);
        let reads = world.fs.disk.reads.get();
        world.wait(world.fs.ffs.save()).expect("saved");
        assert!(!vfs::WritableFileSystem::is_unsaved(&*world.fs.ffs));
        assert_eq!((world.fs.disk.reads.get(), world.unlinked()), (reads, 1));
        world.wait(world.remove("other")).expect("removed");
        assert_eq!((world.fs.damage.borrow().len(), world.unlinked()), (1, 1));
    }
}

#[test]
fn all_else_is_written_at_the_end() {
    for layout in layouts() {
        let (world, _) = broken(&layout);
        world.wait(world.remove("broken")).expect("the name is gone");
        let more = world.wait(world.create("more")).expect("a file");
        world.wait(world.fill(&more, MIB)).expect("space");
        world.wait(world.remove("other")).expect("removed");
        for _ in 0..2 {
            assert_eq!(world.wait(world.fs.ffs.leave_clean()), Err(Errno::Io));
        }
        let image = world.fs.disk.image.borrow().clone();
        let superblock = superblock(&world, &image);
        let has_log = world.fs.ffs.changeable().is_err() && layout.log_bytes != Some(0);
        let state = (superblock.clean, superblock.flags & flags::WAPBL != 0);
        assert_eq!(state, if has_log { (clean::WAS_CLEAN, true) } else { (0, false) });
        if has_log {
            goes_on(image);
        } else {
            assert!(found(&image)[0].contains("a file without a name"), "{:?}", found(&image));
        }
    }
}

/// The log has the file in its list, for whoever replays it on a better disk.
fn goes_on(image: Memory) {
    assert_eq!(found(&image), [""; 0]);
    let world = World::of(Mounted::of(image, Options::default()).expect("a mount"));
    assert_eq!(world.unlinked(), 1);
    let more = world.wait(world.find("more")).expect("a file");
    assert_eq!(world.wait(more.attributes()).expect("its size").size_bytes, MIB as u64);
    world.wait(world.fs.ffs.save()).expect("saved");
    assert_eq!(world.unlinked(), 0);
    world.wait(world.remove("more")).expect("removed");
    world.check();
}

/// What was only a passing trouble of the disk is over at the end.
#[test]
fn closing_tries_once_more() {
    for layout in layouts() {
        let (world, _) = broken(&layout);
        world.wait(world.remove("broken")).expect("the name is gone");
        *world.fs.disk.bad_reads.borrow_mut() = 0..0;
        world.wait(world.fs.ffs.leave_clean()).expect("all written");
        assert_eq!(found(&world.fs.disk.image.borrow()), [""; 0]);
    }
}

#[test]
fn a_disk_that_takes_nothing_is_told() {
    for layout in layouts() {
        let world = World::new(&layout);
        world.file("large", 4 * MIB);
        *world.fs.disk.bad.borrow_mut() = 0..u64::MAX;
        assert_eq!(world.wait(world.remove("large")), Err(Errno::Io));
        for _ in 0..2 {
            assert_eq!(world.wait(world.fs.ffs.leave_clean()), Err(Errno::Io));
        }
    }
}
