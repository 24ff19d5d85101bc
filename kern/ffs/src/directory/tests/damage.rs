//! Damaged chunks are left alone, and what is not as it was found is not changed.

use super::super::{Found, Room};
use super::world::{World, layouts};
use crate::layout::{CHUNK_BYTES, ROOT_INODE};
use crate::testing::NOW;
use abi::{Errno, FileType, InodeNo};
use alloc::format;
use alloc::vec::Vec;
use ffscheck::Image;

/// A chunk in the middle, behind whose second name a record is damaged.
const DAMAGED: u64 = 4 * CHUNK_BYTES as u64;

/// A directory of nine chunks, one of them damaged, and the names in that one.
fn damaged(world: World) -> (World, Vec<Vec<u8>>) {
    let mut world = world;
    let mut number = 0;
    while world.size() < 9 * CHUNK_BYTES as u64 {
        world.enter(format!("a rather long name, number {number:04}").as_bytes()).expect("a name");
        number += 1;
    }
    world.fs.wait(world.fs.ffs.leave_clean()).expect("all written");
    let mut chunk = world.chunk(DAMAGED);
    let names = world.names_in(&chunk);
    chunk[names[2].0 + 4..][..2].fill(0xff);
    let offset = world.disk_offset(DAMAGED);
    let mut image = world.fs.disk.image.borrow().clone();
    Image::write_at(&mut image, offset, &chunk).expect("a write");
    let (ffs, luck) = (&world.fs.ffs, world.luck);
    let mut again = World::with(image, ffs.options.clone(), luck.0).expect("a mount");
    again.names = world.names;
    (again, names.into_iter().map(|(_, name)| name).collect())
}

#[test]
fn no_name_is_put_into_a_damaged_chunk() {
    for layout in layouts() {
        let (mut world, lost) = damaged(World::new(&layout, 1));
        let before = world.chunk(DAMAGED);
        assert_eq!(world.entry_of(b"absent"), Err(Errno::Io));
        // Room is made in all of the other chunks.
        let known: Vec<_> =
            world.names.keys().filter(|name| !lost.contains(name)).cloned().collect();
        for name in known.iter().step_by(2) {
            world.strike(name).expect("a name less");
        }
        for number in 0..200 {
            let name = format!("new {number}");
            assert_ne!(world.room_for(name.as_bytes()), Ok(Room::Chunk(DAMAGED)));
            world.enter_unseen(name.as_bytes()).expect("a name more");
        }
        world.fs.wait(world.fs.ffs.write_everything()).expect("all written");
        assert_eq!(world.chunk(DAMAGED), before);
        for name in lost.iter().skip(2) {
            assert_eq!(world.entry_of(name), Err(Errno::Io));
        }
    }
}

#[test]
fn what_can_be_read_of_a_damaged_chunk_can_be_struck() {
    let (mut world, lost) = damaged(World::new(&layouts()[1], 1));
    let before = world.chunk(DAMAGED);
    world.redirect(&lost[0]).expect("another inode");
    world.strike(&lost[1]).expect("a name less");
    world.strike(&lost[0]).expect("a name less");
    assert_eq!(world.entry_of(&lost[0]), Err(Errno::Io));
    world.fs.wait(world.fs.ffs.write_everything()).expect("all written");
    let (after, kept) = (world.chunk(DAMAGED), world.names_in(&before)[1].0);
    let damage = kept + (kept.max(1));
    assert_eq!(after[damage..], before[damage..]);
    let listed = world.list(0, usize::MAX).expect("what can be read");
    assert!(!listed.1, "a damaged directory has no end");
}

#[test]
fn a_damaged_directory_is_not_cut_short_of_its_damage() {
    let (mut world, lost) = damaged(World::new(&layouts()[0], 1));
    let known: Vec<_> = world.names.keys().filter(|name| !lost.contains(name)).cloned().collect();
    for name in known.iter().chain(&lost[..2]) {
        world.strike(name).expect("a name less");
    }
    assert!(world.size() > DAMAGED);
    assert_eq!(world.fs.wait(world.fs.ffs.is_empty_directory(&world.root())), Err(Errno::Io));
}

#[test]
fn what_is_not_as_it_was_found_is_not_changed() {
    let mut world = World::new(&layouts()[2], 1);
    for name in ["one", "two", "three"] {
        world.enter(name.as_bytes()).expect("a name");
    }
    let found = world.entry_of(b"two").expect("an entry");
    let other = Found { inode: InodeNo(found.inode.0 + 1), ..found };
    let inside = Found { offset: found.offset + 4, ..found };
    let outside = Found { offset: 512, ..found };
    for (found, name) in [(other, "two"), (found, "one"), (inside, "two"), (outside, "two")] {
        let ffs = &world.fs.ffs;
        let result =
            world.fs.wait(ffs.transact(NOW, |transaction| {
                transaction.strike(ROOT_INODE, &found, name.as_bytes())
            }));
        assert_eq!(result, Err(Errno::Io));
        let result = world.fs.wait(ffs.transact(NOW, |transaction| {
            let (to, file_type) = (InodeNo(9), FileType::Regular);
            transaction.redirect(ROOT_INODE, &found, name.as_bytes(), to, file_type)
        }));
        assert_eq!(result, Err(Errno::Io));
    }
    let result = world.fs.wait(world.fs.ffs.transact(NOW, |transaction| {
        let (room, long) = (Room::Chunk(0), [b'x'; 255]);
        transaction.enter(ROOT_INODE, &room, &long, InodeNo(9), FileType::Regular)?;
        transaction.enter(ROOT_INODE, &room, &long, InodeNo(9), FileType::Regular)
    }));
    assert_eq!(result, Err(Errno::Io));
    assert_eq!(world.fs.damage.take().len(), 9);
    world.check();
}

#[test]
fn a_directory_begins_with_its_dots_and_may_get_another_parent() {
    for layout in layouts() {
        let world = World::new(&layout, 1);
        let ffs = &world.fs.ffs;
        let made = world.fs.wait(ffs.transact(NOW, |transaction| {
            let (number, generation) = transaction.allocate_inode(ROOT_INODE, true)?;
            let inode = transaction.inode(ROOT_INODE)?;
            let area = crate::layout::BlockArea::Pointers(Default::default());
            let inode =
                crate::layout::Inode { generation, area, size_bytes: 0, sectors: 0, ..inode };
            transaction.set_inode(number, inode)?;
            transaction.start_directory(number, ROOT_INODE)?;
            Ok(number)
        }));
        let node = world.fs.wait(ffs.node(made.expect("a directory"))).expect("its node");
        let entry = |name: &[u8]| world.fs.wait(ffs.entry_of(&node, name)).map(|found| found.inode);
        assert_eq!([entry(b"."), entry(b"..")], [Ok(node.number), Ok(ROOT_INODE)]);
        assert_eq!(node.inode().size_bytes, 512);
        assert_eq!(world.fs.wait(ffs.is_empty_directory(&node)), Ok(true));
        let moved = world.fs.wait(
            ffs.transact(NOW, |transaction| transaction.set_parent(node.number, InodeNo(77))),
        );
        assert_eq!((moved, entry(b"..")), (Ok(()), Ok(InodeNo(77))));
        assert_eq!(world.fs.wait(ffs.is_empty_directory(&world.root())), Ok(true));
    }
}
