//! Exports: what may be mounted, and as whom (MOUNT, RFC 1813 §5).

use nfs3_types::mount::mountstat3;
use nfs3_types::nfs3::{nfs_fh3, nfsstat3};
use suite::image::Format;
use suite::nfs::{Client, MOUNT};
use suite::require;
use suite::rpc::Credential;
use suite::server::{Backend, Server, arguments};
use suite::tree::{Content, Node, Tree};
use tempfile::TempDir;

const NOBODY: u32 = 65534;

fn memory(export: &str) -> (Server, Client, nfs_fh3) {
    let server = Server::start(["--memory", "16M", "--export", export], Backend::Uring);
    let (client, root) = Client::mount(server.address());
    (server, client, root)
}

/// The owner and group of a new file of this maker.
fn owner(client: &mut Client, root: &nfs_fh3) -> (u32, u32) {
    let file = client.create(root, b"file").expect("the root of memory is open to all");
    let found = client.attributes(&file).expect("attributes");
    client.remove(root, b"file").expect("removed");
    (found.uid, found.gid)
}

#[test]
fn superusers_of_clients_are_nobody_unless_believed() {
    let (server, mut superuser, root) = memory("/");
    let mut user = Client::open_as(server.address(), Credential::user(10, 20));
    assert_eq!(owner(&mut superuser, &root), (NOBODY, NOBODY));
    assert_eq!(owner(&mut user, &root), (10, 20));
    drop(server);
    let (_server, mut superuser, root) = memory("/:no_root_squash");
    assert_eq!(owner(&mut superuser, &root), (0, 0));
}

#[test]
fn everybody_can_be_somebody_else() {
    let (server, mut superuser, root) = memory("/:all_squash,anonuid=70000,anongid=7");
    let mut user = Client::open_as(server.address(), Credential::user(10, 20));
    assert_eq!(owner(&mut superuser, &root), (70_000, 7));
    assert_eq!(owner(&mut user, &root), (70_000, 7));
}

#[test]
fn an_export_can_be_read_only() {
    let (_server, mut client, root) = memory("/:ro");
    assert_eq!(client.create(&root, b"file"), Err(nfsstat3::NFS3ERR_ROFS));
    client.attributes(&root).expect("reading is fine");
}

struct Served {
    _folder: TempDir,
    server: Server,
}

/// Two directories are exported, one is not.
fn image() -> Served {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    for path in ["a", "a/b", "a/b/c", "other", "private"] {
        tree.add_directory(path);
    }
    tree.add_noise("a/file", 10);
    tree.add("a/link", Node::new(Content::SymbolicLink(b"../private".to_vec())));
    tree.lay(&folder.path().join("tree"));
    let image = folder.path().join("image");
    Format::usual().make(&image, &folder.path().join("tree"));
    let exports = ["--export", "/a/b:alldirs", "--export", "/a:alldirs", "--export", "/other"];
    Served { server: Server::start(arguments(&image, exports), Backend::Poll), _folder: folder }
}

#[test]
fn what_is_exported_and_what_is_not() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let Served { server, _folder } = image();
    let mut client = Client::open(server.address());
    for path in ["/a", "/a/", "/a/b", "/a/b/c", "//other"] {
        let mounted = client.mount_path(path.as_bytes());
        assert!(mounted.is_ok(), "{path}: {mounted:?}");
    }
    let (not_here, no_entry, no_directory) = (
        mountstat3::MNT3ERR_ACCES as u32,
        mountstat3::MNT3ERR_NOENT as u32,
        mountstat3::MNT3ERR_NOTDIR as u32,
    );
    for (path, status) in [
        ("/", not_here),
        ("/private", not_here),
        ("/nothing", not_here),
        ("", not_here),
        ("/ab", not_here),
        ("/a/nothing", no_entry),
        ("/a/file", no_directory),
    ] {
        assert_eq!(client.mount_path(path.as_bytes()), Err(status), "{path}");
    }
    for path in ["/a/../private", "/a/link", "/a/b/../../private", "a", "/a\0", &"/a".repeat(600)] {
        let mounted = client.ask(MOUNT, 1, &suite::nfs::packed(&dirpath(path)));
        let Some(result) = success(mounted) else { continue };
        assert_ne!(result[..4], [0; 4], "{path}");
    }
}

fn dirpath(path: &str) -> nfs3_types::mount::dirpath<'_> {
    nfs3_types::mount::dirpath(nfs3_types::xdr_codec::Opaque::borrowed(path.as_bytes()))
}

/// A path too long for XDR is garbage, which is a refusal too.
fn success(answer: suite::rpc::Answer) -> Option<Vec<u8>> {
    match answer {
        suite::rpc::Answer::Success(result) => Some(result),
        suite::rpc::Answer::GarbageArguments => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn mounts_are_listed_until_they_are_undone() {
    let server = Server::memory("16M", Backend::Uring);
    let (mut client, _) = Client::mount(server.address());
    let mut listed = || client.ask(MOUNT, 2, &[]).result().len();
    let (one, empty) = (listed(), 4);
    assert!(one > empty, "a mount is listed");
    let arguments = suite::nfs::packed(&dirpath("/"));
    let (mut client, _) = Client::mount(server.address());
    client.ask(MOUNT, 3, &arguments).result();
    assert_eq!(client.ask(MOUNT, 2, &[]).result().len(), empty, "and undone by UMNT");
    client.mount_path(b"/").expect("mounted again");
    client.ask(MOUNT, 4, &[]).result();
    assert_eq!(client.ask(MOUNT, 2, &[]).result().len(), empty, "or by UMNTALL");
}
