//! Images by another hand: what NFS shows and what the command line shows is compared file by
//! file with the tree the image was made from.

use std::fs;
use std::path::{Path, PathBuf};
use suite::entry::Listing;
use suite::image::Format;
use suite::nfs::{Client, Pieces};
use suite::server::{Backend, Server};
use suite::surgery::Patient;
use suite::tree::{Content, Node, Tree};
use suite::{compare, look, require};
use tempfile::TempDir;

/// A tree on disk, and room for images of it.
struct Workshop {
    folder: TempDir,
    tree: Tree,
}

impl Workshop {
    fn new(tree: Tree) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        tree.lay(&folder.path().join("tree"));
        Self { folder, tree }
    }

    fn image(&self, format: Format) -> PathBuf {
        self.image_with(format, &[])
    }

    fn image_with(&self, format: Format, more: &[&str]) -> PathBuf {
        let image = self.folder.path().join(format.to_string());
        format.make_with(&image, &self.folder.path().join("tree"), more);
        let mut patient = Patient::open(&image);
        patient.add_nanoseconds(nanoseconds);
        patient.save(&image);
        image
    }

    fn expected(&self) -> Listing {
        let mut listing = self.tree.listing();
        for entry in listing.values_mut() {
            entry.modified.1 = nanoseconds(entry.modified.0);
        }
        listing
    }

    /// Both views of an image.
    fn judge(&self, what: &str, image: &Path, backend: Backend, pieces: Pieces) {
        let expected = self.expected();
        let server = Server::image(image, backend);
        let (mut client, root) = Client::mount(server.address());
        compare::same(&format!("{what} by NFS"), &expected, &client.walk(&root, pieces));
        drop(server);
        let shown = look::listing(image, self.tree.paths());
        compare::same(&format!("{what} by vnfsd image"), &expected, &shown);
    }
}

/// What makefs leaves out of times.
fn nanoseconds(seconds: i64) -> u32 {
    [0, 1, 999_999_999, 123_456_789][seconds as usize % 4]
}

fn every_format(block_bytes: usize, fragment_bytes: usize) {
    every_format_with(block_bytes, fragment_bytes, &[]);
}

fn every_format_with(block_bytes: usize, fragment_bytes: usize, more: &[&str]) {
    if !require::tools(&["makefs"]) {
        return;
    }
    let workshop = Workshop::new(Tree::sample(block_bytes, fragment_bytes));
    let turns = [Backend::Uring, Backend::Poll].into_iter().cycle();
    let sizes = [Pieces::LARGE, Pieces::LARGE, Pieces::SMALL].into_iter().cycle();
    let formats = Format::all(block_bytes, fragment_bytes);
    for ((format, backend), pieces) in formats.zip(turns).zip(sizes) {
        let image = workshop.image_with(format, more);
        workshop.judge(&format.to_string(), &image, backend, pieces);
        fs::remove_file(image).expect("the image is ours");
    }
}

#[test]
fn blocks_of_4_kib() {
    every_format(4096, 512);
}

#[test]
fn blocks_of_4_kib_without_fragments() {
    every_format(4096, 4096);
}

#[test]
fn blocks_of_8_kib() {
    every_format(8192, 1024);
}

#[test]
fn blocks_of_16_kib() {
    every_format(16384, 2048);
}

#[test]
fn blocks_of_16_kib_in_many_groups() {
    every_format_with(16384, 2048, &["-o", "maxbpcg=20"]);
}

#[test]
fn blocks_of_32_kib_in_two_fragments() {
    every_format(32768, 16384);
}

#[test]
fn blocks_of_32_kib() {
    every_format(32768, 4096);
}

#[test]
fn blocks_of_64_kib() {
    every_format(65536, 8192);
}

#[test]
fn a_superblock_at_64_kib() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let workshop = Workshop::new(Tree::sample(65536, 8192));
    for format in Format::all(65536, 8192).filter(|format| format.version == 2) {
        let image = workshop.image(format);
        let mut patient = Patient::open(&image);
        patient.move_superblock();
        patient.save(&image);
        workshop.judge("superblock at 64 KiB", &image, Backend::Uring, Pieces::LARGE);
    }
}

/// Owners of 16 bits, directories without types: as 4.2BSD made them.
#[test]
fn inodes_of_the_old_format() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let mut tree = Tree::empty();
    for length in [0, 1, 511, 512, 5000, 40_000] {
        let owner = (length as u32 + 1, 65_535);
        let node = Node::new(Content::Noise(length)).owner(owner.0, owner.1);
        tree.add(format!("file {length}"), node.mode(0o640));
    }
    tree.add_directory("folder");
    for number in 0..300 {
        tree.add_noise(format!("folder/{number} {}", "x".repeat(number % 40)), 3);
    }
    tree.add("link", Node::new(Content::SymbolicLink(b"folder".to_vec())));
    tree.add("long", Node::new(Content::SymbolicLink(vec![b'l'; 300])));
    let workshop = Workshop::new(tree);
    for format in Format::all(8192, 1024).filter(|format| format.version == 1) {
        let image = workshop.image(format);
        let mut patient = Patient::open(&image);
        patient.age();
        patient.save(&image);
        workshop.judge("old inodes", &image, Backend::Poll, Pieces::SMALL);
    }
}

#[test]
fn a_directory_of_100_000_entries() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let mut tree = Tree::empty();
    tree.add_directory("many");
    for number in 0..100_000 {
        tree.add_noise(format!("many/entry number {number}"), 0);
    }
    let workshop = Workshop::new(tree);
    let image = workshop.folder.path().join("image");
    let tree_at = workshop.folder.path().join("tree");
    Format::usual().make_with(&image, &tree_at, &["-M", "130m"]);
    let names = ls(&image, "/many");
    let mut expected: Vec<_> =
        (0..100_000).map(|number| format!("entry number {number}")).collect();
    expected.sort_unstable();
    assert!(names == expected, "vnfsd image ls shows {} names", names.len());
    for backend in Backend::ALL {
        let server = Server::image(&image, backend);
        let (mut client, root) = Client::mount(server.address());
        let many = client.find(&root, b"many").expect("a directory");
        let mut names: Vec<_> = match backend {
            Backend::Uring => names_of(&mut client, &many),
            Backend::Poll => names_and_attributes_of(&mut client, &many),
        };
        names.sort_unstable();
        assert!(names == expected, "{} names by {backend:?}", names.len());
        for number in [0, 1, 49_999, 99_999] {
            let name = format!("entry number {number}");
            client.lookup(&many, name.as_bytes()).expect("every entry is found by name");
        }
        client.lookup(&many, b"entry number 100000").expect_err("and no other");
    }
}

fn ls(image: &Path, path: &str) -> Vec<String> {
    let shown = suite::process::text(look::command("ls", image).arg(path));
    shown.lines().map(str::to_owned).collect()
}

fn names_of(client: &mut Client, many: &nfs3_types::nfs3::nfs_fh3) -> Vec<String> {
    let names = client.read_directory(many, 32 << 10).expect("a directory").into_iter();
    names.map(|(name, _)| text(&name)).filter(|name| !name.starts_with('.')).collect()
}

fn names_and_attributes_of(client: &mut Client, many: &nfs3_types::nfs3::nfs_fh3) -> Vec<String> {
    let entries = client.read_directory_plus(many, 64 << 10).expect("a directory").into_iter();
    entries.map(|entry| text(&entry.name.0)).filter(|name| !name.starts_with('.')).collect()
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// An image left behind without a clean unmount is served all the same, read-only, and says so.
#[test]
fn an_unclean_image_is_served_read_only() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let workshop = Workshop::new(Tree::sample(8192, 1024));
    for format in Format::all(8192, 1024) {
        let image = workshop.image(format);
        let mut patient = Patient::open(&image);
        patient.mark_unclean();
        patient.save(&image);
        let server = Server::image(&image, Backend::Uring);
        assert!(server.ready().contains("read-only"), "{}", server.ready());
        let (mut client, root) = Client::mount(server.address());
        let refused = client.create(&root, b"file");
        assert_eq!(refused, Err(nfs3_types::nfs3::nfsstat3::NFS3ERR_ROFS));
        drop(server);
        workshop.judge("unclean", &image, Backend::Uring, Pieces::LARGE);
    }
}
