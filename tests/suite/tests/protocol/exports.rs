//! Exports: what may be mounted, and as whom (MOUNT, RFC 1813 §5).

use nfs3_types::mount::mountstat3;
use nfs3_types::nfs3::{nfs_fh3, nfsstat3};
use std::net::SocketAddr;
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

/// A service at a port of every address of this machine, and one of IPv6's loopback.
fn everywhere(image: &std::path::Path, exports: &[&'static str]) -> (Server, SocketAddr) {
    let mut command = suite::process::command(suite::program::vnfsd());
    command.arg("serve").arg(image).args(["--listen", "0.0.0.0:0", "--listen", "[::1]:0"]);
    command.args(exports.iter().flat_map(|export| ["--export", export]));
    let server = Server::launch(&mut command).expect("it starts");
    let also = server.ready().split(" also at ").nth(1).expect("its other address");
    let six = also.split(' ').next().expect("a word").parse().expect("an address");
    (server, six)
}

fn from(source: &str, address: SocketAddr) -> Client {
    Client::open_from(SocketAddr::new(source.parse().expect("an address"), 0), address)
}

#[test]
fn each_client_has_rules_of_its_own() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    tree.add_directory("a");
    tree.add_directory("a/b");
    tree.lay(&folder.path().join("tree"));
    let image = folder.path().join("image");
    Format::usual().make(&image, &folder.path().join("tree"));
    let exports = [
        "/a:ro",
        "/a:client=127.0.0.0/30,no_root_squash",
        "/a:client=127.0.0.2,ro,no_root_squash,alldirs",
        "/a/b:client=::1,no_root_squash",
    ];
    let (server, six) = everywhere(&image, &exports);
    let four = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let denied = Err(mountstat3::MNT3ERR_ACCES as u32);

    let mut friend = from("127.0.0.1", four);
    let a = friend.mount_path(b"/a").expect("for everybody");
    friend.create(&a, b"file").expect("the longest prefix lets it write");
    assert_eq!(friend.mount_path(b"/a/b"), denied, "no alldirs");

    let mut reader = from("127.0.0.2", four);
    assert_eq!(reader.create(&a, b"other"), Err(nfsstat3::NFS3ERR_ROFS));
    let b = reader.mount_path(b"/a/b").expect("below /a");
    assert_eq!(reader.lookup(&b, b"..").expect("still in /a").object, a);

    let mut stranger = from("127.0.0.9", four);
    assert_eq!(stranger.create(&a, b"other"), Err(nfsstat3::NFS3ERR_ROFS));

    let mut other = from("::1", six);
    let fenced = other.mount_path(b"/a/b").expect("its own");
    other.create(&fenced, b"file").expect("for it alone");
    assert_eq!(other.lookup(&fenced, b"..").expect("no further up").object, fenced);
    assert_eq!(friend.attributes(&fenced).err(), Some(nfsstat3::NFS3ERR_ACCES));
}

#[test]
fn exports_are_listed_with_whom_they_are_for() {
    let tools = ["ip", "showmount"];
    if !require::tools(&tools) || !require::root() {
        return;
    }
    let namespace = suite::namespace::Namespace::new();
    let mut command = namespace.command(suite::program::vnfsd());
    command.args(["serve", "--memory", "1M", "--listen", "127.0.0.1:111"]);
    command.args(["--export", "/:client=10.0.0.0/8,client=2001:db8::/32,client=192.0.2.7"]);
    let server = Server::launch(&mut command).expect("it starts");
    let showmount = require::find("showmount").expect("asked for");
    let shown = suite::process::text(namespace.command(showmount).args(["-e", "127.0.0.1"]));
    assert_eq!(shown.lines().nth(1), Some("/ 10.0.0.0/8,2001:db8::/32,192.0.2.7"), "{shown}");
    drop(server);
}
