//! MOUNT version 3.

use crate::world::{MOUNT, World, unpacked};
use nfs3_types::mount::{dirpath, exports, mountlist, mountres3, mountstat3};
use nfs3_types::nfs3::nfs_fh3;
use nfs3_types::xdr_codec::{Opaque, Void};
use std::net::{IpAddr, Ipv4Addr};

pub fn path(path: &str) -> dirpath<'_> {
    dirpath(Opaque::borrowed(path.as_bytes()))
}

pub fn mount(world: &World, name: &str) -> Result<nfs_fh3, u32> {
    match unpacked(&world.bytes(MOUNT, 1, &path(name))) {
        mountres3::Ok(ok) => Ok(crate::world::handle_of(&ok.fhandle.0)),
        mountres3::Err(status) => Err(status as u32),
    }
}

fn mounts(world: &World) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let list: mountlist<'_, '_> = unpacked(&world.bytes(MOUNT, 2, &Void));
    let pair = |mount: &nfs3_types::mount::mountbody<'_, '_>| {
        (text(&mount.ml_hostname.0), text(&mount.ml_directory.0))
    };
    list.0.iter().map(pair).collect()
}

fn world_with_tree(exports: &[&str]) -> World {
    let world = World::exporting(exports);
    let all = world.exported_as("/:no_root_squash");
    let home = all.make_directory(&all.root(), "home", 0o755);
    all.make_directory(&home, "open", 0o755);
    let closed = all.make_directory(&home, "closed", 0o700);
    all.make_directory(&closed, "inner", 0o777);
    all.create(&home, "file");
    world
}

#[test]
fn the_root_and_what_is_below_it() {
    let world = world_with_tree(&["/:alldirs"]);
    assert_eq!(mount(&world, "/"), Ok(world.root()));
    assert_eq!(mount(&world, "//"), Ok(world.root()));
    assert_eq!(mount(&world, ""), Ok(world.root()));
    let home = world.lookup(&world.root(), "home");
    assert_eq!(mount(&world, "/home"), Ok(home.clone()));
    assert_eq!(mount(&world, "/home/open/"), Ok(world.lookup(&home, "open")));
    assert_eq!(mount(&world, "/home/none"), Err(mountstat3::MNT3ERR_NOENT as u32));
    assert_eq!(mount(&world, "/home/file"), Err(mountstat3::MNT3ERR_NOTDIR as u32));
    assert_eq!(mount(&world, "/home/file/x"), Err(mountstat3::MNT3ERR_NOTDIR as u32));
    let long = format!("/home/{}", "n".repeat(256));
    assert_eq!(mount(&world, &long), Err(mountstat3::MNT3ERR_NAMETOOLONG as u32));
}

#[test]
fn only_what_is_exported() {
    let world = world_with_tree(&["/home/open", "/home/closed"]);
    assert!(mount(&world, "/home/open").is_ok());
    assert!(mount(&world, "/home/closed").is_ok(), "the administrator named it");
    for elsewhere in ["/", "/home", "/none", "home", "", "/home/open/../closed", "/home/opener"] {
        let status = mount(&world, elsewhere);
        assert_eq!(status, Err(mountstat3::MNT3ERR_ACCES as u32), "{elsewhere}");
    }
}

#[test]
fn mounting_gives_no_more_than_looking_up() {
    let world = world_with_tree(&["/:alldirs"]);
    let inner = "/home/closed/inner";
    assert_eq!(mount(&world, inner), Err(mountstat3::MNT3ERR_ACCES as u32), "squashed");
    world.credentials.set(None);
    assert_eq!(mount(&world, inner), Err(mountstat3::MNT3ERR_ACCES as u32), "nobody");
    assert!(mount(&world, "/home").is_ok());
    let trusting = world.exported_as("/:no_root_squash,alldirs");
    trusting.become_root();
    assert!(mount(&trusting, inner).is_ok());
}

#[test]
fn mounts_are_listed_until_they_end() {
    let world = world_with_tree(&["/:alldirs"]);
    mount(&world, "/home").unwrap();
    mount(&world, "/").unwrap();
    mount(&world, "/none").unwrap_err();
    world.client.set(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    mount(&world, "/").unwrap();
    let pair = |client: &str, path: &str| (client.to_string(), path.to_string());
    let (one, two) = ("192.0.2.1", "192.0.2.2");
    assert_eq!(mounts(&world), [pair(one, "/home"), pair(one, "/"), pair(two, "/")]);
    assert!(world.bytes(MOUNT, 3, &path("/")).is_empty());
    assert_eq!(mounts(&world), [pair(one, "/home"), pair(one, "/")]);
    world.client.set(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    assert!(world.bytes(MOUNT, 4, &Void).is_empty());
    assert!(mounts(&world).is_empty());
}

#[test]
fn a_mount_is_one_mount_however_its_path_is_spelled() {
    let world = world_with_tree(&["/:alldirs"]);
    for spelling in ["/home", "//home", "/home/", "/home//"] {
        mount(&world, spelling).unwrap();
    }
    assert_eq!(mounts(&world).len(), 1);
    world.bytes(MOUNT, 3, &path("//home//"));
    assert!(mounts(&world).is_empty());
}

#[test]
fn a_datagram_is_answered_with_a_short_list() {
    let world = world_with_tree(&["/:alldirs"]);
    for last in 0..100 {
        world.client.set(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        mount(&world, "/home").unwrap();
    }
    assert_eq!(mounts(&world).len(), 100);
    world.datagram.set(true);
    assert!(world.bytes(MOUNT, 2, &Void).len() < 1024);
}

#[test]
fn exports_are_listed_for_everybody() {
    let world = world_with_tree(&["/home/open", "/home/closed/"]);
    let list: exports<'_, '_> = unpacked(&world.bytes(MOUNT, 5, &Void));
    let paths: Vec<&[u8]> = list.0.iter().map(|node| &node.ex_dir.0[..]).collect();
    assert_eq!(paths, [&b"/home/closed"[..], b"/home/open"]);
    assert!(list.0.iter().all(|node| node.ex_groups.is_empty()));
}

/// The clients of each path, as showmount(8) prints them.
fn listed(world: &World) -> Vec<(String, Vec<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let list: exports<'_, '_> = unpacked(&world.bytes(MOUNT, 5, &Void));
    let groups = |node: &nfs3_types::mount::export_node<'_, '_>| {
        node.ex_groups.0.iter().map(|name| text(&name.0)).collect()
    };
    list.0.iter().map(|node| (text(&node.ex_dir.0), groups(node))).collect()
}

#[test]
fn exports_are_listed_with_their_clients() {
    let world = World::exporting(&[
        "/b:client=10.0.0.0/8,client=::1",
        "/a:client=10.0.0.0/8",
        "/b:client=192.0.2.7",
        "/a:ro",
    ]);
    let clients = ["10.0.0.0/8", "::1", "192.0.2.7"].map(String::from).to_vec();
    assert_eq!(listed(&world), [("/a".to_string(), vec![]), ("/b".to_string(), clients)]);
}

#[test]
fn a_datagram_lists_few_exports() {
    let paths: Vec<_> = (0..300).map(|number| format!("/{number}:client=::{number}")).collect();
    let world = World::exporting(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(listed(&world).len(), 300);
    world.datagram.set(true);
    assert!(world.bytes(MOUNT, 5, &Void).len() <= 1024);
    assert!(listed(&world).len() > 10);
}

#[test]
fn without_alldirs_only_the_directory_itself_can_be_mounted() {
    let world = world_with_tree(&["/home"]);
    assert!(mount(&world, "/home").is_ok());
    for below in ["/home/open", "/home/none", "/home/file"] {
        assert_eq!(mount(&world, below), Err(mountstat3::MNT3ERR_ACCES as u32), "{below}");
    }
}

#[test]
fn who_is_not_named_mounts_nothing() {
    let world = world_with_tree(&["/:client=192.0.2.0/24,secure"]);
    assert!(mount(&world, "/").is_ok());
    world.port.set(1024);
    assert_eq!(mount(&world, "/"), Err(mountstat3::MNT3ERR_ACCES as u32), "not reserved");
    world.port.set(1023);
    world.client.set(IpAddr::V4(Ipv4Addr::new(192, 0, 3, 1)));
    assert_eq!(mount(&world, "/"), Err(mountstat3::MNT3ERR_ACCES as u32));
    world.client.set("::ffff:192.0.2.1".parse().unwrap());
    assert!(mount(&world, "/").is_ok());
}

#[test]
fn flavours_are_told() {
    let flavors = |export: &str| {
        let world = World::exporting(&[export]);
        match unpacked(&world.bytes(MOUNT, 1, &path("/"))) {
            mountres3::Ok(ok) => ok.auth_flavors.to_vec(),
            mountres3::Err(status) => panic!("{status:?}"),
        }
    };
    assert_eq!(flavors("/"), [1]);
    assert_eq!(flavors("/:sec=none"), [0]);
    assert_eq!(flavors("/:sec=sys:none"), [1, 0]);
    assert_eq!(flavors("/:sec=none:sys"), [0, 1]);
}

#[test]
fn null_answers_nothing() {
    assert!(World::new().bytes(MOUNT, 0, &Void).is_empty());
}

#[test]
fn a_path_is_no_longer_than_the_protocol_allows() {
    let world = world_with_tree(&["/:alldirs"]);
    let longest = format!("/{}", "n/".repeat(511));
    assert_eq!(mount(&world, &longest[..1023]), Err(mountstat3::MNT3ERR_NOENT as u32));
    let call = world.message(MOUNT, 1, crate::world::packed(&path(&"/n".repeat(513))));
    assert_eq!(world.run(&call).unwrap_err(), rpc::Fault::GarbageArguments);
}

#[test]
fn a_broken_export_is_known_before_it_is_announced() {
    let broken = |exports: &[&str]| {
        let world = world_with_tree(exports);
        let exports = world.server.exports();
        let found = task::drive(world.server.broken_export(&exports), || ());
        found.map(|(export, errno)| (export.path_text(), errno))
    };
    assert_eq!(broken(&["/", "/home/closed/inner"]), None);
    assert_eq!(broken(&["/", "/none"]), Some(("/none".to_string(), abi::Errno::NoEntry)));
    let file = Some(("/home/file".to_string(), abi::Errno::NotDirectory));
    assert_eq!(broken(&["/home/file"]), file);
}
