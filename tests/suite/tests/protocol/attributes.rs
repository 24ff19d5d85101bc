//! Attributes: what is set is what is shown, times move as they should, guards guard.

use nfs3_types::nfs3::{
    FSSTAT3args, FSSTAT3res, FSSTAT3resok, NFS_PROGRAM, Nfs3Option, PATHCONF3args, PATHCONF3res,
    createhow3, createverf3, nfs_fh3, nfsstat3, nfstime3, sattr3, set_atime, set_mtime, stable_how,
};
use suite::nfs::{Client, mode_of, sattr, size_of, status};
use suite::server::{Backend, Server};

fn served() -> (Server, Client, nfs_fh3) {
    let server = Server::memory("16M", Backend::Poll);
    let (client, root) = Client::mount(server.address());
    (server, client, root)
}

#[test]
fn what_is_set_is_shown() {
    let (_server, mut client, root) = served();
    let file = client.create(&root, b"file").expect("a file");
    let (atime, mtime) = (time(0, 1), time(2_145_916_799, 999_999_999));
    let to = sattr3 {
        mode: Nfs3Option::Some(0o7654),
        uid: Nfs3Option::Some(70_000),
        gid: Nfs3Option::Some(u32::MAX - 1),
        size: Nfs3Option::Some(12_345),
        atime: set_atime::SET_TO_CLIENT_TIME(atime),
        mtime: set_mtime::SET_TO_CLIENT_TIME(mtime),
    };
    client.set(&file, to, None).expect("the superuser may");
    let found = client.attributes(&file).expect("attributes");
    assert_eq!((found.mode, found.uid, found.gid), (0o7654, 70_000, u32::MAX - 1));
    assert_eq!((found.size, found.nlink), (12_345, 1));
    assert_eq!((found.atime, found.mtime), (atime, mtime));
}

fn time(seconds: u32, nseconds: u32) -> nfstime3 {
    nfstime3 { seconds, nseconds }
}

fn moment(time: nfstime3) -> (u32, u32) {
    (time.seconds, time.nseconds)
}

#[test]
fn changes_move_the_times() {
    let (_server, mut client, root) = served();
    let file = client.create(&root, b"file").expect("a file");
    let made = client.attributes(&file).expect("attributes");
    client.write(&file, 0, b"x", stable_how::UNSTABLE).expect("a write");
    let written = client.attributes(&file).expect("attributes");
    assert!(moment(written.mtime) > moment(made.mtime), "a write is a modification");
    assert!(moment(written.ctime) > moment(made.ctime), "and a change");
    client.set(&file, mode_of(0o600), None).expect("chmod");
    let changed = client.attributes(&file).expect("attributes");
    assert_eq!(changed.mtime, written.mtime, "a mode is no content");
    assert!(moment(changed.ctime) > moment(written.ctime), "but a change");
    let before = client.attributes(&root).expect("attributes");
    client.create(&root, b"other").expect("a file");
    let after = client.attributes(&root).expect("attributes");
    assert!(moment(after.mtime) > moment(before.mtime), "a new name changes the directory");
}

/// Two changes are never at the same time, however fast they come.
#[test]
fn every_change_has_its_own_time() {
    let (_server, mut client, root) = served();
    let file = client.create(&root, b"file").expect("a file");
    let mut last = (0, 0);
    for number in 0..200 {
        client.write(&file, number, b"x", stable_how::UNSTABLE).expect("a write");
        let now = moment(client.attributes(&file).expect("attributes").ctime);
        assert!(now > last, "{now:?} after {last:?}");
        last = now;
    }
}

#[test]
fn a_guard_must_hold() {
    let (_server, mut client, root) = served();
    let file = client.create(&root, b"file").expect("a file");
    let seen = client.attributes(&file).expect("attributes").ctime;
    client.set(&file, mode_of(0o640), Some(seen)).expect("nobody was there since");
    let refused = client.set(&file, mode_of(0o666), Some(seen));
    assert_eq!(refused, Err(nfsstat3::NFS3ERR_NOT_SYNC));
    assert_eq!(client.attributes(&file).expect("attributes").mode, 0o640);
}

#[test]
fn three_ways_to_create() {
    let (_server, mut client, root) = served();
    let file = client.put(&root, b"file", b"contents").expect("a file");
    let guarded = client.create_how(&root, b"file", createhow3::GUARDED(sattr()));
    assert_eq!(guarded, Err(nfsstat3::NFS3ERR_EXIST));

    let unchecked = client.create_how(&root, b"file", createhow3::UNCHECKED(sattr()));
    assert_eq!(unchecked.as_ref(), Ok(&file), "the file that is there");
    assert_eq!(client.read_all(&file, 100), Ok(b"contents".to_vec()));
    let cut = client.create_how(&root, b"file", createhow3::UNCHECKED(size_of(0)));
    assert_eq!(cut.as_ref(), Ok(&file));
    assert_eq!(client.attributes(&file).expect("attributes").size, 0);

    let mine = createhow3::EXCLUSIVE(createverf3(*b"verifier"));
    let made = client.create_how(&root, b"only", mine).expect("a file");
    let again = createhow3::EXCLUSIVE(createverf3(*b"verifier"));
    assert_eq!(client.create_how(&root, b"only", again), Ok(made), "the same call, retried");
    let other = createhow3::EXCLUSIVE(createverf3(*b"another!"));
    assert_eq!(client.create_how(&root, b"only", other), Err(nfsstat3::NFS3ERR_EXIST));
}

#[test]
fn space_is_counted() {
    let (_server, mut client, root) = served();
    let before = usage(&mut client, &root);
    assert_eq!(before.tbytes, 16 << 20);
    assert!(before.abytes <= before.fbytes && before.fbytes <= before.tbytes);
    client.put(&root, b"file", &vec![1; 1 << 20]).expect("a file");
    let after = usage(&mut client, &root);
    assert!(before.fbytes - after.fbytes >= 1 << 20, "a MiB less is free");
    client.remove(&root, b"file").expect("removed");
    assert_eq!(usage(&mut client, &root).fbytes, before.fbytes);
}

fn usage(client: &mut Client, root: &nfs_fh3) -> FSSTAT3resok {
    let arguments = FSSTAT3args { fsroot: root.clone() };
    let result: FSSTAT3res = client.call(NFS_PROGRAM::NFSPROC3_FSSTAT, &arguments);
    status(result).expect("an answer")
}

#[test]
fn limits_of_names() {
    let (_server, mut client, root) = served();
    let arguments = PATHCONF3args { object: root.clone() };
    let result: PATHCONF3res = client.call(NFS_PROGRAM::NFSPROC3_PATHCONF, &arguments);
    let limits = status(result).expect("an answer");
    assert_eq!(limits.name_max, 255);
    assert!(limits.no_trunc && limits.case_preserving && !limits.case_insensitive);
    client.create(&root, &[b'n'; 255]).expect("a name of 255 bytes");
    let refused = client.create(&root, &[b'n'; 256]);
    assert_eq!(refused, Err(nfsstat3::NFS3ERR_NAMETOOLONG));
    assert_eq!(client.lookup(&root, &[b'n'; 256]).err(), Some(nfsstat3::NFS3ERR_NAMETOOLONG));
}
