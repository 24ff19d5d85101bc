//! Images written by the Linux kernel's client through vnfsd, and then judged by strangers: our
//! own fsck, which shares no code with the driver; Linux's ufs driver; The Sleuth Kit; and the
//! crate rufs. All must see what the client saw.

mod judges;
mod kill;
mod quota;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use suite::guest::{self, Guest, HOST};
use suite::image::{expect_clean, image_folder};
use suite::process::{self, run};
use suite::program::vnfsd;
use suite::require;
use suite::server::{Backend, Server};
use suite::tree::{Content, Node, Tree};
use suite::work;
use tempfile::TempDir;

const KEEP: &str = include_str!("keep.sh");
const READ: &str = include_str!("read.sh");
const STRESS: &str = include_str!("stress.sh");

/// Of files: around fragments, blocks, and the first indirect block.
const LENGTHS: [usize; 14] =
    [0, 1, 511, 512, 2047, 2048, 2049, 16_383, 16_384, 16_385, 100_000, 196_608, 196_609, 400_000];

/// A guest that takes longer than this has hung.
const SECONDS_MAX: u32 = 500;

/// A layout that newfs makes.
#[derive(Clone, Copy, Debug)]
struct Layout {
    format: &'static str,
    endian: &'static str,
}

const LAYOUTS: [Layout; 4] = [
    Layout { format: "ffs1", endian: "little" },
    Layout { format: "ffs1", endian: "big" },
    Layout { format: "ffs2", endian: "little" },
    Layout { format: "ffs2", endian: "big" },
];

impl Layout {
    fn name(self) -> String {
        format!("{}-{}", self.format, self.endian)
    }

    /// What Linux calls it.
    fn linux_type(self) -> &'static str {
        if self.format == "ffs1" { "44bsd" } else { "ufs2" }
    }
}

fn ready(more: &[&str]) -> bool {
    require::tools(&[guest::TOOLS, more].concat()) && require::root()
}

/// Makes an image with newfs.
fn newfs(folder: &Path, layout: Layout, more: &[&str]) -> PathBuf {
    let image = folder.join(format!("{}.img", layout.name()));
    let mut command = process::command(vnfsd());
    command.arg("newfs").arg(&image).args(["--size", "192M"]);
    command.args(["--format", layout.format, "--endian", layout.endian]).args(more);
    run(&mut command);
    image
}

/// A folder shared with the guest, with a tree to copy and the program for random accesses.
fn shared_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    for length in LENGTHS {
        tree.add_noise(format!("{length}"), length);
    }
    for length in [1, 59, 60, 61, 119, 120, 121, 511, 1000] {
        let target = "abcdefghi/".bytes().cycle().take(length).collect();
        tree.add(format!("link {length}"), Node::new(Content::SymbolicLink(target)));
    }
    tree.add_noise("large", 5 << 20);
    tree.lay(&folder.path().join("tree"));
    fs::copy(env!("CARGO_BIN_EXE_random-io"), folder.path().join("random-io")).expect("copied");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=suite", "-c", "user.email=suite@localhost"];
        run(Command::new("git").arg("-C").arg(folder.path()).args(identity).args(arguments));
    };
    git(&["init", "-q", "repository"]);
    for number in 0..12 {
        let text = format!("line {number}\n").repeat(number * 30 + 1);
        fs::write(folder.path().join(format!("repository/file {}", number % 5)), text)
            .expect("written");
        git(&["-C", "repository", "add", "."]);
        git(&["-C", "repository", "commit", "-q", "-m", &format!("commit {number}")]);
    }
    folder
}

/// A script's settings, and the script in a shell of its own.
fn script(settings: &[(&str, &str)], body: &str) -> String {
    format!("{}{body}\n", work::settings(settings))
}

/// What the guest left in the shared folder.
fn left(shared: &Path, name: &str) -> String {
    let path = shared.join(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn same_lines(what: &str, expected: &str, found: &str) {
    let differing = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    if let Some((expected, found)) = differing {
        panic!("{what}\nexpected {expected}\nfound    {found}");
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "{what}");
}

/// Real work on an image of each layout; what is left is read by everybody.
#[test]
fn every_reader_sees_what_the_client_wrote() {
    if !ready(&["git", "make", "gcc", "sqlite3", "fls", "icat", "fsstat"]) {
        return;
    }
    let shared = shared_folder();
    let folder = image_folder();
    // rufs reads no superblock that is longer than a fragment.
    let sizes = ["--block", "16384", "--frag", "2048"];
    let images = LAYOUTS.map(|layout| newfs(folder.path(), layout, &sizes));
    let backends = [Backend::Uring, Backend::Poll, Backend::Uring, Backend::Poll];
    let servers: Vec<_> =
        images.iter().zip(backends).map(|(image, backend)| Server::image(image, backend)).collect();
    let mut work = String::new();
    for (number, (layout, server)) in LAYOUTS.iter().zip(&servers).enumerate() {
        let shared = shared.path().to_str().expect("a plain path");
        let more = ["wsize=1048576", "wsize=8192", "wsize=32768,noac", "wsize=4096"][number];
        let (name, seed) = (layout.name(), number.to_string());
        let settings = [
            ("HOST", HOST),
            ("OPTIONS", server.mount_options()),
            ("MORE", more),
            ("SHARED", shared),
            ("NAME", &name),
            ("SEED", &seed),
        ];
        work += &script(&settings, KEEP);
    }
    Guest::new(shared.path(), SECONDS_MAX).run(&work);
    drop(servers);
    let mut read = String::from("modprobe ufs\n");
    for (number, layout) in LAYOUTS.iter().enumerate() {
        expect_clean(&images[number]);
        let (name, disk) = (layout.name(), format!("/dev/disk{number}"));
        let shared = shared.path().to_str().expect("a plain path");
        let settings = [
            ("DISK", disk.as_str()),
            ("TYPE", layout.linux_type()),
            ("NAME", &name),
            ("SHARED", shared),
        ];
        read += &script(&settings, READ);
    }
    let guest = Guest::new(shared.path(), SECONDS_MAX);
    images.iter().fold(guest, |guest, image| guest.disk(image)).run(&read);
    for (layout, image) in LAYOUTS.iter().zip(&images) {
        let name = layout.name();
        for what in ["list", "sums"] {
            let written = left(shared.path(), &format!("{name}.written.{what}"));
            let read = left(shared.path(), &format!("{name}.read.{what}"));
            same_lines(&format!("{name}: {what} by Linux's ufs"), &written, &read);
        }
        let sums = left(shared.path(), &format!("{name}.written.sums"));
        judges::agree(image, *layout, &judges::sums(&sums));
    }
}

/// Many processes at once on a small image, until it is full and after.
#[test]
fn stress_leaves_a_sound_image() {
    if !ready(&["dbench", "stress-ng"]) {
        return;
    }
    let shared = tempfile::tempdir().expect("a temporary folder");
    let folder = image_folder();
    let image = newfs(folder.path(), LAYOUTS[2], &[]);
    let server = Server::image(&image, Backend::Uring);
    let settings = [("HOST", HOST), ("OPTIONS", server.mount_options()), ("MORE", "wsize=65536")];
    Guest::new(shared.path(), SECONDS_MAX).run(&script(&settings, STRESS));
    drop(server);
    expect_clean(&image);
}
