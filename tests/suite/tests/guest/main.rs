//! The Linux kernel's own client, in a guest: what people do with a file system, on ours.
//!
//! One boot for each group of scenarios; the scripts beside this file run inside.

use std::fs;
use std::path::Path;
use std::process::Command;
use suite::guest::{self, Guest, HOST};
use suite::image::Format;
use suite::process::{run, text};
use suite::require;
use suite::server::{Backend, Server, arguments};
use suite::tree::{Content, Node, Tree};
use tempfile::TempDir;

const LIST: &str = include_str!("list.sh");
const IMAGE: &str = include_str!("image.sh");
const WORK: &str = include_str!("work.sh");
const FILES: &str = include_str!("files.sh");

/// A guest that takes longer than this has hung.
const SECONDS_MAX: u32 = 400;

const CROWD: usize = 5000;

fn ready(more: &[&str]) -> bool {
    require::tools(&[guest::TOOLS, more].concat()) && require::root()
}

/// A folder shared with the guest, with a tree in it that has a repository and a program.
fn shared_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::sample(16384, 2048);
    tree.add_noise("large", 8 << 20);
    tree.add_directory("crowd");
    for number in 0..CROWD {
        tree.add_noise(format!("crowd/{number}"), 0);
    }
    add_sources(&mut tree);
    let root = folder.path().join("tree");
    tree.lay(&root);
    add_repository(&root.join("repository"));
    folder
}

fn add_sources(tree: &mut Tree) {
    tree.add_directory("sources");
    let makefile = "program: main.o say.o\n\t$(CC) -o $@ $^\nclean:\n\trm -f program *.o\n";
    let files = [
        ("Makefile", makefile),
        ("main.c", "void say(void);\nint main(void) { say(); return 0; }\n"),
        ("say.c", "#include <stdio.h>\nvoid say(void) { puts(\"compiled over NFS\"); }\n"),
    ];
    for (name, text) in files {
        let node = Node::new(Content::Bytes(text.into()));
        tree.add(format!("sources/{name}"), node);
    }
}

fn add_repository(path: &Path) {
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=suite", "-c", "user.email=suite@localhost"];
        run(Command::new("git").arg("-C").arg(path).args(identity).args(arguments));
    };
    fs::create_dir(path).expect("a folder");
    git(&["init", "-q"]);
    for number in 0..12 {
        let text = format!("line {number}\n").repeat(number * 30 + 1);
        fs::write(path.join(format!("file {}", number % 5)), text).expect("written");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", &format!("commit {number}")]);
    }
    git(&["gc", "-q"]);
    let whole_seconds = ["-exec", "touch", "-h", "-d", "@1254355200", "{}", "+"];
    let root = path.parent().expect("the tree");
    run(Command::new("find").arg(path).args(whole_seconds));
    run(Command::new("touch").args(["-d", "@1254355200"]).arg(root));
}

/// A script's settings, and the script.
fn script(server: &Server, shared: &Path, settings: &[(&str, &str)], body: &str) -> String {
    let options = server.mount_options();
    let shared = shared.to_str().expect("a plain path");
    let base = [("HOST", HOST), ("OPTIONS", options), ("SHARED", shared)];
    let all = base.iter().chain(settings);
    let settings: String = all.map(|(name, value)| format!("{name}='{value}'\n")).collect();
    format!("{settings}{LIST}{body}")
}

#[test]
fn an_image() {
    if !ready(&["git", "makefs"]) {
        return;
    }
    let shared = shared_folder();
    let (tree, image) = (shared.path().join("tree"), shared.path().join("image"));
    Format::usual().make(&image, &tree);
    let expected =
        text(Command::new("bash").arg("-ec").arg(format!("{LIST}list '{}'", tree.display())));
    let tar =
        format!("tar --sort=name --numeric-owner -C '{}' -cf - . | sha256sum", tree.display());
    let sum = text(Command::new("bash").arg("-ec").arg(tar));

    let servers =
        Backend::ALL.map(|backend| Server::start(arguments(&image, ["--read-only"]), backend));
    let rounds =
        [(&servers[0], "rdirplus,rsize=1048576"), (&servers[1], "nordirplus,rsize=4096,noac")];
    let mut all = String::new();
    for (round, (server, more)) in rounds.iter().enumerate() {
        let (round, crowd) = (round.to_string(), (CROWD + 2).to_string());
        let settings = [("MORE", *more), ("ROUND", &round), ("CROWD", &crowd)];
        all += &script(server, shared.path(), &settings, IMAGE);
    }
    Guest::new(shared.path(), SECONDS_MAX).run(&all);
    for (round, (_, more)) in rounds.iter().enumerate() {
        let found = |what: &str| {
            let path = shared.path().join(format!("found-{round}.{what}"));
            String::from_utf8_lossy(&fs::read(path).expect("the guest left it")).into_owned()
        };
        same_lines(&expected, &found("list"), more);
        assert_eq!(found("sum"), sum, "what tar saw, {more}");
    }
}

fn same_lines(expected: &str, found: &str, what: &str) {
    let differing = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    if let Some((expected, found)) = differing {
        panic!("{what}\nexpected {expected}\nfound    {found}");
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "{what}");
}

fn memory(backend: Backend, size: &str, settings: &[(&str, &str)], body: &str) {
    let shared = shared_folder();
    fs::copy(env!("CARGO_BIN_EXE_random-io"), shared.path().join("random-io")).expect("copied");
    let server = Server::memory(size, backend);
    let script = script(&server, shared.path(), settings, body);
    Guest::new(shared.path(), SECONDS_MAX).run(&script);
}

#[test]
fn work_with_large_transfers() {
    if ready(&["git", "make", "sqlite3"]) {
        memory(Backend::Uring, "512M", &[("MORE", "rsize=1048576,wsize=1048576")], WORK);
    }
}

#[test]
fn work_with_small_transfers() {
    if ready(&["git", "make", "sqlite3"]) {
        memory(Backend::Poll, "512M", &[("MORE", "rsize=4096,wsize=4096,nordirplus")], WORK);
    }
}

#[test]
fn files_without_a_cache() {
    if ready(&[]) {
        let settings = [("MORE", "noac,wsize=8192"), ("SEED", "1"), ("OPERATIONS", "400")];
        memory(Backend::Uring, "256M", &settings, FILES);
    }
}

#[test]
fn files_with_large_transfers() {
    if ready(&[]) {
        let settings = [("MORE", "wsize=1048576"), ("SEED", "2"), ("OPERATIONS", "1500")];
        memory(Backend::Poll, "256M", &settings, FILES);
    }
}
