//! READDIR and READDIRPLUS.

use crate::world::{NFS, World, place, refused, stale, unpacked};
use nfs3_types::nfs3::{
    Nfs3Result, READDIR3args, READDIR3res, READDIR3resok, READDIRPLUS3args, READDIRPLUS3res,
    READDIRPLUS3resok, REMOVE3args, REMOVE3res, cookieverf3, nfs_fh3, nfsstat3,
};
use std::collections::BTreeSet;

const BODY: u32 = 88 + 8 + 4 + 4;

fn list(
    world: &World,
    directory: &nfs_fh3,
    (cookie, cookieverf): (u64, cookieverf3),
    count: u32,
) -> READDIR3res<'static> {
    let arguments = READDIR3args { dir: directory.clone(), cookie, cookieverf, count };
    let bytes = world.bytes(NFS, 16, &arguments);
    assert!(bytes.len() <= count as usize + 4 || bytes[..4] != [0; 4]);
    unpacked(&bytes)
}

fn list_plus(
    world: &World,
    directory: &nfs_fh3,
    (cookie, cookieverf): (u64, cookieverf3),
    (dircount, maxcount): (u32, u32),
) -> READDIRPLUS3res<'static> {
    let arguments =
        READDIRPLUS3args { dir: directory.clone(), cookie, cookieverf, dircount, maxcount };
    let bytes = world.bytes(NFS, 17, &arguments);
    assert!(bytes.len() <= maxcount as usize + 4 || bytes[..4] != [0; 4]);
    unpacked(&bytes)
}

fn start() -> (u64, cookieverf3) {
    (0, cookieverf3([0; 8]))
}

fn names(listing: &READDIR3resok<'_>) -> Vec<String> {
    let name = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    listing.reply.entries.0.iter().map(|entry| name(entry.name.as_ref())).collect()
}

fn next(listing: &READDIR3resok<'_>) -> (u64, cookieverf3) {
    (listing.reply.entries.0.last().unwrap().cookie, listing.cookieverf)
}

fn filled(count: usize) -> World {
    let world = World::new();
    for number in 0..count {
        world.create(&world.root(), &format!("file{number:03}"));
    }
    world
}

#[test]
fn a_small_directory_in_one_piece() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let listing = list(&world, &world.root(), start(), 4096).unwrap();
    assert_eq!(names(&listing), [".", "..", "a"]);
    assert!(listing.reply.eof);
    assert!(listing.dir_attributes.is_some());
    let inodes: Vec<u64> = listing.reply.entries.0.iter().map(|entry| entry.fileid).collect();
    let root = world.attributes(&world.root()).fileid;
    assert_eq!(inodes, [root, root, world.attributes(&file).fileid]);
}

#[test]
fn a_limit_is_kept_to_the_byte() {
    let world = filled(2);
    let sizes = [4 + 8 + 4 + 4 + 8, 4 + 8 + 4 + 4 + 8, 4 + 8 + 4 + 8 + 8, 4 + 8 + 4 + 8 + 8];
    let listed = |count| {
        let listing = list(&world, &world.root(), start(), count).unwrap();
        assert_eq!(listing.reply.eof, listing.reply.entries.0.len() == 4);
        listing.reply.entries.0.len()
    };
    let mut room = BODY;
    for (index, bytes) in sizes.into_iter().enumerate() {
        if index > 0 {
            assert_eq!(listed(room + bytes - 1), index);
        }
        room += bytes;
        assert_eq!(listed(room), index + 1);
    }
    for count in [0, 1, BODY, BODY + 27] {
        let (status, body) = refused(list(&world, &world.root(), start(), count));
        assert_eq!(status, nfsstat3::NFS3ERR_TOOSMALL);
        assert!(body.dir_attributes.is_some());
    }
}

#[test]
fn the_end_needs_room_for_no_entry() {
    let world = filled(0);
    let all = list(&world, &world.root(), start(), 4096).unwrap();
    let end = list(&world, &world.root(), next(&all), BODY).unwrap();
    assert!(end.reply.eof && end.reply.entries.is_empty());
    let (status, _) = refused(list(&world, &world.root(), next(&all), BODY - 1));
    assert_eq!(status, nfsstat3::NFS3ERR_TOOSMALL);
}

#[test]
fn cookies_survive_changes_of_the_directory() {
    let world = filled(100);
    let mut seen = BTreeSet::new();
    let mut position = start();
    for round in 0.. {
        let listing = list(&world, &world.root(), position, 400).unwrap();
        for name in names(&listing) {
            assert!(seen.insert(name), "shown twice");
        }
        if listing.reply.eof {
            break;
        }
        position = next(&listing);
        world.create(&world.root(), &format!("new{round}"));
        let doomed = format!("file{:03}", round * 2);
        let arguments = REMOVE3args { object: place(&world.root(), &doomed) };
        world.call::<REMOVE3res>(12, &arguments);
    }
    let odd = (0..100).filter(|number| number % 2 == 1);
    assert!(odd.map(|number| format!("file{number:03}")).all(|name| seen.contains(&name)));
}

#[test]
fn a_cookie_needs_its_verifier() {
    let world = filled(10);
    let directory = world.make_directory(&world.root(), "d", 0o755);
    let listing = list(&world, &world.root(), start(), 300).unwrap();
    let (cookie, verifier) = next(&listing);
    let mut wrong = verifier;
    wrong.0[7] ^= 1;
    let status = |at| refused(list(&world, &world.root(), at, 300)).0;
    assert_eq!(status((cookie, wrong)), nfsstat3::NFS3ERR_BAD_COOKIE);
    assert!(matches!(list(&world, &world.root(), (0, wrong), 300), Nfs3Result::Ok(_)));
    let other = list(&world, &directory, start(), 300).unwrap().cookieverf;
    assert_ne!(other, verifier);
    assert_eq!(status((cookie, other)), nfsstat3::NFS3ERR_BAD_COOKIE);
}

#[test]
fn what_cannot_be_listed() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let closed = world.make_directory(&world.root(), "closed", 0o711);
    let status = |directory: &nfs_fh3| {
        let plain = refused(list(&world, directory, start(), 4096));
        let plus = refused(list_plus(&world, directory, start(), (4096, 4096)));
        assert_eq!(plain.0, plus.0);
        assert_eq!(plain.1.dir_attributes.is_some(), plain.0 != nfsstat3::NFS3ERR_STALE);
        plain.0
    };
    assert_eq!(status(&file), nfsstat3::NFS3ERR_NOTDIR);
    assert_eq!(status(&stale(&world)), nfsstat3::NFS3ERR_STALE);
    world.become_user(1000, 1000);
    assert_eq!(status(&closed), nfsstat3::NFS3ERR_ACCES);
}

#[test]
fn plus_adds_attributes_and_handles() {
    let world = World::new();
    let directory = world.make_directory(&world.root(), "d", 0o755);
    let file = world.create(&directory, "a");
    let listing = list_plus(&world, &directory, start(), (4096, 4096)).unwrap();
    let expected = [directory, world.root(), file];
    assert_eq!(listing.reply.entries.0.len(), 3);
    for (entry, handle) in listing.reply.entries.into_inner().into_iter().zip(expected) {
        let attributes = entry.name_attributes.unwrap();
        assert_eq!(attributes.fileid, entry.fileid);
        assert_eq!(attributes.ctime, world.attributes(&handle).ctime);
        assert_eq!(entry.name_handle.unwrap(), handle);
    }
}

#[test]
fn plus_keeps_both_limits() {
    let world = filled(4);
    let (dots, file, plus) = (28, 32, 88 + 36);
    let listed = |dircount, maxcount| {
        let listing = list_plus(&world, &world.root(), start(), (dircount, maxcount)).unwrap();
        listing.reply.entries.0.len()
    };
    let two = BODY + 2 * (dots + plus);
    assert_eq!(listed(4096, two), 2);
    assert_eq!(listed(4096, two - 1), 1);
    assert_eq!(listed(4096, two + file + plus), 3);
    assert_eq!(listed(2 * dots, 4096), 2);
    assert_eq!(listed(2 * dots + file - 1, 4096), 2);
    assert_eq!(listed(2 * dots + file, 4096), 3);
    assert_eq!(listed(0, 4096), 1, "a guess is no reason to refuse");
    let small = list_plus(&world, &world.root(), start(), (4096, BODY + dots + plus - 1));
    assert_eq!(refused(small).0, nfsstat3::NFS3ERR_TOOSMALL);
}

#[test]
fn who_may_not_search_gets_names_only() {
    let world = World::new();
    let directory = world.make_directory(&world.root(), "d", 0o744);
    world.create(&directory, "a");
    world.become_user(1000, 1000);
    let listing = list_plus(&world, &directory, start(), (4096, 4096)).unwrap();
    assert_eq!(listing.reply.entries.0.len(), 3);
    for entry in listing.reply.entries.into_inner() {
        assert!(entry.name_attributes.is_none() && entry.name_handle.is_none());
    }
}

#[test]
fn a_large_directory_comes_in_large_pieces() {
    let world = filled(1500);
    let reply_bytes = |procedure_bytes: Vec<u8>| procedure_bytes.len();
    let arguments = || READDIRPLUS3args {
        dir: world.root(),
        cookie: 0,
        cookieverf: cookieverf3([0; 8]),
        dircount: u32::MAX,
        maxcount: u32::MAX,
    };
    let stream = reply_bytes(world.bytes(NFS, 17, &arguments()));
    assert!((65_000..=65_540).contains(&stream), "{stream}");
    world.datagram.set(true);
    let datagram = reply_bytes(world.bytes(NFS, 17, &arguments()));
    assert!((32_000..=32_772).contains(&datagram), "{datagram}");
}

#[test]
fn walking_with_plus_sees_everything_once() {
    let world = filled(300);
    let mut seen = BTreeSet::new();
    let mut position = start();
    loop {
        let listing: READDIRPLUS3resok<'_> =
            list_plus(&world, &world.root(), position, (512, 4096)).unwrap();
        let last = listing.reply.entries.0.last().map(|entry| entry.cookie);
        for entry in &listing.reply.entries.0 {
            assert!(seen.insert(entry.name.as_ref().to_vec()));
        }
        if listing.reply.eof {
            break;
        }
        position = (last.unwrap(), listing.cookieverf);
    }
    assert_eq!(seen.len(), 302);
}
