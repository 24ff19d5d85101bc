//! Handles: good for as long as the file exists, and not a moment longer.

use nfs3_types::nfs3::{nfs_fh3, nfsstat3};
use nfs3_types::xdr_codec::Opaque;
use suite::image::Format;
use suite::nfs::Client;
use suite::require;
use suite::server::{Backend, Server};
use suite::tree::Tree;

fn handle(bytes: &[u8]) -> nfs_fh3 {
    nfs_fh3 { data: Opaque::owned(bytes.to_vec()) }
}

/// However often the inode is used again.
#[test]
fn a_removed_file_stays_stale() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let (mut client, root) = Client::mount(server.address());
        let mut gone = Vec::new();
        for number in 0..50 {
            let name = format!("file {number}");
            let file = client.put(&root, name.as_bytes(), b"x").expect("a file");
            client.remove(&root, name.as_bytes()).expect("removed");
            gone.push(file);
        }
        let last = client.put(&root, b"last", b"contents").expect("a file");
        for file in &gone {
            assert_eq!(client.attributes(file).err(), Some(nfsstat3::NFS3ERR_STALE));
            assert_eq!(client.read(file, 0, 1).err(), Some(nfsstat3::NFS3ERR_STALE));
        }
        assert_eq!(client.read_all(&last, 100), Ok(b"contents".to_vec()));
    }
}

#[test]
fn a_removed_directory_takes_no_files() {
    let server = Server::memory("16M", Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    let folder = client.make_directory(&root, b"folder").expect("a directory");
    client.remove_directory(&root, b"folder").expect("removed");
    assert_eq!(client.create(&folder, b"file"), Err(nfsstat3::NFS3ERR_STALE));
    assert_eq!(client.lookup(&folder, b"file").err(), Some(nfsstat3::NFS3ERR_STALE));
    assert_eq!(client.read_directory(&folder, 4096).err(), Some(nfsstat3::NFS3ERR_STALE));
}

#[test]
fn handles_nobody_gave() {
    let server = Server::memory("16M", Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    let good = root.data.0.to_vec();
    for bytes in [&[], b"short".as_slice(), &good[1..], &[0; 64], &[0xff; 24]] {
        let refused = client.attributes(&handle(bytes)).expect_err("no handle");
        let is_bad = matches!(refused, nfsstat3::NFS3ERR_BADHANDLE | nfsstat3::NFS3ERR_STALE);
        assert!(is_bad, "{bytes:?}: {refused}");
    }
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(client.attributes(&handle(&bytes)).is_err(), "bit {bit} of a handle matters");
    }
    client.attributes(&root).expect("the server is well");
}

/// Nothing of the host or of this run is in a handle.
#[test]
fn handles_outlive_the_server_and_the_name_of_the_image() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    tree.add_directory("folder");
    tree.add_noise("folder/file", 5000);
    tree.lay(&folder.path().join("tree"));
    let [image, moved] = ["image", "moved"].map(|name| folder.path().join(name));
    Format::usual().make(&image, &folder.path().join("tree"));

    let server = Server::image(&image, Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    let file = client.find(&root, b"folder/file").expect("a file");
    drop(server);
    std::fs::rename(&image, &moved).expect("renamed");
    let server = Server::image(&moved, Backend::Poll);
    let mut client = Client::open(server.address());
    assert_eq!(client.read_all(&file, 1000), Ok(tree.contents(b"folder/file")));
}
