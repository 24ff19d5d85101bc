//! CREATE, MKDIR, SYMLINK, MKNOD.

use crate::world::{World, has_changed, mode, place, refused, size, stale, time};
use nfs3_types::nfs3::{
    CREATE3res, MKDIR3args, MKDIR3res, MKNOD3args, MKNOD3res, Nfs3Option, SYMLINK3args,
    SYMLINK3res, createhow3, createverf3, devicedata3, fattr3, ftype3, mknoddata3, nfs_fh3,
    nfsstat3, sattr3, set_atime, set_mtime, specdata3, symlinkdata3,
};

fn exclusive(verifier: u64) -> createhow3 {
    createhow3::EXCLUSIVE(createverf3(verifier.to_be_bytes()))
}

fn made(result: CREATE3res) -> (nfs_fh3, fattr3) {
    let made = result.unwrap();
    (made.obj.unwrap(), made.obj_attributes.unwrap())
}

fn refusal(result: CREATE3res) -> nfsstat3 {
    let (status, body) = refused(result);
    assert!(!has_changed(&body.dir_wcc));
    status
}

fn make_node(world: &World, name: &str, what: mknoddata3) -> MKNOD3res {
    world.call(11, &MKNOD3args { where_: place(&world.root(), name), what })
}

fn make_directory(world: &World, name: &str, attributes: sattr3) -> MKDIR3res {
    world.call(9, &MKDIR3args { where_: place(&world.root(), name), attributes })
}

#[test]
fn a_new_file_is_as_asked() {
    let world = World::new();
    let attributes = sattr3 {
        mode: Nfs3Option::Some(0o4755),
        uid: Nfs3Option::Some(7),
        gid: Nfs3Option::Some(8),
        size: Nfs3Option::Some(100),
        atime: set_atime::SET_TO_CLIENT_TIME(time(1, 2)),
        mtime: set_mtime::SET_TO_SERVER_TIME,
    };
    let result = world.try_create(&world.root(), "a", createhow3::GUARDED(attributes)).unwrap();
    assert!(has_changed(&result.dir_wcc));
    let file = result.obj_attributes.unwrap();
    assert_eq!(file.type_, ftype3::NF3REG);
    assert_eq!((file.mode, file.uid, file.gid, file.size), (0o4755, 7, 8, 100));
    assert_eq!(file.atime, time(1, 2));
    assert_eq!(world.lookup(&world.root(), "a"), result.obj.unwrap());
}

#[test]
fn an_ordinary_user_owns_what_he_makes() {
    let world = World::exporting(&["/:mapall=0"]);
    world.make_directory(&world.root(), "d", 0o777);
    let world = world.exported_as("/");
    world.become_user(1000, 100);
    let directory = world.lookup(&world.root(), "d");
    let wish = sattr3 { uid: Nfs3Option::Some(0), ..mode(0o644) };
    let (_, file) = made(world.try_create(&directory, "a", createhow3::UNCHECKED(wish)));
    assert_eq!((file.uid, file.gid), (1000, 100));
    world.become_root();
    let (_, file) = made(world.try_create(&directory, "b", createhow3::UNCHECKED(mode(0o644))));
    assert_eq!((file.uid, file.gid), (65534, 65534));
}

#[test]
fn guarded_creation_finds_the_name_taken() {
    let world = World::new();
    world.create(&world.root(), "a");
    let again = world.try_create(&world.root(), "a", createhow3::GUARDED(mode(0)));
    assert_eq!(refusal(again), nfsstat3::NFS3ERR_EXIST);
}

#[test]
fn unchecked_creation_uses_the_file_and_sets_only_its_size() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.write(&file, 0, b"hello");
    let again = |attributes| {
        let result = world.try_create(&world.root(), "a", createhow3::UNCHECKED(attributes));
        let result = result.unwrap();
        assert!(!has_changed(&result.dir_wcc));
        assert_eq!(result.obj.unwrap(), file);
        result.obj_attributes.unwrap()
    };
    let kept = again(mode(0o777));
    assert_eq!((kept.mode, kept.size), (0o644, 5));
    let cut = again(sattr3 { mode: Nfs3Option::Some(0o777), ..size(0) });
    assert_eq!((cut.mode, cut.size), (0o644, 0));
}

#[test]
fn unchecked_creation_does_not_override_permissions() {
    let world = World::new();
    world.create(&world.root(), "a");
    world.make_directory(&world.root(), "d", 0o777);
    world.become_user(1000, 1000);
    let result = world.try_create(&world.root(), "a", createhow3::UNCHECKED(size(0)));
    assert_eq!(refusal(result), nfsstat3::NFS3ERR_ACCES);
    let result = world.try_create(&world.root(), "d", createhow3::UNCHECKED(mode(0)));
    assert_eq!(refusal(result), nfsstat3::NFS3ERR_ISDIR);
}

#[test]
fn exclusive_creation_knows_its_own_retransmission() {
    let world = World::new();
    let verifier = 0xfedc_ba98_7654_3210;
    let (file, attributes) = made(world.try_create(&world.root(), "a", exclusive(verifier)));
    assert_eq!(attributes.mode, 0);
    assert_eq!((attributes.atime, attributes.mtime), (time(0x7edc_ba98, 0), time(0x7654_3210, 0)));
    assert_eq!(made(world.try_create(&world.root(), "a", exclusive(verifier))).0, file);
    let other = world.try_create(&world.root(), "a", exclusive(verifier + 1));
    assert_eq!(refusal(other), nfsstat3::NFS3ERR_EXIST);
    world.make_directory(&world.root(), "d", 0o755);
    let taken = world.try_create(&world.root(), "d", exclusive(verifier));
    assert_eq!(refusal(taken), nfsstat3::NFS3ERR_EXIST);
    world.write(&file, 0, b"in use");
    let later = world.try_create(&world.root(), "a", exclusive(verifier));
    assert_eq!(refusal(later), nfsstat3::NFS3ERR_EXIST);
}

#[test]
fn what_cannot_be_created() {
    let world = World::new();
    let root = world.root();
    let file = world.create(&root, "a");
    let create = |world: &World, name: &str, attributes| {
        refusal(world.try_create(&root, name, createhow3::UNCHECKED(attributes)))
    };
    for dots in [".", ".."] {
        assert_eq!(
            refusal(world.try_create(&root, dots, createhow3::GUARDED(mode(0)))),
            nfsstat3::NFS3ERR_EXIST
        );
    }
    assert_eq!(create(&world, "", mode(0)), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(create(&world, "a/b", mode(0)), nfsstat3::NFS3ERR_ACCES);
    assert_eq!(create(&world, &"n".repeat(256), mode(0)), nfsstat3::NFS3ERR_NAMETOOLONG);
    let no_time = sattr3 {
        atime: set_atime::SET_TO_CLIENT_TIME(time(0, 1_000_000_000)),
        ..sattr3::default()
    };
    assert_eq!(create(&world, "b", no_time), nfsstat3::NFS3ERR_INVAL);
    assert_eq!(create(&world.exported_as("/:ro"), "b", mode(0)), nfsstat3::NFS3ERR_ROFS);
    world.become_user(1000, 1000);
    assert_eq!(create(&world, "b", mode(0)), nfsstat3::NFS3ERR_ACCES);
    let (status, _) = refused(world.try_create(&file, "b", createhow3::UNCHECKED(mode(0))));
    assert_eq!(status, nfsstat3::NFS3ERR_NOTDIR);
    let (status, body) = refused(world.try_create(&stale(&world), "b", exclusive(1)));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
    assert!(body.dir_wcc.after.is_none());
}

#[test]
fn directories_and_links() {
    let world = World::new();
    let before = world.attributes(&world.root()).nlink;
    let directory = make_directory(&world, "d", mode(0o1755)).unwrap();
    assert!(has_changed(&directory.dir_wcc));
    let attributes = directory.obj_attributes.unwrap();
    assert_eq!((attributes.type_, attributes.mode), (ftype3::NF3DIR, 0o1755));
    assert_eq!(world.attributes(&world.root()).nlink, before + 1);
    let (status, _) = refused(make_directory(&world, "d", mode(0)));
    assert_eq!(status, nfsstat3::NFS3ERR_EXIST);
    assert_eq!(
        make_directory(&world, "private", sattr3::default()).unwrap().obj_attributes.unwrap().mode,
        0o700
    );
    let symlink = symlinkdata3 {
        symlink_attributes: sattr3::default(),
        symlink_data: b"d/x".as_slice().into(),
    };
    let link: SYMLINK3res =
        world.call(10, &SYMLINK3args { where_: place(&world.root(), "l"), symlink });
    let attributes = link.unwrap().obj_attributes.unwrap();
    assert_eq!((attributes.type_, attributes.size), (ftype3::NF3LNK, 3));
}

#[test]
fn nodes() {
    let world = World::new();
    let device = || devicedata3 {
        dev_attributes: mode(0o600),
        spec: specdata3 { specdata1: 4, specdata2: 64 },
    };
    let type_of = |result: MKNOD3res| {
        let made = result.unwrap();
        assert!(has_changed(&made.dir_wcc));
        made.obj_attributes.unwrap()
    };
    let terminal = type_of(make_node(&world, "tty", mknoddata3::NF3CHR(device())));
    assert_eq!(terminal.type_, ftype3::NF3CHR);
    assert_eq!((terminal.rdev.specdata1, terminal.rdev.specdata2), (4, 64));
    let disk = type_of(make_node(&world, "disk", mknoddata3::NF3BLK(device())));
    assert_eq!(disk.type_, ftype3::NF3BLK);
    let socket = type_of(make_node(&world, "socket", mknoddata3::NF3SOCK(mode(0o600))));
    assert_eq!(socket.type_, ftype3::NF3SOCK);
    let pipe = type_of(make_node(&world, "pipe", mknoddata3::NF3FIFO(mode(0o600))));
    assert_eq!(pipe.type_, ftype3::NF3FIFO);
    let (status, _) = refused(make_node(&world, "pipe", mknoddata3::NF3FIFO(mode(0))));
    assert_eq!(status, nfsstat3::NFS3ERR_EXIST);
}

#[test]
fn nodes_that_cannot_be_made() {
    let world = World::new();
    for number in [1_u32, 2, 5] {
        let mut arguments = crate::world::packed(&place(&world.root(), "x"));
        arguments.extend(number.to_be_bytes());
        let call = world.message(crate::world::NFS, 11, arguments);
        let bytes = world.run(&call).unwrap().into_pieces().concat();
        let (status, body) = refused(crate::world::unpacked::<MKNOD3res>(&bytes));
        assert_eq!(status, nfsstat3::NFS3ERR_BADTYPE);
        assert!(!has_changed(&body.dir_wcc));
    }
    world.make_directory(&world.root(), "open", 0o777);
    world.become_user(1000, 1000);
    let device =
        devicedata3 { dev_attributes: mode(0), spec: specdata3 { specdata1: 1, specdata2: 3 } };
    let open = world.lookup(&world.root(), "open");
    let arguments = MKNOD3args { where_: place(&open, "null"), what: mknoddata3::NF3CHR(device) };
    let (status, _) = refused(world.call::<MKNOD3res>(11, &arguments));
    assert_eq!(status, nfsstat3::NFS3ERR_PERM);
}
