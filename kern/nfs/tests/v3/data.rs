//! READLINK, READ, WRITE, COMMIT.

use crate::world::{
    NFS, WRITE_VERIFIER, World, has_changed, packed, place, refused, size, stale, unpacked,
};
use nfs3_types::nfs3::{
    COMMIT3args, COMMIT3res, Nfs3Option, Nfs3Result, READ3args, READ3res, READ3resok,
    READLINK3args, READLINK3res, SETATTR3args, SETATTR3res, SYMLINK3args, SYMLINK3res, WRITE3args,
    WRITE3res, nfs_fh3, nfsstat3, sattr3, stable_how, symlinkdata3,
};
use nfs3_types::xdr_codec::Opaque;
use vfs::FileSystem;

fn try_read(world: &World, file: &nfs_fh3, offset: u64, count: u32) -> READ3res<'static> {
    world.call(6, &READ3args { file: file.clone(), offset, count })
}

fn read(world: &World, file: &nfs_fh3, offset: u64, count: u32) -> READ3resok<'static> {
    let read = try_read(world, file, offset, count).unwrap();
    assert_eq!(read.count as usize, read.data.len());
    assert!(read.file_attributes.is_some());
    read
}

fn commit(world: &World, file: &nfs_fh3, offset: u64, count: u32) -> COMMIT3res {
    world.call(21, &COMMIT3args { file: file.clone(), offset, count })
}

fn make_link(world: &World, name: &str, target: &[u8]) -> SYMLINK3res {
    let symlink =
        symlinkdata3 { symlink_attributes: sattr3::default(), symlink_data: target.into() };
    world.call(10, &SYMLINK3args { where_: place(&world.root(), name), symlink })
}

#[test]
fn writing_and_reading_back() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let wrote = world.try_write(&file, 3, b"hello").unwrap();
    assert!(has_changed(&wrote.file_wcc));
    assert_eq!(wrote.verf.0, WRITE_VERIFIER.to_be_bytes());
    let whole = read(&world, &file, 0, 100);
    assert_eq!(&whole.data[..], b"\0\0\0hello");
    assert!(whole.eof);
    let part = read(&world, &file, 3, 4);
    assert_eq!((&part.data[..], part.eof), (&b"hell"[..], false));
    assert!(read(&world, &file, 4, 4).eof);
    let beyond = read(&world, &file, 8, 4);
    assert_eq!((beyond.count, beyond.eof), (0, true));
    let far = read(&world, &file, u64::MAX, u32::MAX);
    assert_eq!((far.count, far.eof), (0, true));
    let nothing = read(&world, &file, 0, 0);
    assert_eq!((nothing.count, nothing.eof), (0, false));
}

#[test]
fn data_is_spliced_and_not_copied() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.write(&file, 0, &[7; 4096]);
    let arguments = READ3args { file, offset: 0, count: 4096 };
    let pieces = || {
        let call = world.message(NFS, 6, packed(&arguments));
        world.run(&call).unwrap().into_pieces()
    };
    let (one, other) = (pieces(), pieces());
    assert_eq!(one.len(), 2, "head and one page");
    assert_eq!(one[1].as_ptr(), other[1].as_ptr(), "both replies share the page");
    assert_eq!(one[0].len(), 4 + 88 + 4 + 4 + 4);
}

#[test]
fn a_read_is_as_large_as_its_transport_carries() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let change = SETATTR3args {
        object: file.clone(),
        new_attributes: size(3 << 20),
        guard: Nfs3Option::None,
    };
    world.call::<SETATTR3res>(2, &change);
    assert_eq!(read(&world, &file, 1, u32::MAX).count, 1 << 20);
    world.datagram.set(true);
    let read = read(&world, &file, 1, 1 << 20);
    assert_eq!((read.count, read.eof), (32 << 10, false));
}

#[test]
fn a_write_is_as_large_as_its_transport_carries() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let wrote = world.try_write(&file, 0, &vec![1; (1 << 20) + 5]).unwrap();
    assert_eq!(wrote.count, 1 << 20);
    assert_eq!(world.attributes(&file).size, 1 << 20);
}

#[test]
fn what_cannot_be_read() {
    let world = World::new();
    let status = |file: &nfs_fh3| {
        let (status, body) = refused(try_read(&world, file, 0, 1));
        assert_eq!(body.file_attributes.is_some(), status != nfsstat3::NFS3ERR_STALE);
        status
    };
    let link = make_link(&world, "link", b"target").unwrap().obj.unwrap();
    assert_eq!(status(&world.root()), nfsstat3::NFS3ERR_ISDIR);
    assert_eq!(status(&link), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(status(&stale(&world)), nfsstat3::NFS3ERR_STALE);
    let file = world.create(&world.root(), "a");
    world.call::<SETATTR3res>(
        2,
        &SETATTR3args {
            object: file.clone(),
            new_attributes: crate::world::mode(0o600),
            guard: Nfs3Option::None,
        },
    );
    world.become_user(1000, 1000);
    assert_eq!(status(&file), nfsstat3::NFS3ERR_ACCES);
}

#[test]
fn what_cannot_be_written() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let status = |world: &World, file: &nfs_fh3, offset| {
        let (status, body) = refused(world.try_write(file, offset, b"x"));
        if status != nfsstat3::NFS3ERR_STALE {
            assert!(!has_changed(&body.file_wcc));
        }
        status
    };
    assert_eq!(status(&world, &world.root(), 0), nfsstat3::NFS3ERR_ISDIR);
    assert_eq!(status(&world, &stale(&world), 0), nfsstat3::NFS3ERR_STALE);
    assert_eq!(status(&world, &file, u64::MAX), nfsstat3::NFS3ERR_FBIG);
    assert_eq!(status(&world, &file, i64::MAX as u64), nfsstat3::NFS3ERR_FBIG);
    assert_eq!(status(&world.exported_as("/:ro"), &file, 0), nfsstat3::NFS3ERR_ROFS);
    world.become_user(1000, 1000);
    assert_eq!(status(&world, &file, 0), nfsstat3::NFS3ERR_ACCES);
}

#[test]
fn a_full_file_system_says_so() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let data = vec![1; 1 << 20];
    let full =
        (0..65).map(|number| world.try_write(&file, number << 20, &data)).find_map(|wrote| {
            let Nfs3Result::Err((status, body)) = wrote else { return None };
            Some((status, body))
        });
    let (status, body) = full.expect("64 MiB are all it has");
    assert_eq!(status, nfsstat3::NFS3ERR_NOSPC);
    assert!(!has_changed(&body.file_wcc));
}

#[test]
fn both_lengths_of_a_write_must_agree() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    for count in [0, 2, 4, u32::MAX] {
        let arguments = WRITE3args {
            file: file.clone(),
            offset: 0,
            count,
            stable: stable_how::FILE_SYNC,
            data: Opaque::borrowed(b"xyz"),
        };
        let (status, body) = refused(world.call::<WRITE3res>(7, &arguments));
        assert_eq!(status, nfsstat3::NFS3ERR_INVAL);
        assert!(!has_changed(&body.file_wcc));
    }
    let nothing = world.try_write(&file, 0, b"").unwrap();
    assert_eq!(nothing.count, 0);
    assert!(!has_changed(&nothing.file_wcc));
}

#[test]
fn a_write_is_at_least_as_stable_as_asked() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    for stable in [stable_how::UNSTABLE, stable_how::DATA_SYNC, stable_how::FILE_SYNC] {
        let arguments = WRITE3args {
            file: file.clone(),
            offset: 0,
            count: 3,
            stable,
            data: Opaque::borrowed(b"xyz"),
        };
        let wrote = world.call::<WRITE3res>(7, &arguments).unwrap();
        assert!(wrote.committed as u32 >= stable as u32);
    }
}

#[test]
fn commit_tells_the_verifier() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.write(&file, 0, b"hello");
    for (offset, count) in [(0, 0), (1, 2), (u64::MAX, u32::MAX)] {
        let committed = commit(&world, &file, offset, count).unwrap();
        assert_eq!(committed.verf.0, WRITE_VERIFIER.to_be_bytes());
        assert!(!has_changed(&committed.file_wcc));
    }
    let (status, body) = refused(commit(&world, &world.root(), 0, 0));
    assert_eq!(status, nfsstat3::NFS3ERR_ISDIR);
    assert!(!has_changed(&body.file_wcc));
    let (status, _) = refused(commit(&world.exported_as("/:ro"), &file, 0, 0));
    assert_eq!(status, nfsstat3::NFS3ERR_ROFS);
}

#[test]
fn links_are_read_as_they_were_made() {
    let world = World::new();
    let target = vec![b'x'; world.memfs.limits().target_bytes_max as usize];
    let link = make_link(&world, "link", &target).unwrap().obj.unwrap();
    let read = |file: &nfs_fh3| -> READLINK3res<'static> {
        world.call(5, &READLINK3args { symlink: file.clone() })
    };
    let found = read(&link).unwrap();
    assert_eq!(found.data.0[..], target);
    assert!(found.symlink_attributes.is_some());
    let (status, body) = refused(read(&world.root()));
    assert_eq!(status, nfsstat3::NFS3ERR_INVAL);
    assert!(body.symlink_attributes.is_some());
}

#[test]
fn links_that_nobody_could_follow() {
    let world = World::new();
    let status = |target: &[u8]| {
        let (status, body) = refused(make_link(&world, "link", target));
        assert!(!has_changed(&body.dir_wcc));
        status
    };
    assert_eq!(status(b""), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(status(b"a\0b"), nfsstat3::NFS3ERR_INVAL);
    let target_bytes_max = world.memfs.limits().target_bytes_max as usize;
    assert_eq!(status(&vec![b'x'; target_bytes_max + 1]), nfsstat3::NFS3ERR_NAMETOOLONG);
}

#[test]
fn a_reply_decodes_by_our_own_types_too() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.write(&file, 0, b"hello");
    let bytes = world.bytes(NFS, 6, &READ3args { file, offset: 0, count: 9 });
    let theirs: READ3res<'_> = unpacked(&bytes);
    let mut reader = xdr::Reader::new(&bytes);
    let head: nfs::v3::types::Reply<nfs::v3::types::ReadHead, nfs::v3::types::PostAttributes> =
        xdr::Xdr::decode(&mut reader).unwrap();
    let nfs::v3::types::Reply::Done(head) = head else { panic!("{head:?}") };
    assert_eq!(head.count_bytes, theirs.unwrap().count);
    assert_eq!(reader.opaque(5), Ok(&b"hello"[..]));
}
