//! LOOKUP, REMOVE, RMDIR, RENAME, LINK.

use crate::world::{World, handle_of, has_changed, place, refused, stale};
use nfs3_types::nfs3::{
    LINK3args, LINK3res, REMOVE3args, REMOVE3res, RENAME3args, RENAME3res, RMDIR3args, RMDIR3res,
    nfs_fh3, nfsstat3,
};

fn remove(world: &World, directory: &nfs_fh3, name: &str) -> REMOVE3res {
    world.call(12, &REMOVE3args { object: place(directory, name) })
}

fn remove_directory(world: &World, directory: &nfs_fh3, name: &str) -> RMDIR3res {
    world.call(13, &RMDIR3args { object: place(directory, name) })
}

fn rename(world: &World, from: (&nfs_fh3, &str), to: (&nfs_fh3, &str)) -> RENAME3res {
    world.call(14, &RENAME3args { from: place(from.0, from.1), to: place(to.0, to.1) })
}

fn link(world: &World, file: &nfs_fh3, directory: &nfs_fh3, name: &str) -> LINK3res {
    world.call(15, &LINK3args { file: file.clone(), link: place(directory, name) })
}

fn long_name() -> String {
    "n".repeat(256)
}

#[test]
fn lookup_finds_names_and_dots() {
    let world = World::new();
    let root = world.root();
    let directory = world.make_directory(&root, "d", 0o755);
    let file = world.create(&directory, "a");
    let found = world.try_lookup(&directory, "a").unwrap();
    assert_eq!(found.object, file);
    assert_eq!(found.obj_attributes.unwrap().fileid, world.attributes(&file).fileid);
    assert_eq!(found.dir_attributes.unwrap().fileid, world.attributes(&directory).fileid);
    assert_eq!(world.lookup(&directory, "."), directory);
    assert_eq!(world.lookup(&directory, ".."), root);
    assert_eq!(world.lookup(&root, ".."), root);
}

#[test]
fn lookup_says_what_is_wrong_and_still_shows_the_directory() {
    let world = World::new();
    let root = world.root();
    let file = world.create(&root, "a");
    let status = |directory: &nfs_fh3, name: &str| {
        let (status, body) = refused(world.try_lookup(directory, name));
        assert_eq!(body.dir_attributes.is_some(), status != nfsstat3::NFS3ERR_STALE);
        status
    };
    assert_eq!(status(&root, "b"), nfsstat3::NFS3ERR_NOENT);
    assert_eq!(status(&root, ""), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&root, "a/b"), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&root, "a\0"), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&root, &long_name()), nfsstat3::NFS3ERR_NAMETOOLONG);
    assert_eq!(status(&file, "b"), nfsstat3::NFS3ERR_NOTDIR);
    assert_eq!(status(&stale(&world), "a"), nfsstat3::NFS3ERR_STALE);
    assert_eq!(status(&stale(&world), ""), nfsstat3::NFS3ERR_STALE);
    let (bad, _) = refused(world.try_lookup(&handle_of(b"x"), "a"));
    assert_eq!(bad, nfsstat3::NFS3ERR_BADHANDLE);
    let closed = world.make_directory(&root, "closed", 0o700);
    world.create(&closed, "secret");
    world.become_user(1000, 1000);
    assert_eq!(status(&closed, "secret"), nfsstat3::NFS3ERR_ACCES);
}

#[test]
fn removing_a_file_makes_its_handle_stale() {
    let world = World::new();
    let root = world.root();
    let file = world.create(&root, "a");
    assert!(has_changed(&remove(&world, &root, "a").unwrap().dir_wcc));
    let (status, _) = refused(remove(&world, &root, "a"));
    assert_eq!(status, nfsstat3::NFS3ERR_NOENT);
    let result: nfs3_types::nfs3::GETATTR3res =
        world.call(1, &nfs3_types::nfs3::GETATTR3args { object: file });
    assert_eq!(refused(result).0, nfsstat3::NFS3ERR_STALE);
}

#[test]
fn what_cannot_be_removed() {
    let world = World::new();
    let root = world.root();
    world.create(&root, "a");
    let directory = world.make_directory(&root, "d", 0o755);
    world.create(&directory, "inner");
    let unlink = |world: &World, name: &str| {
        let (status, body) = refused(remove(world, &root, name));
        assert!(!has_changed(&body.dir_wcc));
        status
    };
    let rmdir = |world: &World, name: &str| {
        let (status, body) = refused(remove_directory(world, &root, name));
        assert!(!has_changed(&body.dir_wcc));
        status
    };
    assert_eq!(unlink(&world, "d"), nfsstat3::NFS3ERR_ISDIR);
    assert_eq!(unlink(&world, "."), nfsstat3::NFS3ERR_ISDIR);
    assert_eq!(unlink(&world, ""), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(unlink(&world, &long_name()), nfsstat3::NFS3ERR_NAMETOOLONG);
    assert_eq!(rmdir(&world, "a"), nfsstat3::NFS3ERR_NOTDIR);
    assert_eq!(rmdir(&world, "d"), nfsstat3::NFS3ERR_NOTEMPTY);
    assert_eq!(rmdir(&world, "."), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(rmdir(&world, ".."), nfsstat3::NFS3ERR_EXIST);
    assert_eq!(rmdir(&world, "x"), nfsstat3::NFS3ERR_NOENT);
    let read_only = world.exported_as("/:ro,no_root_squash");
    assert_eq!(unlink(&read_only, "a"), nfsstat3::NFS3ERR_ROFS);
    assert_eq!(rmdir(&read_only, "d"), nfsstat3::NFS3ERR_ROFS);
    world.become_user(1000, 1000);
    assert_eq!(unlink(&world, "a"), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(rmdir(&world, "d"), nfsstat3::NFS3ERR_ACCES);
    world.become_root();
    remove(&world, &directory, "inner").unwrap();
    assert!(has_changed(&remove_directory(&world, &root, "d").unwrap().dir_wcc));
}

#[test]
fn renaming_changes_both_directories() {
    let world = World::new();
    let root = world.root();
    let directory = world.make_directory(&root, "d", 0o755);
    let file = world.create(&root, "a");
    let moved = rename(&world, (&root, "a"), (&directory, "b")).unwrap();
    assert!(has_changed(&moved.fromdir_wcc) && has_changed(&moved.todir_wcc));
    assert_eq!(world.lookup(&directory, "b"), file);
    assert_eq!(refused(world.try_lookup(&root, "a")).0, nfsstat3::NFS3ERR_NOENT);
    let other = world.create(&directory, "c");
    rename(&world, (&directory, "c"), (&directory, "b")).unwrap();
    assert_eq!(world.lookup(&directory, "b"), other);
}

#[test]
fn what_cannot_be_renamed() {
    let world = World::new();
    let root = world.root();
    let directory = world.make_directory(&root, "d", 0o755);
    world.create(&root, "a");
    let status = |world: &World, from: (&nfs_fh3, &str), to: (&nfs_fh3, &str)| {
        let (status, body) = refused(rename(world, from, to));
        assert!(!has_changed(&body.fromdir_wcc) && !has_changed(&body.todir_wcc));
        status
    };
    assert_eq!(status(&world, (&root, "x"), (&root, "y")), nfsstat3::NFS3ERR_NOENT);
    assert_eq!(status(&world, (&root, "a"), (&root, "d")), nfsstat3::NFS3ERR_ISDIR);
    assert_eq!(status(&world, (&root, "d"), (&root, "a")), nfsstat3::NFS3ERR_NOTDIR);
    assert_eq!(status(&world, (&root, "d"), (&directory, "e")), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(status(&world, (&root, "."), (&root, "e")), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(status(&world, (&root, "a"), (&root, "..")), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(status(&world, (&root, "a"), (&root, "")), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&world, (&root, "a/b"), (&root, "c")), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&world, (&root, "a"), (&root, &long_name())), nfsstat3::NFS3ERR_NAMETOOLONG);
    let read_only = world.exported_as("/:ro");
    assert_eq!(status(&read_only, (&root, "a"), (&root, "b")), nfsstat3::NFS3ERR_ROFS);
}

#[test]
fn a_rename_shows_the_directory_that_is_there() {
    let world = World::new();
    world.create(&world.root(), "a");
    let gone = stale(&world);
    let (status, body) = refused(rename(&world, (&world.root(), "a"), (&gone, "b")));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
    assert!(body.fromdir_wcc.after.is_some() && body.todir_wcc.after.is_none());
    let bad = handle_of(b"bad");
    let (status, body) = refused(rename(&world, (&bad, "a"), (&world.root(), "b")));
    assert_eq!(status, nfsstat3::NFS3ERR_BADHANDLE);
    assert!(body.fromdir_wcc.after.is_none() && body.todir_wcc.after.is_some());
}

#[test]
fn linking() {
    let world = World::new();
    let root = world.root();
    let file = world.create(&root, "a");
    let linked = link(&world, &file, &root, "b").unwrap();
    assert_eq!(linked.file_attributes.unwrap().nlink, 2);
    assert!(has_changed(&linked.linkdir_wcc));
    assert_eq!(world.lookup(&root, "b"), file);
    let status = |world: &World, file: &nfs_fh3, name: &str| {
        let (status, body) = refused(link(world, file, &root, name));
        assert!(!has_changed(&body.linkdir_wcc));
        assert_eq!(body.file_attributes.is_some(), status != nfsstat3::NFS3ERR_STALE);
        status
    };
    assert_eq!(status(&world, &file, "b"), nfsstat3::NFS3ERR_EXIST);
    assert_eq!(status(&world, &file, "."), nfsstat3::NFS3ERR_EXIST);
    assert_eq!(status(&world, &file, ""), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&world, &root, "c"), nfsstat3::NFS3ERR_PERM);
    assert_eq!(status(&world, &stale(&world), "c"), nfsstat3::NFS3ERR_STALE);
    assert_eq!(status(&world.exported_as("/:ro"), &file, "c"), nfsstat3::NFS3ERR_ROFS);
    let (not_directory, _) = refused(link(&world, &file, &file, "c"));
    assert_eq!(not_directory, nfsstat3::NFS3ERR_NOTDIR);
}
