//! Calls judged by the export that a handle was reached through.

use crate::mount::mount;
use crate::world::{NFS, World, mode, packed, place, refused, unpacked};
use abi::{FileId, InodeNo};
use nfs3_types::nfs3::{
    GETATTR3args, GETATTR3res, LINK3args, LINK3res, Nfs3Option, Nfs3Result, READDIRPLUS3args,
    READDIRPLUS3res, RENAME3args, RENAME3res, cookieverf3, createhow3, entryplus3, nfs_fh3,
    nfsstat3,
};
use nfs3_types::xdr_codec::Void;
use rpc::Fault;
use std::net::{IpAddr, Ipv4Addr};

/// Whichever.
const FILE: FileId = FileId { inode: InodeNo(3), generation: 1 };

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

/// `/a/b/c` and `/d`, exported.
fn world(exports: &[&str]) -> World {
    let world = World::exporting(exports);
    let all = world.exported_as("/:no_root_squash");
    let a = all.make_directory(&all.root(), "a", 0o777);
    let b = all.make_directory(&a, "b", 0o777);
    all.make_directory(&b, "c", 0o777);
    all.make_directory(&all.root(), "d", 0o777);
    world
}

fn status(world: &World, file: &nfs_fh3) -> nfsstat3 {
    match world.call::<GETATTR3res>(1, &GETATTR3args { object: file.clone() }) {
        Nfs3Result::Ok(_) => nfsstat3::NFS3_OK,
        Nfs3Result::Err((status, Void)) => status,
    }
}

fn change_exports(world: &World, exports: &[&str]) {
    let exports = exports.iter().map(|export| export.parse().unwrap()).collect();
    world.server.set_exports(nfs::Exports::new(exports).unwrap());
}

#[test]
fn each_way_to_a_file_has_rules_of_its_own() {
    let world = world(&["/a:ro", "/a/b:no_root_squash", "/d"]);
    let [a, b] = ["/a", "/a/b"].map(|path| mount(&world, path).unwrap());
    let through_a = world.lookup(&a, "b");
    assert_ne!(through_a, b, "the handle tells the way");
    assert_eq!(world.attributes(&through_a).fileid, world.attributes(&b).fileid);
    let how = || createhow3::GUARDED(mode(0o600));
    let read_only = world.try_create(&through_a, "x", how());
    assert_eq!(refused(read_only).0, nfsstat3::NFS3ERR_ROFS);
    let file = world.create(&b, "x");
    assert_eq!(world.attributes(&file).uid, 0);
    let d = mount(&world, "/d").unwrap();
    let squashed = world.create(&d, "x");
    assert_eq!(world.attributes(&squashed).uid, 65534);
}

#[test]
fn each_client_has_rules_of_its_own() {
    let world = world(&["/a:ro", "/a:client=192.0.2.0/24,no_root_squash", "/d:client=192.0.2.1"]);
    let [a, d] = ["/a", "/d"].map(|path| mount(&world, path).unwrap());
    world.create(&a, "x");
    world.client.set(STRANGER);
    let refusal = world.try_create(&a, "y", createhow3::GUARDED(mode(0o600)));
    assert_eq!(refused(refusal).0, nfsstat3::NFS3ERR_ROFS);
    assert_eq!(status(&world, &a), nfsstat3::NFS3_OK);
    assert_eq!(status(&world, &d), nfsstat3::NFS3ERR_ACCES);
    world.client.set("::ffff:192.0.2.1".parse().unwrap());
    assert_eq!(status(&world, &d), nfsstat3::NFS3_OK);
}

#[test]
fn the_way_up_ends_where_the_export_does() {
    let world = world(&["/a/b", "/"]);
    let b = mount(&world, "/a/b").unwrap();
    let c = world.lookup(&b, "c");
    assert_eq!(world.lookup(&c, ".."), b);
    assert_eq!(world.lookup(&b, ".."), b, "as at the root of a file system");
    assert_eq!(world.lookup(&b, "."), b);
    let free = world.lookup(&world.lookup(&world.root(), "a"), "b");
    assert_ne!(world.lookup(&free, ".."), free, "reached through the root");
}

#[test]
fn what_was_moved_away_is_no_way_out() {
    let world = world(&["/a/b:alldirs", "/:no_root_squash"]);
    let c = mount(&world, "/a/b/c").unwrap();
    let (root, a) = (world.root(), world.lookup(&world.root(), "a"));
    let from = world.lookup(&a, "b");
    let moved = RENAME3args { from: place(&from, "c"), to: place(&root, "moved") };
    world.call::<RENAME3res>(14, &moved).unwrap();
    let (status, attributes) = refused(world.try_lookup(&c, ".."));
    assert_eq!(status, nfsstat3::NFS3ERR_ACCES);
    assert!(matches!(attributes.dir_attributes, Nfs3Option::Some(_)));
    let renamed = RENAME3args { from: place(&a, "b"), to: place(&a, "e") };
    world.call::<RENAME3res>(14, &renamed).unwrap();
    let lost = refused(world.try_lookup(&c, "..")).0;
    assert_eq!(lost, nfsstat3::NFS3ERR_NOENT, "nothing is exported there any more");
}

fn listed(world: &World, directory: &nfs_fh3) -> Vec<entryplus3<'static>> {
    let arguments = READDIRPLUS3args {
        dir: directory.clone(),
        cookie: 0,
        cookieverf: cookieverf3([0; 8]),
        dircount: 4096,
        maxcount: 4096,
    };
    let bytes = world.bytes(NFS, 17, &arguments);
    let result: READDIRPLUS3res<'_> = unpacked(&bytes);
    result.unwrap().reply.entries.into_inner()
}

#[test]
fn a_listing_hands_out_no_way_up() {
    let world = world(&["/a", "/"]);
    let a = mount(&world, "/a").unwrap();
    for directory in [a.clone(), world.lookup(&a, "b")] {
        for entry in listed(&world, &directory) {
            let is_up = &entry.name.0[..] == b"..";
            assert_eq!(entry.name_handle.is_none(), is_up, "{:?}", entry.name);
            assert_eq!(entry.name_attributes.is_none(), is_up);
        }
    }
    let [_, up, ..] = &listed(&world, &world.root())[..] else { panic!("two dots") };
    assert!(up.name_handle.is_some(), "through the root there is nothing to hide");
}

#[test]
fn names_do_not_cross_from_one_export_to_another() {
    let world = world(&["/a:no_root_squash", "/a/b:no_root_squash", "/d:no_root_squash"]);
    let [a, b, d] = ["/a", "/a/b", "/d"].map(|path| mount(&world, path).unwrap());
    let file = world.create(&b, "file");
    for to in [&a, &d] {
        let arguments = RENAME3args { from: place(&b, "file"), to: place(to, "moved") };
        let moved: RENAME3res = world.call(14, &arguments);
        let (status, body) = refused(moved);
        assert_eq!(status, nfsstat3::NFS3ERR_XDEV);
        assert!(matches!(body.fromdir_wcc.after, Nfs3Option::Some(_)));
        let arguments = LINK3args { file: file.clone(), link: place(to, "linked") };
        let linked: LINK3res = world.call(15, &arguments);
        assert_eq!(refused(linked).0, nfsstat3::NFS3ERR_XDEV);
    }
    let through_a = world.lookup(&a, "b");
    let within = RENAME3args { from: place(&through_a, "file"), to: place(&a, "moved") };
    world.call::<RENAME3res>(14, &within).unwrap();
}

#[test]
fn exports_change_under_clients() {
    let world = world(&["/a", "/d"]);
    let [a, d] = ["/a", "/d"].map(|path| mount(&world, path).unwrap());
    let b = world.lookup(&a, "b");
    change_exports(&world, &["/a:client=198.51.100.1", "/d:ro"]);
    assert_eq!(status(&world, &b), nfsstat3::NFS3ERR_ACCES, "it is not for this client now");
    let refusal = world.try_create(&d, "y", createhow3::GUARDED(mode(0o600)));
    assert_eq!(refused(refusal).0, nfsstat3::NFS3ERR_ROFS);
    world.client.set(STRANGER);
    assert_eq!(status(&world, &b), nfsstat3::NFS3_OK);
    change_exports(&world, &["/d"]);
    assert_eq!(status(&world, &b), nfsstat3::NFS3ERR_STALE, "it is for nobody");
    world.create(&d, "y");
    change_exports(&world, &["/d", "/a"]);
    assert_eq!(status(&world, &b), nfsstat3::NFS3_OK, "the same handle, the same path");
}

#[test]
fn a_reserved_port_is_asked_for_at_each_call() {
    let world = world(&["/a:secure", "/d"]);
    let [a, d] = ["/a", "/d"].map(|path| mount(&world, path).unwrap());
    world.port.set(1024);
    assert_eq!(status(&world, &a), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(status(&world, &d), nfsstat3::NFS3_OK);
}

#[test]
fn who_does_not_say_who_asks_needs_an_export_that_lets_him() {
    let world = world(&["/a", "/d:sec=none,no_root_squash", "/a/b:client=::1,sec=none"]);
    let [a, d] = ["/a", "/d"].map(|path| mount(&world, path).unwrap());
    world.create(&d, "x");
    assert_eq!(world.attributes(&world.lookup(&d, "x")).uid, 65534, "nobody is listened to");
    world.credentials.set(None);
    let ask = |procedure, file: &nfs_fh3| {
        let arguments = packed(&GETATTR3args { object: file.clone() });
        world.run(&world.message(NFS, procedure, arguments)).map(|_| ())
    };
    let foreign = world.reached("/a/b", FILE);
    for file in [&a, &foreign, &crate::world::handle_of(&[0; 28])] {
        assert_eq!(ask(1, file), Err(Fault::TooWeak));
        assert_eq!(ask(19, file), Err(Fault::TooWeak));
    }
    assert_eq!(ask(1, &d), Ok(()));
    assert!(world.run(&world.message(NFS, 0, vec![])).is_ok(), "NULL is for everybody");
    let cut = world.run(&world.message(NFS, 1, vec![0, 0, 0, 28])).map(|_| ());
    assert_eq!(cut, Err(Fault::GarbageArguments));
    assert!(mount(&world, "/a").is_ok(), "and so is MOUNT");
}
