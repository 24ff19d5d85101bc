//! Rename, case by case.

use crate::world::{ALICE, ROOT, World, directory, find, is_gone, make, make_as, name, regular};
use crate::world::{list, run};
use abi::{Errno, Result};
use vfs::{NewKind, Renamed, Vnode};

fn rename(from: &Vnode, old: &str, to: &Vnode, new: &str) -> Result<()> {
    renamed(from, old, to, new).result
}

fn renamed(from: &Vnode, old: &str, to: &Vnode, new: &str) -> Renamed {
    run(from.rename(&ROOT, name(old), to, name(new)))
}

fn links(file: &Vnode) -> u32 {
    run(file.attributes()).unwrap().links
}

/// `/a/b/c` and `/d`, all directories.
fn branches() -> (World, [Vnode; 4]) {
    let world = World::of_size(1 << 20);
    let a = directory(&world.root, "a");
    let b = directory(&a, "b");
    let c = directory(&b, "c");
    let d = directory(&world.root, "d");
    (world, [a, b, c, d])
}

#[test]
fn both_directories_tell_before_and_after() {
    let (world, [a, b, .., d]) = branches();
    let done = renamed(&a, "b", &d, "e");
    assert_eq!(done.result, Ok(()));
    let counts = |pair: (Option<abi::Attributes>, Option<abi::Attributes>)| {
        let (before, after) = (pair.0.unwrap(), pair.1.unwrap());
        assert!(after.changed > before.changed && after.modified > before.modified);
        (before.links, after.links)
    };
    assert_eq!((counts(done.from), counts(done.to)), ((3, 2), (2, 3)));
    assert_eq!(find(&b, "..").unwrap().file(), d.file());
    assert_eq!(find(&d, "e").unwrap().file(), b.file());
    assert_eq!((is_gone(&a, "b"), links(&world.root)), (true, 4));
}

#[test]
fn within_one_directory_both_pairs_are_its_own() {
    let (world, [a, ..]) = branches();
    let done = renamed(&world.root, "a", &world.root, "z");
    assert_eq!((done.result, done.from), (Ok(()), done.to));
    assert_eq!(find(&world.root, "z").unwrap().file(), a.file());
    assert_eq!(list(&world.root, 1), ["d", "z"]);
}

#[test]
fn a_directory_does_not_move_into_itself() {
    let (world, [a, b, c, _]) = branches();
    assert_eq!(rename(&world.root, "a", &a, "x"), Err(Errno::Invalid));
    assert_eq!(rename(&world.root, "a", &b, "x"), Err(Errno::Invalid));
    assert_eq!(rename(&world.root, "a", &c, "x"), Err(Errno::Invalid));
    assert_eq!(rename(&a, "b", &c, "x"), Err(Errno::Invalid));
}

#[test]
fn an_ancestor_is_not_empty() {
    let (world, [a, b, c, _]) = branches();
    regular(&c, "file");
    directory(&c, "directory");
    assert_eq!(rename(&c, "directory", &b, "c"), Err(Errno::NotEmpty));
    assert_eq!(rename(&c, "directory", &a, "b"), Err(Errno::NotEmpty));
    assert_eq!(rename(&c, "directory", &world.root, "a"), Err(Errno::NotEmpty));
    assert_eq!(rename(&c, "file", &b, "c"), Err(Errno::NotEmpty));
}

#[test]
fn sorts_must_agree() {
    let (world, [a, b, c, d]) = branches();
    regular(&d, "file");
    assert_eq!(rename(&d, "file", &a, "b"), Err(Errno::IsDirectory));
    assert_eq!(rename(&a, "b", &d, "file"), Err(Errno::NotDirectory));
    assert_eq!(rename(&world.root, "d", &b, "c"), Ok(()));
    assert_eq!(run(c.attributes()), Err(Errno::Stale));
    assert_eq!((links(&b), links(&world.root)), (3, 3));
    let link = NewKind::SymbolicLink(b"x");
    let link = make(&world.root, "link", link, 0o777).unwrap();
    assert_eq!(rename(&world.root, "link", &d, "file"), Ok(()));
    assert_eq!(find(&d, "file").unwrap().file(), link.file());
}

#[test]
fn a_replaced_file_is_gone_and_its_space_free() {
    let world = World::of_size(1 << 20);
    let (old, new) = (regular(&world.root, "old"), regular(&world.root, "new"));
    let free = world.free_bytes();
    crate::world::write(&new, 0, &[1; 5000]).unwrap();
    assert_eq!(rename(&world.root, "old", &world.root, "new"), Ok(()));
    assert_eq!(run(new.attributes()), Err(Errno::Stale));
    assert_eq!(find(&world.root, "new").unwrap().file(), old.file());
    assert!(world.free_bytes() > free);
}

#[test]
fn two_names_of_one_file_stay() {
    let (world, [a, ..]) = branches();
    let file = regular(&world.root, "x");
    run(file.link(&ROOT, &a, name("y"))).result.unwrap();
    let done = renamed(&world.root, "x", &a, "y");
    assert_eq!((done.result, done.from.0), (Ok(()), done.from.1));
    assert_eq!(rename(&world.root, "x", &world.root, "x"), Ok(()));
    assert_eq!(links(&file), 2);
}

#[test]
fn names_that_cannot_be_moved() {
    let (world, [a, ..]) = branches();
    for (old, new) in [(".", "x"), ("..", "x"), ("b", "."), ("b", "..")] {
        assert_eq!(rename(&a, old, &world.root, new), Err(Errno::Invalid));
    }
    assert_eq!(rename(&a, "none", &world.root, "x"), Err(Errno::NoEntry));
    assert_eq!(rename(&a, "b", &world.root, &"x".repeat(256)), Err(Errno::NameTooLong));
    let file = regular(&world.root, "file");
    assert_eq!(rename(&file, "b", &world.root, "x"), Err(Errno::NotDirectory));
    assert_eq!(rename(&a, "b", &file, "x"), Err(Errno::NotDirectory));
}

#[test]
fn a_directory_changes_parents_only_for_those_who_may_write_it() {
    let (_world, [a, .., d]) = branches();
    make_as(&ROOT, &a, "private", NewKind::Directory, 0o755).unwrap();
    let ask = |to| run(a.rename(&ALICE, name("private"), to, name("x"))).result;
    assert_eq!(ask(&d), Err(Errno::AccessDenied));
    assert_eq!(ask(&a), Ok(()));
}
