//! Who may do what, by the credentials of AUTH_SYS.

use nfs3_types::nfs3::{
    ACCESS3args, ACCESS3res, NFS_PROGRAM, Nfs3Option, nfs_fh3, nfsstat3, sattr3, stable_how,
};
use suite::nfs::{Client, mode_of, status};
use suite::rpc::Credential;
use suite::server::{Backend, Server};

const READ: u32 = 1;
const LOOKUP: u32 = 2;
const MODIFY: u32 = 4;
const EXTEND: u32 = 8;
const DELETE: u32 = 16;
const EXECUTE: u32 = 32;

struct World {
    server: Server,
    root_user: Client,
    root: nfs_fh3,
}

impl World {
    fn new() -> Self {
        let server = Server::memory("16M", Backend::Uring);
        let (root_user, root) = Client::mount(server.address());
        Self { server, root_user, root }
    }

    fn user(&self, uid: u32, gid: u32, groups: &[u32]) -> Client {
        let credential = Credential::Sys { uid, gid, groups: groups.to_vec() };
        Client::open_as(self.server.address(), credential)
    }

    /// A file of somebody's with this mode.
    fn file(&mut self, name: &str, uid: u32, gid: u32, mode: u32) -> nfs_fh3 {
        let file = self.root_user.put(&self.root, name.as_bytes(), b"secret").expect("a file");
        self.dress(&file, uid, gid, mode);
        file
    }

    fn folder(&mut self, name: &str, uid: u32, gid: u32, mode: u32) -> nfs_fh3 {
        let folder = self.root_user.make_directory(&self.root, name.as_bytes()).expect("made");
        self.dress(&folder, uid, gid, mode);
        folder
    }

    fn dress(&mut self, file: &nfs_fh3, uid: u32, gid: u32, mode: u32) {
        let to = sattr3 { uid: Nfs3Option::Some(uid), gid: Nfs3Option::Some(gid), ..mode_of(mode) };
        self.root_user.set(file, to, None).expect("the superuser may");
    }
}

fn access(client: &mut Client, object: &nfs_fh3) -> u32 {
    let arguments = ACCESS3args { object: object.clone(), access: 0x3f };
    let result: ACCESS3res = client.call(NFS_PROGRAM::NFSPROC3_ACCESS, &arguments);
    status(result).expect("an answer").access
}

#[test]
fn access_says_what_the_bits_say() {
    let mut world = World::new();
    let file = world.file("file", 10, 20, 0o751);
    let folder = world.folder("folder", 10, 20, 0o751);
    let people = [
        (
            world.user(10, 99, &[]),
            READ | MODIFY | EXTEND | EXECUTE,
            READ | LOOKUP | MODIFY | EXTEND | DELETE,
        ),
        (world.user(11, 20, &[]), READ | EXECUTE, READ | LOOKUP),
        (world.user(11, 99, &[1, 2, 20]), READ | EXECUTE, READ | LOOKUP),
        (world.user(11, 99, &[1, 2, 3]), EXECUTE, LOOKUP),
    ];
    for (mut person, of_file, of_folder) in people {
        assert_eq!(access(&mut person, &file), of_file, "file, {person:?}");
        assert_eq!(access(&mut person, &folder), of_folder, "folder, {person:?}");
    }
}

#[test]
fn strangers_neither_read_nor_write() {
    let mut world = World::new();
    let file = world.file("file", 10, 20, 0o600);
    let mut stranger = world.user(11, 21, &[]);
    assert_eq!(stranger.read(&file, 0, 10).err(), Some(nfsstat3::NFS3ERR_ACCES));
    let written = stranger.write(&file, 0, b"x", stable_how::FILE_SYNC);
    assert_eq!(written.err(), Some(nfsstat3::NFS3ERR_ACCES));
    for to in [mode_of(0o666), sattr3 { uid: Nfs3Option::Some(11), ..sattr3::default() }] {
        let refused = stranger.set(&file, to, None);
        assert!(
            matches!(refused, Err(nfsstat3::NFS3ERR_PERM | nfsstat3::NFS3ERR_ACCES)),
            "{refused:?}"
        );
    }
    let mut owner = world.user(10, 20, &[]);
    assert_eq!(owner.read_all(&file, 10), Ok(b"secret".to_vec()));
}

#[test]
fn a_directory_decides_about_its_names() {
    let mut world = World::new();
    let closed = world.folder("closed", 10, 20, 0o700);
    let shown = world.folder("shown", 10, 20, 0o755);
    let mut stranger = world.user(11, 21, &[]);
    assert_eq!(stranger.lookup(&closed, b"x").err(), Some(nfsstat3::NFS3ERR_ACCES));
    assert_eq!(stranger.read_directory(&closed, 4096).err(), Some(nfsstat3::NFS3ERR_ACCES));
    assert_eq!(stranger.lookup(&shown, b"x").err(), Some(nfsstat3::NFS3ERR_NOENT));
    assert_eq!(stranger.create(&shown, b"x").err(), Some(nfsstat3::NFS3ERR_ACCES));
    assert_eq!(stranger.make_directory(&shown, b"x").err(), Some(nfsstat3::NFS3ERR_ACCES));
    world.user(10, 20, &[]).put(&shown, b"x", b"mine").expect("the owner may");
    assert_eq!(stranger.remove(&shown, b"x").err(), Some(nfsstat3::NFS3ERR_ACCES));
}

#[test]
fn a_sticky_directory_keeps_what_is_others() {
    let mut world = World::new();
    let shared = world.folder("tmp", 0, 0, 0o1777);
    world.user(10, 20, &[]).put(&shared, b"theirs", b"x").expect("anybody may");
    let mut other = world.user(11, 21, &[]);
    other.put(&shared, b"own", b"x").expect("anybody may");
    let removed = other.remove(&shared, b"theirs");
    assert!(
        matches!(removed, Err(nfsstat3::NFS3ERR_PERM | nfsstat3::NFS3ERR_ACCES)),
        "{removed:?}"
    );
    let over = other.rename((&shared, b"own"), (&shared, b"theirs"));
    assert!(matches!(over, Err(nfsstat3::NFS3ERR_PERM | nfsstat3::NFS3ERR_ACCES)), "{over:?}");
    other.remove(&shared, b"own").expect("one's own goes");
}

#[test]
fn owners_change_what_is_theirs() {
    let mut world = World::new();
    let file = world.file("file", 10, 20, 0o4755);
    let mut owner = world.user(10, 20, &[30]);
    let to_group = |gid| sattr3 { gid: Nfs3Option::Some(gid), ..sattr3::default() };
    owner.set(&file, to_group(30), None).expect("to a group of one's own");
    assert_eq!(owner.set(&file, to_group(40), None), Err(nfsstat3::NFS3ERR_PERM));
    let gift = sattr3 { uid: Nfs3Option::Some(11), ..sattr3::default() };
    assert_eq!(owner.set(&file, gift, None), Err(nfsstat3::NFS3ERR_PERM), "nothing is given away");
    owner.set(&file, mode_of(0o640), None).expect("a mode");
    assert_eq!(world.root_user.attributes(&file).expect("attributes").mode, 0o640);
}

/// A program that runs as its owner must not run what a stranger put into it.
#[test]
fn set_id_bits_go_when_others_write() {
    let mut world = World::new();
    let file = world.file("file", 10, 20, 0o6777);
    world.user(11, 21, &[]).write(&file, 0, b"evil", stable_how::FILE_SYNC).expect("written");
    assert_eq!(world.root_user.attributes(&file).expect("attributes").mode & 0o6000, 0);
}

#[test]
fn new_files_are_their_makers() {
    let mut world = World::new();
    let mut maker = world.user(10, 20, &[]);
    for (name, mode, group) in [("plain", 0o777, 20), ("set-group-id", 0o2777, 77)] {
        let folder = world.folder(name, 0, 77, mode);
        let file = maker.create(&folder, b"file").expect("a file");
        let found = maker.attributes(&file).expect("attributes");
        assert_eq!((found.uid, found.gid), (10, group), "in a {name} directory");
    }
}
