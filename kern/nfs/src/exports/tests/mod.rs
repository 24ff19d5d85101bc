//! Exports as people write them, one spelling of paths, lists, clients, and squashing.

mod clients;
mod words;

use super::*;
use abi::{Credentials, Errno};
use alloc::string::ToString;
use alloc::vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn parse(text: &str) -> Export {
    text.parse().unwrap()
}

fn complaint(text: &str) -> String {
    text.parse::<Export>().unwrap_err().to_string()
}

#[test]
fn one_spelling_of_a_path() {
    assert_eq!(parse("//a///b/").path(), b"/a/b");
    assert_eq!(parse("/").path(), b"/");
    assert_eq!(parse("///").path(), b"/");
}

#[test]
fn a_list_must_be_consistent() {
    assert!(Exports::new(vec![]).is_err());
    let complaint = |list: &[&str]| {
        Exports::new(list.iter().map(|text| parse(text)).collect()).unwrap_err().to_string()
    };
    let everybody = complaint(&["/a", "/b", "/a/:ro"]);
    assert!(everybody.starts_with("export `/a`: expected each path once"), "{everybody}");
    let twice = complaint(&["/a:client=10.0.0.0/8", "/a:client=::1,client=::ffff:10.0.0.0/104"]);
    assert!(twice.starts_with("export `/a:client=10.0.0.0/8`: expected each client"), "{twice}");
    let exports = Exports::new(vec![parse("/b:ro"), parse("/a"), parse("/a:client=::1,ro")]);
    let exports = exports.unwrap();
    let paths: Vec<_> = exports.list().iter().map(Export::path_text).collect();
    assert_eq!(paths, ["/a", "/a", "/b"]);
    assert_eq!(exports.places().map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_list_is_no_longer_than_mount_can_tell() {
    let long = |number: usize| parse(&alloc::format!("/{number}{}", "x".repeat(1000)));
    assert!(Exports::new((0..60).map(long).collect()).is_ok());
    let error = Exports::new((0..70).map(long).collect()).unwrap_err().to_string();
    assert!(error.contains("fewer exports"), "{error}");
}

#[test]
fn two_paths_with_one_id_cannot_stand_together() {
    let (one, other) = (parse("/kokotubadu"), parse("/miserapeni"));
    assert_eq!(one.id(), other.id());
    let error = Exports::new(vec![one, other]).unwrap_err().to_string();
    assert!(error.starts_with("export `/miserapeni`: expected another path"), "{error}");
    assert!(error.contains("`/kokotubadu`"), "{error}");
}

#[test]
fn ids_stay_what_they_are() {
    // They are in handles that clients keep over restarts and upgrades.
    assert_eq!(parse("/").id(), ExportId(0x2a0c_975e));
    assert_eq!(parse("/home//a/").id(), parse("/home/a").id());
}

#[test]
fn the_deepest_export_that_allows_it_answers_for_a_path() {
    let list = ["/a:alldirs", "/a/b", "/c:client=10.0.0.0/8,alldirs", "/c/d:client=11.0.0.0/8"];
    let exports = Exports::new(list.map(parse).to_vec()).unwrap();
    let find = |path: &'static str, client: &str| {
        let remote = SocketAddr::new(client.parse().unwrap(), 2000);
        let found = exports.mountable(path.as_bytes(), remote);
        found.map(|(export, rest)| (export.path_text(), rest))
    };
    let found = |path: &str, rest: &'static [u8]| Some((path.to_string(), rest));
    assert_eq!(find("/a/b", "::1"), found("/a/b", b""));
    assert_eq!(find("/a/b/c", "::1"), found("/a", b"/b/c"), "/a/b lets nobody below");
    assert_eq!(find("/a/bc", "::1"), found("/a", b"/bc"));
    assert_eq!(find("/a", "::1"), found("/a", b""));
    for elsewhere in ["/ab", "/", "/c", "/c/d"] {
        assert_eq!(find(elsewhere, "::1"), None);
    }
    assert_eq!(find("/c/d", "11.1.1.1"), found("/c/d", b""));
    assert_eq!(find("/c", "11.1.1.1"), None);
    assert_eq!(find("/c/d", "10.1.1.1"), found("/c", b"/d"), "/c/d is not for it");
    let root = Exports::new(vec![parse("/:alldirs")]).unwrap();
    let remote = SocketAddr::new(LOOPBACK, 1);
    assert_eq!(root.mountable(b"/x/y", remote).map(|(_, rest)| rest), Some(&b"x/y"[..]));
    let alone = Exports::new(vec![parse("/")]).unwrap();
    assert!(alone.mountable(b"/", remote).is_some());
    assert!(alone.mountable(b"/x", remote).is_none());
}

#[test]
fn a_call_is_judged_by_the_line_of_its_client_and_port() {
    let list = ["/a:ro", "/a:client=10.0.0.0/8,secure", "/b:client=::1"];
    let exports = Exports::new(list.map(parse).to_vec()).unwrap();
    let judge = |path: &str, client: &str, port| {
        let remote = SocketAddr::new(client.parse().unwrap(), port);
        exports.judge(parse(path).id(), remote).map(|export| export.rules.read_only)
    };
    assert_eq!(judge("/a", "10.1.1.1", 1023), Ok(false));
    assert_eq!(judge("/a", "10.1.1.1", 1024), Err(Errno::AccessDenied), "not secure");
    assert_eq!(judge("/a", "::ffff:10.1.1.1", 1023), Ok(false));
    assert_eq!(judge("/a", "11.1.1.1", 1024), Ok(true));
    assert_eq!(judge("/a", "::1", 1024), Ok(true));
    assert_eq!(judge("/b", "::1", 1024), Ok(false));
    assert_eq!(judge("/b", "::2", 1), Err(Errno::AccessDenied));
    assert_eq!(judge("/c", "::1", 1), Err(Errno::Stale));
    assert!(Exports::default().judge(parse("/").id(), SocketAddr::new(LOOPBACK, 1)).is_err());
}

#[test]
fn squashing() {
    let user = Credentials::new(1000, 100).with_groups(&[4, 0]).unwrap();
    let rules = Rules { anonymous: Credentials::new(7, 8), ..Rules::default() };
    let squashed = Credentials::new(1000, 100).with_groups(&[4, 8]).unwrap();
    assert_eq!(rules.actor(Some(&user)), squashed);
    assert_eq!(rules.actor(Some(&Credentials::new(5, 0))), Credentials::new(5, 8));
    assert_eq!(rules.actor(Some(&Credentials::new(5, 6))), Credentials::new(5, 6));
    assert_eq!(rules.actor(Some(&Credentials::ROOT)), Credentials::new(7, 8));
    assert_eq!(rules.actor(None), Credentials::new(7, 8));
    let none = Rules { squash: Squash::None, ..rules };
    assert_eq!(none.actor(Some(&Credentials::ROOT)), Credentials::ROOT);
    assert_eq!(none.actor(None), Credentials::new(7, 8));
    let all = Rules { squash: Squash::All, ..rules };
    assert_eq!(all.actor(Some(&user)), Credentials::new(7, 8));
    let deaf = Rules { flavors: "none".parse().unwrap(), ..none };
    assert_eq!(deaf.actor(Some(&Credentials::ROOT)), Credentials::new(7, 8));
    let both = Rules { flavors: "none:sys".parse().unwrap(), ..none };
    assert_eq!(both.actor(Some(&user)), user);
}
