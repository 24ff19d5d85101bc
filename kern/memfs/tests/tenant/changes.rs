//! Operations that change one file.

use crate::world::write;
use crate::world::{ALICE, BOB, ID, NOW, ROOT, World, directory, make_as, read, regular, run};
use crate::wrapper::Wrapper;
use abi::{Errno, SetAttributes, SetTime, Timestamp};
use bytes::Bytes;
use memfs::{Memfs, RootDirectory};
use std::rc::Rc;
use vfs::{NewKind, Stability, Vnode};

const LATER: Timestamp = Timestamp { seconds: 2_000_000_000, nanoseconds: 0 };

/// A world whose root is everybody's.
fn open_world() -> World {
    let root = RootDirectory { mode: 0o777, uid: 0, gid: 0 };
    World::over(Memfs::with_root(ID, 1 << 20, 1, NOW, root))
}

fn resize(size_bytes: u64) -> SetAttributes {
    SetAttributes { size_bytes: Some(size_bytes), ..Default::default() }
}

fn mode_of(file: &Vnode) -> u32 {
    run(file.attributes()).unwrap().mode
}

#[test]
fn attributes_before_and_after_tell_every_change_apart() {
    let world = open_world();
    let file = regular(&world.root, "a");
    let changed = run(file.set_attributes(&ROOT, &resize(5), None));
    let (before, after) = (changed.before.unwrap(), changed.after.unwrap());
    assert_eq!((before.size_bytes, after.size_bytes), (0, 5));
    assert!(after.changed > before.changed && after.modified > before.modified);
    let again = run(file.write(&ROOT, 0, Bytes::from_static(b"x"), Stability::Unstable));
    assert_eq!(again.before, Some(after));
    assert!(again.after.unwrap().changed > after.changed);
}

#[test]
fn mode_and_times_leave_the_modification_time() {
    let world = open_world();
    let file = regular(&world.root, "a");
    let change = SetAttributes {
        mode: Some(0o640),
        accessed: SetTime::To(LATER),
        ..SetAttributes::default()
    };
    let changed = run(file.set_attributes(&ROOT, &change, None));
    let (before, after) = (changed.before.unwrap(), changed.after.unwrap());
    assert_eq!((after.mode, after.accessed, after.modified), (0o640, LATER, before.modified));
    let both = SetAttributes { modified: SetTime::To(LATER), ..resize(1) };
    let after = run(file.set_attributes(&ROOT, &both, None)).after.unwrap();
    assert_eq!((after.modified, after.size_bytes), (LATER, 1));
}

#[test]
fn a_guard_must_hold() {
    let world = open_world();
    let file = regular(&world.root, "a");
    let changed = run(file.attributes()).unwrap().changed;
    let guarded = |guard| run(file.set_attributes(&ROOT, &resize(1), Some(guard))).result;
    assert_eq!(guarded(changed.next()), Err(Errno::NotSync));
    assert_eq!(guarded(changed), Ok(()));
    assert_eq!(guarded(changed), Err(Errno::NotSync));
}

#[test]
fn a_change_of_nothing_changes_nothing() {
    let world = open_world();
    let file = regular(&world.root, "a");
    let changed = run(file.set_attributes(&BOB, &SetAttributes::default(), None));
    assert_eq!((changed.result, changed.before), (Ok(()), changed.after));
    let changed = run(file.write(&ROOT, 100, Bytes::new(), Stability::File));
    assert_eq!((changed.result.unwrap().count_bytes, changed.before), (0, changed.after));
}

#[test]
fn writers_are_the_owner_and_whom_the_mode_allows() {
    let world = open_world();
    let file = make_as(&ALICE, &world.root, "a", NewKind::Regular, 0o444).unwrap();
    let ask =
        |who| run(file.write(who, 0, Bytes::from_static(b"x"), Stability::File)).result.map(|_| ());
    assert_eq!((ask(&ALICE), ask(&BOB), ask(&ROOT)), (Ok(()), Err(Errno::AccessDenied), Ok(())));
    assert_eq!(run(file.commit(&BOB, 0, 0)).result, Err(Errno::AccessDenied));
    assert_eq!(run(file.commit(&ALICE, u64::MAX, u64::MAX)).result, Ok(()));
    let of_directory =
        run(world.root.write(&ROOT, 0, Bytes::from_static(b"x"), Stability::File)).result;
    assert_eq!(of_directory.unwrap_err(), Errno::IsDirectory);
    assert_eq!(run(world.root.commit(&ROOT, 0, 0)).result, Err(Errno::IsDirectory));
}

#[test]
fn an_ordinary_write_takes_set_id_bits_away() {
    let world = open_world();
    let file = make_as(&ALICE, &world.root, "a", NewKind::Regular, 0o6777).unwrap();
    assert_eq!(mode_of(&file), 0o6777);
    write(&file, 0, b"x").unwrap();
    assert_eq!(mode_of(&file), 0o6777);
    run(file.write(&BOB, 0, Bytes::from_static(b"y"), Stability::File)).result.unwrap();
    assert_eq!(mode_of(&file), 0o777);
}

#[test]
fn the_largest_file_has_an_end() {
    let world = open_world();
    let file = regular(&world.root, "a");
    let max = world.mount.file_system().limits().file_bytes_max;
    for offset in [max, u64::MAX - 1, u64::MAX] {
        assert_eq!(write(&file, offset, b"xy"), Err(Errno::FileTooBig));
    }
    assert_eq!(write(&file, max - 2, b"xy"), Ok(2));
    assert_eq!(read(&file, max - 3, 9), b"\0xy");
    let longer = run(file.set_attributes(&ROOT, &resize(max + 1), None));
    assert_eq!(longer.result, Err(Errno::FileTooBig));
}

#[test]
fn a_read_only_mount_refuses_every_change() {
    let inner = Memfs::new(ID, 1 << 20, 1, NOW);
    let writable = World::over(inner.clone());
    let (handle, below) = (regular(&writable.root, "a").handle(), directory(&writable.root, "d"));
    let world = World::over(Rc::new(Wrapper { read_only: true, ..Wrapper::new(inner) }));
    let file = world.tree.vnode(&handle).unwrap();
    let below = world.tree.vnode(&below.handle()).unwrap();
    let root = &world.root;
    let name = crate::world::name;
    let new = crate::world::new_file(NewKind::Regular, 0o666);
    let results = [
        run(file.set_attributes(&ROOT, &resize(0), None)).result,
        run(file.write(&ROOT, 0, Bytes::from_static(b"x"), Stability::File)).result.map(drop),
        run(file.commit(&ROOT, 0, 0)).result,
        run(root.create(&ROOT, name("b"), &new)).result.map(drop),
        run(file.link(&ROOT, root, name("b"))).result,
        run(root.remove(&ROOT, name("a"))).result,
        run(root.remove_directory(&ROOT, name("d"))).result,
        run(root.rename(&ROOT, name("a"), &below, name("b"))).result,
    ];
    assert_eq!(results, [Err(Errno::ReadOnly); 8]);
    let exists = run(root.create(&ROOT, name("a"), &new)).result;
    assert_eq!(exists.unwrap_err(), Errno::Exists);
    let nowhere = run(file.create(&ROOT, name("a"), &new)).result;
    assert_eq!(nowhere.unwrap_err(), Errno::NotDirectory);
}
