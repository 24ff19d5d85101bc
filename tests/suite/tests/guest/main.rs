//! The Linux kernel's own client, in a guest: what people do with a file system, on ours.
//!
//! One boot for each group of scenarios; the scripts beside this file run inside.

use std::fs;
use std::path::Path;
use std::process::Command;
use suite::guest::{self, Guest, HOST};
use suite::image::Format;
use suite::process::text;
use suite::require;
use suite::server::{Backend, Server, arguments};
use suite::work::{self, FILES, LIST, WORK};

const IMAGE: &str = include_str!("image.sh");

/// A guest that takes longer than this has hung.
const SECONDS_MAX: u32 = 400;

const CROWD: usize = 5000;

fn ready(more: &[&str]) -> bool {
    require::tools(&[guest::TOOLS, more].concat()) && require::root()
}

/// A script's settings, and the script.
fn script(server: &Server, shared: &Path, settings: &[(&str, &str)], body: &str) -> String {
    let options = server.mount_options();
    let shared = shared.to_str().expect("a plain path");
    let base = [("HOST", HOST), ("OPTIONS", options), ("SHARED", shared)];
    format!("{}{}{LIST}{body}", work::settings(&base), work::settings(settings))
}

#[test]
fn an_image() {
    if !ready(&["git", "makefs"]) {
        return;
    }
    let shared = work::shared_folder(CROWD);
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
    let shared = work::shared_folder(CROWD);
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
