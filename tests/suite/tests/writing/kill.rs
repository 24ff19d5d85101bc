//! A server that is killed while a client unpacks an archive, and started again: the client goes on
//! by itself, and nothing is missing.

use super::{LAYOUTS, SECONDS_MAX, expect_clean, image_folder, newfs, ready, script};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;
use suite::guest::{self, HOST};
use suite::process::run;
use suite::server::{Backend, Server};
use suite::tree::Tree;

const KILL: &str = include_str!("kill.sh");

/// How often the server dies.
const DEATHS: usize = 4;

#[test]
fn a_client_outlives_the_death_of_its_server() {
    if !ready(&[]) {
        return;
    }
    let shared = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    for number in 0..1500 {
        if number % 50 == 0 {
            tree.add_directory(format!("{}", number / 50));
        }
        tree.add_noise(format!("{}/{number}", number / 50), number * 37 % 40_000);
    }
    tree.lay(&shared.path().join("tree"));
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(shared.path().join("tree")).args(["-cf"]);
    run(tar.arg(shared.path().join("archive.tar")).arg("."));
    let folder = image_folder();
    let image = newfs(folder.path(), LAYOUTS[2], &[]);
    let mut server = Server::image(&image, Backend::Uring);
    let port = server.port();
    let settings = [
        ("HOST", HOST),
        ("OPTIONS", server.mount_options()),
        ("SHARED", shared.path().to_str().expect("a plain path")),
    ];
    let script = script(&settings, KILL);
    let folder = shared.path().to_owned();
    let guest = thread::spawn(move || guest::run(&script, &folder, SECONDS_MAX));
    for _ in 0..DEATHS {
        if !await_progress(shared.path(), || guest.is_finished()) {
            break;
        }
        server.kill();
        server = Server::start_on(port, [&image], Backend::Uring);
    }
    guest.join().expect("the guest's work is done");
    drop(server);
    expect_clean(&image);
}

/// Waits until the guest has come further; `false` if it is done.
fn await_progress(shared: &Path, is_done: impl Fn() -> bool) -> bool {
    let now = || fs::read_to_string(shared.join("progress")).unwrap_or_default();
    let before = now();
    while now() == before && !is_done() {
        thread::sleep(Duration::from_millis(5));
    }
    !is_done()
}
