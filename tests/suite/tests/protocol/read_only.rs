//! A file system that cannot be changed says so, whatever is asked.

use crate::calls;
use nfs3_types::nfs3::{
    ACCESS3args, ACCESS3res, FSF3_HOMOGENEOUS, FSF3_LINK, FSF3_SYMLINK, FSINFO3args, FSINFO3res,
    NFS_PROGRAM, nfs_fh3, nfsstat3,
};
use suite::image::Format;
use suite::nfs::{Client, NFS, Pieces, status};
use suite::rpc::Answer;
use suite::server::{Backend, Server, arguments};
use suite::tree::Tree;
use suite::{compare, require};
use tempfile::TempDir;

fn served(backend: Backend) -> (TempDir, Server, Tree) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (image, tree_at) = (folder.path().join("image"), folder.path().join("tree"));
    let mut tree = Tree::empty();
    tree.add_noise("file", 10_000);
    tree.add_noise("renamed", 10);
    tree.add_directory("folder");
    tree.lay(&tree_at);
    Format::usual().make(&image, &tree_at);
    let server = Server::start(arguments(&image, ["--read-only"]), backend);
    (folder, server, tree)
}

#[test]
fn changes_are_refused() {
    if !require::tools(&["makefs"]) {
        return;
    }
    for backend in Backend::ALL {
        let (_folder, server, tree) = served(backend);
        let (mut client, root) = Client::mount(server.address());
        let file = client.find(&root, b"file").expect("a file");
        for (procedure, arguments) in calls::changing(&root, &file) {
            if procedure == NFS_PROGRAM::NFSPROC3_COMMIT {
                continue;
            }
            let answer = client.ask(NFS, procedure as u32, &arguments);
            assert_eq!(refusal(&answer), nfsstat3::NFS3ERR_ROFS as u32, "{procedure}");
        }
        compare::same("afterwards", &tree.listing(), &client.walk(&root, Pieces::LARGE));
    }
}

fn refusal(answer: &Answer) -> u32 {
    let Answer::Success(result) = answer else { panic!("{answer:?}") };
    u32::from_be_bytes(result[..4].try_into().expect("a status"))
}

#[test]
fn access_grants_no_change() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let (_folder, server, _) = served(Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    let file = client.find(&root, b"file").expect("a file");
    assert_eq!(access(&mut client, &file), 0x01, "reading a file that nobody executes");
    assert_eq!(access(&mut client, &root), 0x03, "reading and looking up in a directory");
}

fn access(client: &mut Client, object: &nfs_fh3) -> u32 {
    let arguments = ACCESS3args { object: object.clone(), access: 0x3f };
    let result: ACCESS3res = client.call(NFS_PROGRAM::NFSPROC3_ACCESS, &arguments);
    status(result).expect("an answer").access
}

#[test]
fn limits_are_those_of_the_file_system() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let (_folder, server, _) = served(Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    let arguments = FSINFO3args { fsroot: root };
    let result: FSINFO3res = client.call(NFS_PROGRAM::NFSPROC3_FSINFO, &arguments);
    let info = status(result).expect("an answer");
    assert!(info.rtmax >= 1 << 20, "reads of 1 MiB, not {}", info.rtmax);
    assert!(info.rtpref > 0 && info.rtpref <= info.rtmax && info.dtpref > 0);
    assert_eq!(info.time_delta.nseconds, 1, "UFS2 keeps nanoseconds");
    let links_and_uniform = FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS;
    assert_eq!(info.properties & links_and_uniform, links_and_uniform);
    assert!(info.maxfilesize > 4 << 30);
}
