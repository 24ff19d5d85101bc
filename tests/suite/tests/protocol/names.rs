//! Names: making, moving and removing them, and everything that must be refused.

use nfs3_types::nfs3::{mknoddata3, nfs_fh3, nfsstat3};
use suite::nfs::{Client, sattr};
use suite::server::{Backend, Server};

fn served() -> (Server, Client, nfs_fh3) {
    let server = Server::memory("16M", Backend::Uring);
    let (client, root) = Client::mount(server.address());
    (server, client, root)
}

#[test]
fn a_rename_replaces() {
    let (_server, mut client, root) = served();
    let new = client.put(&root, b"new", b"new").expect("a file");
    let old = client.put(&root, b"old", b"old").expect("a file");
    client.rename((&root, b"new"), (&root, b"old")).expect("renamed");
    assert_eq!(client.find(&root, b"old"), Ok(new));
    assert_eq!(client.find(&root, b"new"), Err(nfsstat3::NFS3ERR_NOENT));
    assert_eq!(client.attributes(&old).err(), Some(nfsstat3::NFS3ERR_STALE));
}

#[test]
fn a_rename_to_itself_changes_nothing() {
    let (_server, mut client, root) = served();
    let file = client.put(&root, b"one", b"contents").expect("a file");
    client.link(&file, &root, b"two").expect("linked");
    client.rename((&root, b"one"), (&root, b"one")).expect("the same name");
    client.rename((&root, b"one"), (&root, b"two")).expect("the same file");
    assert_eq!(client.find(&root, b"two"), Ok(file.clone()));
    assert_eq!(client.read_all(&file, 100), Ok(b"contents".to_vec()));
}

#[test]
fn directories_move_whole() {
    let (_server, mut client, root) = served();
    let [a, b] = [b"a", b"b"].map(|name| client.make_directory(&root, name).expect("made"));
    let moved = client.make_directory(&a, b"moved").expect("made");
    client.put(&moved, b"file", b"x").expect("a file");
    client.rename((&a, b"moved"), (&b, b"arrived")).expect("renamed");
    assert_eq!(client.find(&root, b"b/arrived"), Ok(moved.clone()));
    assert_eq!(client.find(&moved, b".."), Ok(b.clone()), "its parent is another one now");
    let links = |client: &mut Client, file| client.attributes(file).expect("attributes").nlink;
    assert_eq!((links(&mut client, &a), links(&mut client, &b)), (2, 3));

    let inside = client.rename((&root, b"b"), (&moved, b"b"));
    assert_eq!(inside, Err(nfsstat3::NFS3ERR_INVAL), "into itself");
    let onto = client.rename((&root, b"a"), (&root, b"b"));
    assert!(matches!(onto, Err(nfsstat3::NFS3ERR_NOTEMPTY | nfsstat3::NFS3ERR_EXIST)), "{onto:?}");
    client.rename((&b, b"arrived"), (&root, b"a")).expect("an empty one is replaced");
    assert_eq!(client.attributes(&a).err(), Some(nfsstat3::NFS3ERR_STALE));
}

#[test]
fn kinds_must_agree() {
    let (_server, mut client, root) = served();
    client.put(&root, b"file", b"x").expect("a file");
    client.make_directory(&root, b"folder").expect("a directory");
    let over = client.rename((&root, b"file"), (&root, b"folder"));
    assert!(matches!(over, Err(nfsstat3::NFS3ERR_ISDIR | nfsstat3::NFS3ERR_EXIST)), "{over:?}");
    let over = client.rename((&root, b"folder"), (&root, b"file"));
    assert!(matches!(over, Err(nfsstat3::NFS3ERR_NOTDIR | nfsstat3::NFS3ERR_EXIST)), "{over:?}");
    assert_eq!(client.remove_directory(&root, b"file"), Err(nfsstat3::NFS3ERR_NOTDIR));
    let removed = client.remove(&root, b"folder");
    assert!(
        matches!(removed, Err(nfsstat3::NFS3ERR_ISDIR | nfsstat3::NFS3ERR_PERM)),
        "{removed:?}"
    );
}

#[test]
fn what_is_not_there_or_not_empty() {
    let (_server, mut client, root) = served();
    assert_eq!(client.remove(&root, b"nothing"), Err(nfsstat3::NFS3ERR_NOENT));
    assert_eq!(client.remove_directory(&root, b"nothing"), Err(nfsstat3::NFS3ERR_NOENT));
    let renamed = client.rename((&root, b"nothing"), (&root, b"something"));
    assert_eq!(renamed, Err(nfsstat3::NFS3ERR_NOENT));
    let folder = client.make_directory(&root, b"folder").expect("a directory");
    let file = client.put(&folder, b"file", b"x").expect("a file");
    assert_eq!(client.remove_directory(&root, b"folder"), Err(nfsstat3::NFS3ERR_NOTEMPTY));
    let taken = client.make_directory(&root, b"folder");
    assert_eq!(taken, Err(nfsstat3::NFS3ERR_EXIST));
    assert_eq!(client.link(&file, &root, b"folder"), Err(nfsstat3::NFS3ERR_EXIST));
    assert_eq!(client.create(&file, b"inside"), Err(nfsstat3::NFS3ERR_NOTDIR));
}

#[test]
fn names_nobody_may_have() {
    let (_server, mut client, root) = served();
    let file = client.put(&root, b"file", b"x").expect("a file");
    for name in [b"".as_slice(), b".", b"..", b"a/b", b"nul\0"] {
        let shown = name.escape_ascii();
        assert!(client.create(&root, name).is_err(), "create {shown}");
        assert!(client.make_directory(&root, name).is_err(), "mkdir {shown}");
        assert!(client.make_link(&root, name, b"x").is_err(), "symlink {shown}");
        assert!(client.link(&file, &root, name).is_err(), "link {shown}");
        assert!(client.remove(&root, name).is_err(), "remove {shown}");
        assert!(client.remove_directory(&root, name).is_err(), "rmdir {shown}");
        assert!(client.rename((&root, b"file"), (&root, name)).is_err(), "rename to {shown}");
        assert!(client.rename((&root, name), (&root, b"other")).is_err(), "rename {shown}");
    }
    let names = client.read_directory(&root, 4096).expect("a directory");
    assert_eq!(names.len(), 3, "only what was there: {names:?}");
}

#[test]
fn links_count() {
    let (_server, mut client, root) = served();
    let file = client.put(&root, b"one", b"x").expect("a file");
    client.link(&file, &root, b"two").expect("linked");
    assert_eq!(client.find(&root, b"two"), Ok(file.clone()));
    assert_eq!(client.attributes(&file).expect("attributes").nlink, 2);
    client.remove(&root, b"one").expect("removed");
    assert_eq!(client.attributes(&file).expect("attributes").nlink, 1);
    client.remove(&root, b"two").expect("removed");
    assert_eq!(client.attributes(&file).err(), Some(nfsstat3::NFS3ERR_STALE));
}

#[test]
fn every_kind_is_made() {
    use nfs3_types::nfs3::{devicedata3, ftype3, specdata3};
    let (_server, mut client, root) = served();
    let spec = || specdata3 { specdata1: 300, specdata2: 70_000 };
    let device = || devicedata3 { dev_attributes: sattr(), spec: spec() };
    let kinds = [
        (mknoddata3::NF3BLK(device()), ftype3::NF3BLK, spec()),
        (mknoddata3::NF3CHR(device()), ftype3::NF3CHR, spec()),
        (mknoddata3::NF3FIFO(sattr()), ftype3::NF3FIFO, specdata3::default()),
        (mknoddata3::NF3SOCK(sattr()), ftype3::NF3SOCK, specdata3::default()),
    ];
    for (what, kind, device) in kinds {
        let name = kind.to_string();
        let node = client.make_node(&root, name.as_bytes(), what).expect("a node");
        let found = client.attributes(&node).expect("attributes");
        assert_eq!((found.type_, found.rdev), (kind, device));
        assert!(client.read(&node, 0, 10).is_err(), "{name} holds no data for NFS");
    }
    for target in [b"t".as_slice(), b"../\xff \n", &[b'l'; 1023]] {
        let link = client.make_link(&root, b"link", target).expect("a link");
        assert_eq!(client.read_link(&link), Ok(target.to_vec()));
        client.remove(&root, b"link").expect("removed");
    }
}
