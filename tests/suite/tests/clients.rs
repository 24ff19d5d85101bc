//! Clients by other hands: libnfs, showmount and rpcinfo.

use std::path::PathBuf;
use std::process::Command;
use suite::image::Format;
use suite::namespace::Namespace;
use suite::nfs::Client;
use suite::process::{run, text};
use suite::program::vnfsd;
use suite::require::{self, find};
use suite::server::{Backend, Server};
use suite::tree::{Content, Node, Tree};
use tempfile::TempDir;

fn tool(name: &str) -> Command {
    Command::new(find(name).expect("the scenario asked for it"))
}

struct Served {
    folder: TempDir,
    tree: Tree,
    server: Server,
}

fn image(backend: Backend) -> Served {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    tree.add_directory("folder");
    tree.add_directory("folder/deep");
    for (path, length) in [("one", 1), ("folder/two", 20_000), ("folder/deep/large", 3_000_000)] {
        tree.add_noise(path, length);
    }
    tree.add("folder/link", Node::new(Content::SymbolicLink(b"../one".to_vec())));
    tree.lay(&folder.path().join("tree"));
    let path: PathBuf = folder.path().join("image");
    Format::usual().make(&path, &folder.path().join("tree"));
    Served { server: Server::image(&path, backend), folder, tree }
}

#[test]
fn libnfs_lists_and_reads() {
    if !require::tools(&["makefs", "nfs-ls", "nfs-cat"]) {
        return;
    }
    for backend in Backend::ALL {
        let Served { tree, server, folder: _folder } = image(backend);
        let listed = text(tool("nfs-ls").args(["-R", &server.url("/")]));
        for (name, size) in [("one", 1), ("two", 20_000), ("large", 3_000_000)] {
            let is_it = |line: &str| line.ends_with(name) && line.contains(&size.to_string());
            assert!(listed.lines().any(is_it), "{name} in\n{listed}");
        }
        for path in ["/one", "folder/two", "folder/deep/large"] {
            let shown = run(tool("nfs-cat").arg(server.url(&format!("/{path}"))));
            assert!(
                shown.stdout == tree.contents(path.trim_start_matches('/').as_bytes()),
                "{path}"
            );
        }
    }
}

#[test]
fn libnfs_copies_both_ways() {
    if !require::tools(&["nfs-cp"]) {
        return;
    }
    for backend in Backend::ALL {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::memory("64M", backend);
        let [original, copy] = ["original", "copy"].map(|name| folder.path().join(name));
        let mut contents = vec![0; 10_000_001];
        fastrand::Rng::with_seed(1).fill(&mut contents);
        std::fs::write(&original, &contents).expect("written");
        run(tool("nfs-cp").arg(&original).arg(server.url("//file")));
        run(tool("nfs-cp").arg(server.url("//file")).arg(&copy));
        assert!(std::fs::read(&copy).expect("the copy") == contents);
        let (mut client, root) = Client::mount(server.address());
        let file = client.find(&root, b"file").expect("a file");
        assert!(client.read_all(&file, 1 << 20).expect("data") == contents);
    }
}

/// By universal address: the port in two bytes. (`rpcinfo -n` would ask rpcbind all the same.)
#[test]
fn rpcinfo_asks_by_port() {
    if !require::tools(&["rpcinfo"]) {
        return;
    }
    let server = Server::memory("16M", Backend::Uring);
    let address = format!("127.0.0.1.{}.{}", server.port() >> 8, server.port() & 0xff);
    for transport in ["tcp", "udp"] {
        for (program, version) in [("portmapper", "2"), ("nfs", "3"), ("mountd", "3")] {
            let mut rpcinfo = tool("rpcinfo");
            rpcinfo.args(["-a", &address, "-T", transport, program, version]);
            assert!(text(&mut rpcinfo).contains("ready and waiting"), "{program} {transport}");
        }
    }
}

/// On port 111 it is found by those who ask the port mapper.
#[test]
fn showmount_and_rpcinfo_by_name() {
    if !require::tools(&["ip", "makefs", "rpcinfo", "showmount"]) || !require::root() {
        return;
    }
    let namespace = Namespace::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    tree.add_directory("folder");
    tree.lay(&folder.path().join("tree"));
    let image = folder.path().join("image");
    Format::usual().make(&image, &folder.path().join("tree"));
    let mut command = namespace.command(vnfsd());
    command.arg("serve").arg(&image).args(["--listen", "127.0.0.1:111"]);
    command.args(["--export", "/", "--export", "/folder"]);
    let server = Server::launch(&mut command).expect("it starts");

    let exports =
        text(namespace.command(find("showmount").expect("asked for")).args(["-e", "127.0.0.1"]));
    let paths: Vec<_> = exports.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(paths, ["/", "/folder"], "{exports}");
    let programs =
        text(namespace.command(find("rpcinfo").expect("asked for")).args(["-p", "127.0.0.1"]));
    for row in ["100000    2   tcp    111", "100003    3   tcp    111", "100005    3   udp    111"]
    {
        assert!(programs.contains(row), "{row} in\n{programs}");
    }
    drop(server);
}
