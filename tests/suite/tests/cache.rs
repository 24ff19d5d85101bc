//! A cache far smaller than what is read through it.

use nfs3_types::nfs3::{NFS_PROGRAM, READ3args, nfs_fh3};
use std::thread;
use suite::compare;
use suite::image::Format;
use suite::nfs::{Client, NFS, Pieces, packed};
use suite::require;
use suite::server::{Backend, Server, arguments};
use suite::tree::Tree;
use tempfile::TempDir;

const MIB: usize = 1 << 20;

fn served(tree: &Tree, backend: Backend, cache: [&'static str; 2]) -> (TempDir, Server) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    tree.lay(&folder.path().join("tree"));
    let image = folder.path().join("image");
    Format::usual().make(&image, &folder.path().join("tree"));
    let server = Server::start(arguments(&image, cache), backend);
    (folder, server)
}

/// Memory stays near what `--cache` says, whatever is read.
#[test]
fn a_large_file_through_a_small_cache() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let mut tree = Tree::empty();
    tree.add_noise("large", 96 * MIB);
    let contents = tree.contents(b"large");
    for backend in Backend::ALL {
        let (_folder, server) = served(&tree, backend, ["--cache", "8M"]);
        let (mut client, root) = Client::mount(server.address());
        let before = server.resident_kib();
        let file = client.find(&root, b"large").expect("a file");
        for piece_bytes in [MIB, 60_000] {
            let read = client.read_all(&file, piece_bytes as u32).expect("data");
            assert!(read == contents, "pieces of {piece_bytes}");
        }
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < 40 << 10, "{grown} KiB for a cache of 8 MiB");
    }
}

/// Several clients read everything at the same time, and each sees all of it.
#[test]
fn many_readers_of_a_tree() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let tree = Tree::sample(16384, 2048);
    let expected = tree.listing();
    for (backend, cache) in [(Backend::Uring, "1M"), (Backend::Poll, "64M")] {
        let (_folder, server) = served(&tree, backend, ["--cache", cache]);
        thread::scope(|scope| {
            for pieces in [Pieces::LARGE, Pieces::SMALL, Pieces::LARGE, Pieces::SMALL] {
                let (expected, address) = (&expected, server.address());
                scope.spawn(move || {
                    let (mut client, root) = Client::mount(address);
                    compare::same("one of many", expected, &client.walk(&root, pieces));
                });
            }
        });
    }
}

/// Clients that ask for different parts of a large file and do not listen to the answers: what
/// waits for them is memory too, and has a limit; whoever wants little is served meanwhile.
#[test]
fn many_clients_that_do_not_read() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let mut tree = Tree::empty();
    tree.add_noise("large", 256 * MIB);
    let (_folder, server) = served(&tree, Backend::Uring, ["--cache", "8M"]);
    let (mut client, root) = Client::mount(server.address());
    let file = client.find(&root, b"large").expect("a file");
    let before = server.resident_kib();
    let deaf: Vec<Client> = (0..64).map(|number| ask_and_ignore(&server, &file, number)).collect();
    for number in 0..256 {
        client.read(&file, number * MIB as u64, 4096).expect("others are served meanwhile");
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 96 << 10, "{grown} KiB for {} clients", deaf.len());
}

fn ask_and_ignore(server: &Server, file: &nfs_fh3, number: u64) -> Client {
    let mut client = Client::open(server.address());
    for piece in 0..16 {
        let offset = (number * 4 + piece) * MIB as u64;
        let arguments = packed(&READ3args { file: file.clone(), offset, count: MIB as u32 });
        let message = client.message(NFS, NFS_PROGRAM::NFSPROC3_READ as u32, &arguments);
        client.connection().send(&message);
    }
    client
}
