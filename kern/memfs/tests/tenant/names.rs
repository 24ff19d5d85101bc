//! Operations that make and remove names.

use crate::world::{ALICE, BOB, ID, NOW, ROOT, World, directory, find, is_gone, list, make};
use crate::world::{make_as, name, new_file, regular, run};
use abi::{DeviceNumber, Errno, FileSystemId, FileType};
use memfs::Memfs;
use vfs::{NewKind, Vnode};

fn links(file: &Vnode) -> u32 {
    run(file.attributes()).unwrap().links
}

fn remove(directory: &Vnode, text: &str) -> abi::Result<()> {
    run(directory.remove(&ROOT, name(text))).result
}

fn remove_directory(directory: &Vnode, text: &str) -> abi::Result<()> {
    run(directory.remove_directory(&ROOT, name(text))).result
}

#[test]
fn every_kind_of_file_is_made_as_asked() {
    let world = World::of_size(1 << 20);
    let number = DeviceNumber { major: 3, minor: 4 };
    let kinds = [
        (NewKind::Regular, FileType::Regular),
        (NewKind::Directory, FileType::Directory),
        (NewKind::SymbolicLink(b"x"), FileType::SymbolicLink),
        (NewKind::BlockDevice(number), FileType::BlockDevice),
        (NewKind::CharacterDevice(number), FileType::CharacterDevice),
        (NewKind::Socket, FileType::Socket),
        (NewKind::Fifo, FileType::Fifo),
    ];
    for (index, (kind, file_type)) in kinds.into_iter().enumerate() {
        let file = make(&world.root, &index.to_string(), kind, 0o17_640).unwrap();
        let attributes = run(file.attributes()).unwrap();
        assert_eq!((attributes.file_type, attributes.mode), (file_type, 0o7640));
        let is_device = matches!(file_type, FileType::BlockDevice | FileType::CharacterDevice);
        assert_eq!(attributes.device, if is_device { number } else { DeviceNumber::default() });
        assert_eq!(attributes.born, Some(NOW));
    }
}

#[test]
fn creating_tells_the_directory_before_and_after() {
    let world = World::of_size(1 << 20);
    let changed = run(world.root.create(&ROOT, name("d"), &new_file(NewKind::Directory, 0o755)));
    let (before, after) = (changed.before.unwrap(), changed.after.unwrap());
    assert_eq!((before.links, after.links), (2, 3));
    assert!(after.changed > before.changed && after.modified > before.modified);
    assert_eq!(links(&changed.result.unwrap()), 2);
}

#[test]
fn a_taken_name_goes_before_a_missing_right() {
    let world = World::of_size(1 << 20);
    regular(&world.root, "a");
    let ask = |who, text| make_as(who, &world.root, text, NewKind::Regular, 0o644).unwrap_err();
    assert_eq!(ask(&ALICE, "a"), Errno::Exists);
    assert_eq!(ask(&ALICE, "b"), Errno::AccessDenied);
    assert_eq!((ask(&ROOT, "."), ask(&ROOT, "..")), (Errno::Exists, Errno::Exists));
    assert_eq!(ask(&ROOT, &"n".repeat(256)), Errno::NameTooLong);
}

#[test]
fn another_name_is_the_same_file() {
    let world = World::of_size(1 << 20);
    let (file, below) = (regular(&world.root, "a"), directory(&world.root, "d"));
    let changed = run(file.link(&ROOT, &below, name("b")));
    assert_eq!(changed.result, Ok(()));
    assert!(changed.after.unwrap().changed > changed.before.unwrap().changed);
    assert_eq!(find(&below, "b").unwrap().file(), file.file());
    assert_eq!(links(&file), 2);
    assert_eq!(run(file.link(&ROOT, &below, name("b"))).result, Err(Errno::Exists));
    remove(&world.root, "a").unwrap();
    assert_eq!(links(&file), 1);
    remove(&below, "b").unwrap();
    assert_eq!(run(file.attributes()), Err(Errno::Stale));
    assert_eq!(run(file.link(&ROOT, &below, name("b"))).result, Err(Errno::Stale));
}

#[test]
fn directories_have_one_name_and_file_systems_no_common_ones() {
    let world = World::of_size(1 << 20);
    let below = directory(&world.root, "d");
    let link = run(below.link(&ROOT, &below, name("x"))).result;
    assert_eq!(link, Err(Errno::NotPermitted));
    let other = World::over(Memfs::new(FileSystemId(ID.0 + 1), 1 << 20, 1, NOW));
    let file = regular(&world.root, "a");
    assert_eq!(run(file.link(&ROOT, &other.root, name("x"))).result, Err(Errno::CrossDevice));
    let moved = run(world.root.rename(&ROOT, name("a"), &other.root, name("a")));
    assert_eq!(moved.result, Err(Errno::CrossDevice));
}

#[test]
fn each_kind_is_removed_in_its_own_way() {
    let world = World::of_size(1 << 20);
    let free = world.free_bytes();
    let below = directory(&world.root, "d");
    regular(&below, "a");
    assert_eq!(remove(&world.root, "d"), Err(Errno::IsDirectory));
    assert_eq!(remove(&world.root, "x"), Err(Errno::NoEntry));
    assert_eq!(remove_directory(&below, "a"), Err(Errno::NotDirectory));
    assert_eq!(remove_directory(&world.root, "d"), Err(Errno::NotEmpty));
    assert_eq!(remove_directory(&below, "."), Err(Errno::Invalid));
    assert_eq!(remove_directory(&below, ".."), Err(Errno::NotEmpty));
    assert_eq!(remove(&below, ".."), Err(Errno::IsDirectory));
    assert_eq!((remove(&below, "a"), remove_directory(&world.root, "d")), (Ok(()), Ok(())));
    assert!(is_gone(&world.root, "d"));
    assert_eq!((links(&world.root), world.free_bytes()), (2, free));
    assert_eq!(make(&below, "b", NewKind::Regular, 0).unwrap_err(), Errno::Stale);
}

#[test]
fn removing_needs_the_directory_and_in_a_sticky_one_the_file() {
    let world = World::of_size(1 << 20);
    let sticky = make(&world.root, "tmp", NewKind::Directory, 0o1777).unwrap();
    for text in ["a", "b"] {
        make_as(&ALICE, &sticky, text, NewKind::Regular, 0o666).unwrap();
    }
    let remove = |who, directory: &Vnode, text| run(directory.remove(who, name(text))).result;
    assert_eq!(remove(&BOB, &sticky, "a"), Err(Errno::NotPermitted));
    let moved = run(sticky.rename(&BOB, name("a"), &sticky, name("c"))).result;
    assert_eq!(moved, Err(Errno::NotPermitted));
    make_as(&BOB, &sticky, "mine", NewKind::Regular, 0o666).unwrap();
    let over = run(sticky.rename(&BOB, name("mine"), &sticky, name("a"))).result;
    assert_eq!(over, Err(Errno::NotPermitted));
    assert_eq!((remove(&ALICE, &sticky, "a"), remove(&ROOT, &sticky, "b")), (Ok(()), Ok(())));
    regular(&world.root, "x");
    assert_eq!(remove(&ALICE, &world.root, "x"), Err(Errno::AccessDenied));
    assert_eq!(list(&world.root, 9), ["tmp", "x"]);
}
