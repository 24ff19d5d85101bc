//! `vnfsd serve`.

use crate::process::{Server, complaint, text};
use rustix::process::Signal;
use std::net::TcpStream;

#[test]
fn the_ready_line_is_exact() {
    let server = Server::start(["--memory", "16M", "--listen", "127.0.0.1:0"]);
    let port = server.port();
    TcpStream::connect(("127.0.0.1", port)).expect("it answers where it says");
    let expected = format!(
        "vnfsd: serving memory (memory, 16 MiB, read-write) export / (no_root_squash,alldirs) | mount -t nfs -o \
         vers=3,proto=tcp,port={port},mountport={port},mountproto=tcp,nolock 127.0.0.1:/ /mnt | \
         nfs://127.0.0.1/?nfsport={port}&mountport={port}"
    );
    assert_eq!(server.ready, expected);
}

#[test]
fn a_created_image_is_served_read_write_to_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("new.img");
    let image = image.to_str().expect("a plain path");
    let server =
        Server::start([image, "--create", "16M", "--listen", "[::1]:0", "--backend", "poll"]);
    let what = format!("vnfsd: serving {image} (FFSv2, little-endian, 16 MiB, read-write) ");
    assert!(server.ready.starts_with(&what), "{}", server.ready);
    assert!(server.ready.contains("proto=tcp6,"), "{}", server.ready);
    assert!(server.ready.contains("nfs://[::1]/?nfsport="), "{}", server.ready);
    let said = complaint(1, ["image", "stat", image]);
    assert!(said.contains("another process has it open for writing"), "{said}");
    let said = complaint(1, ["serve", image, "--listen", "127.0.0.1:0"]);
    let hint = "in use by another process; stop that one; --read-only serves it";
    assert!(said.contains(hint), "{said}");
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    assert!(text(["image", "stat", image]).contains("state: clean"));
}

#[test]
fn read_only_is_said_and_leaves_room_for_lookers() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("new.img");
    let shown = image.to_str().expect("a plain path");
    text(["newfs", shown, "--size", "16M"]);
    let before = std::fs::read(&image).expect("it is there");
    let server = Server::start([shown, "--read-only", "--listen", "127.0.0.1:0"]);
    assert!(server.ready.contains(", read-only: as was asked for) "), "{}", server.ready);
    assert!(text(["image", "stat", shown]).contains("state: clean"));
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    assert!(std::fs::read(&image).expect("it is there") == before, "not a byte has changed");
}

#[test]
fn exports_are_shown_with_their_rules() {
    let listen = ["--listen", "127.0.0.1:0"];
    let server = Server::start(["--memory", "1M", "--export", "/:ro"].into_iter().chain(listen));
    assert!(server.ready.contains("export / (ro,root_squash) |"), "{}", server.ready);
    let server = Server::start(["--memory", "1M", "--listen", "0.0.0.0:0"]);
    assert!(server.ready.contains("export / (root_squash,alldirs) |"), "{}", server.ready);
    assert!(server.ready.contains("nolock 127.0.0.1:/ /mnt |"), "{}", server.ready);
}

#[test]
fn the_first_signal_ends_it_cleanly() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start(["--memory", "1M", "--listen", "127.0.0.1:0"]);
        let (code, said) = server.end(signal);
        assert_eq!(code, Some(0), "{said}");
        let lines: Vec<_> = said.lines().collect();
        assert!(lines.len() == 2 && lines[0].contains("stopping"), "{said}");
        assert!(lines[1].contains("memory: served 0 calls on 0 connections"), "{said}");
    }
}

#[test]
fn a_log_may_be_silent() {
    let arguments = ["--memory", "1M", "--listen", "127.0.0.1:0", "--log-level", "off"];
    let server = Server::start(arguments);
    assert_eq!(server.end(Signal::INT), (Some(0), String::new()));
}

#[test]
fn errors_are_one_line_that_says_what_and_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let missing = place("missing.img");
    let said = complaint(1, ["serve", &missing]);
    assert_eq!(said, format!("vnfsd: {missing}: no such image; --create SIZE makes one\n"));
    let small = place("small.img");
    let said = complaint(1, ["serve", &small, "--create", "1K"]);
    assert!(said.starts_with(&format!("vnfsd: {small}: cannot be made: ")), "{said}");
    let nowhere = place("nowhere/new.img");
    let said = complaint(1, ["serve", &nowhere, "--create", "1M"]);
    assert!(said.starts_with(&format!("vnfsd: {nowhere}: cannot be made: ")), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
}

#[test]
fn contradictory_exports_make_no_image() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("new.img");
    let shown = image.to_str().expect("a plain path");
    let exports = ["--export", "/a", "--export", "/a:ro"];
    let said = complaint(1, ["serve", shown, "--create", "1M"].into_iter().chain(exports));
    assert!(said.starts_with("vnfsd: export `/a`: expected each path once"), "{said}");
    assert!(!image.exists());
}
