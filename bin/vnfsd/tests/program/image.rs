//! `vnfsd image`, where no image by another hand is needed.

use crate::process::{Server, complaint, text, vnfsd};
use rustix::process::Signal;
use std::process::Stdio;
use tempfile::TempDir;

/// A folder with an empty image in it.
fn empty_image() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("empty.img").to_str().expect("a plain path").to_owned();
    let server = Server::start([&*image, "--create", "16M", "--listen", "127.0.0.1:0"]);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    (folder, image)
}

#[test]
fn an_empty_image_has_a_root() {
    let (folder, image) = empty_image();
    assert_eq!(text(["image", "ls", &image]), "");
    assert_eq!(text(["image", "ls", "--json", &image, "/"]), "[]\n");
    assert_eq!(text(["image", "tree", &image]), "/\n\n1 directories, 0 files\n");
    let stat = text(["image", "stat", &image]);
    assert!(stat.contains("file system: FFSv2, little-endian"), "{stat}");
    let json: serde_json::Value = text(["image", "stat", "--json", &image]).parse().expect("JSON");
    assert_eq!((&json["type"], &json["inode"]), (&"directory".into(), &2.into()));
    assert_eq!(json["file_system"]["clean"], true);
    let copy = folder.path().join("copy");
    text(["image", "get", &image, "/", copy.to_str().expect("a plain path")]);
    assert!(copy.is_dir());
}

#[test]
fn errors_name_image_and_path() {
    let (_folder, image) = empty_image();
    let said = complaint(1, ["image", "cat", &image, "/no\nthing"]);
    assert_eq!(said, format!("vnfsd: {image}: /no\\nthing: no such file or directory\n"));
    let said = complaint(1, ["image", "cat", &image, "/"]);
    assert_eq!(said, format!("vnfsd: {image}: /: a directory, not a regular file\n"));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = vnfsd(["completions", "bash"]);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    // The command holds the writing end.
    drop(command);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::create("/dev/full").expect("it is there");
    let mut command = vnfsd(["completions", "bash"]);
    let output = command.stdout(full).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("vnfsd: standard output: "), "{said}");
}
