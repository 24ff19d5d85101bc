//! NULL, GETATTR, SETATTR, ACCESS.

use crate::world::{
    FILE_SYSTEM, NFS, World, handle_of, has_changed, mode, refused, size, stale, time,
};
use nfs3_types::nfs3::{
    ACCESS3args, ACCESS3res, GETATTR3args, GETATTR3res, Nfs3Option, SETATTR3args, SETATTR3res,
    ftype3, nfs_fh3, nfsstat3, nfstime3, sattr3, set_atime, set_mtime,
};
use nfs3_types::xdr_codec::Void;

fn set(world: &World, file: &nfs_fh3, change: sattr3, guard: Option<nfstime3>) -> SETATTR3res {
    let guard = guard.map_or(Nfs3Option::None, Nfs3Option::Some);
    world.call(2, &SETATTR3args { object: file.clone(), new_attributes: change, guard })
}

fn rights(world: &World, file: &nfs_fh3, access: u32) -> u32 {
    let result: ACCESS3res = world.call(4, &ACCESS3args { object: file.clone(), access });
    let granted = result.unwrap();
    assert!(granted.obj_attributes.is_some());
    granted.access
}

#[test]
fn null_answers_nothing() {
    assert!(World::new().bytes(NFS, 0, &Void).is_empty());
}

#[test]
fn attributes_of_the_root() {
    let world = World::new();
    let root = world.attributes(&world.root());
    assert_eq!(root.type_, ftype3::NF3DIR);
    assert_eq!((root.mode, root.nlink, root.uid, root.gid), (0o755, 2, 0, 0));
    assert_eq!(root.fsid, FILE_SYSTEM.0);
    assert_eq!(root.mtime, time(1000, 0));
}

#[test]
fn every_byte_of_an_answer() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.write(&file, 0, b"hello");
    let bytes = world.bytes(NFS, 1, &GETATTR3args { object: file.clone() });
    let word = |index: usize| u32::from_be_bytes(bytes[index * 4..][..4].try_into().unwrap());
    assert_eq!(bytes.len(), 88);
    assert_eq!((0..6).map(word).collect::<Vec<_>>(), [0, 1, 0o644, 1, 0, 0]);
    assert_eq!((word(6), word(7)), (0, 5), "size");
    assert_eq!((word(10), word(11)), (0, 0), "device");
    assert_eq!((word(12), word(13)), (0x0123_4567, 0x89ab_cdef), "file system");
    assert_eq!(bytes[56..64], file.data[12..20], "inode");
    assert_eq!((word(18), word(19)), (1002, 5), "modified by the second call");
}

#[test]
fn handles_that_name_nothing() {
    let world = World::new();
    let ask = |handle: nfs_fh3| {
        let result: GETATTR3res = world.call(1, &GETATTR3args { object: handle });
        refused(result).0
    };
    assert_eq!(ask(stale(&world)), nfsstat3::NFS3ERR_STALE);
    assert_eq!(ask(handle_of(b"")), nfsstat3::NFS3ERR_BADHANDLE);
    assert_eq!(ask(handle_of(&[0; 24])), nfsstat3::NFS3ERR_BADHANDLE);
    assert_eq!(ask(handle_of(&[7; 64])), nfsstat3::NFS3ERR_BADHANDLE);
    let mut foreign = world.root().data.to_vec();
    foreign[5] ^= 1;
    assert_eq!(ask(handle_of(&foreign)), nfsstat3::NFS3ERR_STALE);
}

#[test]
fn setting_everything() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let change = sattr3 {
        mode: Nfs3Option::Some(0o100_640),
        uid: Nfs3Option::Some(7),
        gid: Nfs3Option::Some(8),
        size: Nfs3Option::Some(100),
        atime: set_atime::SET_TO_CLIENT_TIME(time(5, 6)),
        mtime: set_mtime::SET_TO_CLIENT_TIME(time(0xffff_fff0, 7)),
    };
    assert!(has_changed(&set(&world, &file, change, None).unwrap().obj_wcc));
    let now = world.attributes(&file);
    assert_eq!((now.mode, now.uid, now.gid, now.size), (0o640, 7, 8, 100));
    assert_eq!((now.atime, now.mtime), (time(5, 6), time(0xffff_fff0, 7)));
    let change = sattr3 { mtime: set_mtime::SET_TO_SERVER_TIME, ..sattr3::default() };
    let after = set(&world, &file, change, None).unwrap().obj_wcc.after.unwrap();
    assert_eq!((after.mtime, after.atime), (time(1004, 5), time(5, 6)));
}

#[test]
fn a_guard_must_hold() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let changed = world.attributes(&file).ctime;
    let other = time(changed.seconds, changed.nseconds + 1);
    for wrong in [other, time(changed.seconds, 2_000_000_000)] {
        let (status, body) = refused(set(&world, &file, mode(0o600), Some(wrong)));
        assert_eq!(status, nfsstat3::NFS3ERR_NOT_SYNC);
        assert!(!has_changed(&body.obj_wcc));
    }
    assert!(has_changed_attributes(set(&world, &file, mode(0o600), Some(changed))));
    assert_eq!(world.attributes(&file).mode, 0o600);
}

fn has_changed_attributes(result: SETATTR3res) -> bool {
    let wcc = result.unwrap().obj_wcc;
    wcc.before.unwrap().ctime != wcc.after.unwrap().ctime
}

#[test]
fn impossible_changes() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let try_set = |file: &nfs_fh3, change: sattr3| {
        let (status, body) = refused(set(&world, file, change, None));
        assert!(!has_changed(&body.obj_wcc));
        status
    };
    let no_time = sattr3 {
        mtime: set_mtime::SET_TO_CLIENT_TIME(time(1, 1_000_000_000)),
        ..sattr3::default()
    };
    assert_eq!(try_set(&file, no_time), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(try_set(&file, size(u64::MAX)), nfsstat3::NFS3ERR_FBIG);
    assert_eq!(try_set(&world.root(), size(0)), nfsstat3::NFS3ERR_ISDIR);
    world.become_user(1000, 1000);
    assert_eq!(try_set(&file, mode(0o777)), nfsstat3::NFS3ERR_PERM);
    assert_eq!(try_set(&file, size(0)), nfsstat3::NFS3ERR_ACCES);
    let (status, body) = refused(set(&world, &stale(&world), mode(0), None));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
    assert!(body.obj_wcc.before.is_none() && body.obj_wcc.after.is_none());
}

#[test]
fn access_tells_what_the_mode_allows() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    assert_eq!(rights(&world, &file, 0xffff_ffff), 0x01 | 0x04 | 0x08);
    assert_eq!(rights(&world, &file, 0x04), 0x04);
    assert_eq!(rights(&world, &world.root(), 0x3f), 0x1f);
    world.become_user(1000, 1000);
    assert_eq!(rights(&world, &file, 0x3f), 0x01);
    assert_eq!(rights(&world, &world.root(), 0x3f), 0x03);
    let result: ACCESS3res = world.call(4, &ACCESS3args { object: stale(&world), access: 1 });
    let (status, body) = refused(result);
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
    assert!(body.obj_attributes.is_none());
}

#[test]
fn a_read_only_export_allows_no_change() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    let read_only = world.exported_as("/:ro,no_root_squash");
    assert_eq!(rights(&read_only, &file, 0x3f), 0x01);
    assert_eq!(rights(&read_only, &world.root(), 0x3f), 0x03);
    let (status, body) = refused(set(&read_only, &file, mode(0), None));
    assert_eq!(status, nfsstat3::NFS3ERR_ROFS);
    assert!(!has_changed(&body.obj_wcc));
    let (status, _) = refused(set(&read_only, &stale(&world), mode(0), None));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE, "that counts for more");
}

#[test]
fn squashed_callers_are_somebody_else() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.call::<SETATTR3res>(
        2,
        &SETATTR3args {
            object: file.clone(),
            new_attributes: mode(0o640),
            guard: Nfs3Option::None,
        },
    );
    assert_eq!(rights(&world, &file, 0x01), 0x01);
    let squashed = world.exported_as("/");
    assert_eq!(rights(&squashed, &file, 0x01), 0, "the superuser is nobody");
    squashed.become_user(1000, 0);
    assert_eq!(rights(&squashed, &file, 0x01), 0, "and not in the file's group 0");
    let everybody = world.exported_as("/:mapall=0,sec=sys:none");
    everybody.credentials.set(None);
    assert_eq!(rights(&everybody, &file, 0x01), 0x01, "who has no name is the anonymous user");
}
