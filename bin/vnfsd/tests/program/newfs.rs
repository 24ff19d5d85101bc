//! `vnfsd newfs`.

use crate::process::{complaint, text};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder, and a name in it.
fn place(name: &str) -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let shown = path.to_str().expect("a plain path").to_owned();
    (folder, path, shown)
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let arguments = ["newfs", "--json"].iter().chain(arguments).copied();
    text(arguments).parse().expect("JSON")
}

#[test]
fn what_is_asked_for_is_made() {
    let (_folder, path, image) = place("new.img");
    for format in ["ffs1", "ffs2"] {
        for order in ["little", "big"] {
            let flags = ["--size", "64M", "--block", "16K", "--frag", "2K", "--inodes", "5000"];
            let more = ["--format", format, "--endian", order, "--label", "scratch", "--force"];
            let made = json(&[&[&*image][..], &flags, &more].concat());
            assert_eq!(made["format"], if format == "ffs1" { "FFSv1" } else { "FFSv2" });
            assert_eq!(made["byte_order"], format!("{order}-endian"));
            assert_eq!(
                (&made["block_bytes"], &made["fragment_bytes"]),
                (&16384.into(), &2048.into())
            );
            let inodes = made["inodes"].as_u64().expect("a number");
            assert!((5000..10_000).contains(&inodes), "{inodes}");
            assert_eq!(fs::metadata(&path).expect("it is there").len(), 64 << 20);
            let stat = text(["image", "stat", &image]);
            assert!(stat.contains("label: scratch") && stat.contains("state: clean"), "{stat}");
        }
    }
}

#[test]
fn a_log_is_as_large_as_asked() {
    let (_folder, _, image) = place("new.img");
    let size = ["--size", "64M", "--force"];
    for (flags, log_bytes) in [
        (&[][..], 1 << 20),
        (&["--log", "2M"], 2 << 20),
        (&["--log", "none"], 0),
        (&["--log", "0"], 0),
    ] {
        let made = json(&[&[&*image][..], &size, flags].concat());
        assert_eq!(made["log_bytes"], log_bytes, "{flags:?}");
        assert!(text(["image", "stat", &image]).contains("state: clean"), "{flags:?}");
    }
    let said = complaint(1, ["newfs", &image, "--force", "--log", "63M"]);
    assert!(said.contains("log"), "{said}");
}

#[test]
fn a_terabyte_takes_a_moment_and_little_space() {
    let (_folder, path, image) = place("large.img");
    let started = Instant::now();
    let shown = text(["newfs", &image, "--size", "1T"]);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(shown.contains("of size: 1 TiB (1099511627776 bytes)"), "{shown}");
    let metadata = fs::metadata(path).expect("it is there");
    assert_eq!(metadata.len(), 1 << 40);
    assert!(metadata.blocks() * 512 < 256 << 20, "{} blocks", metadata.blocks());
}

#[test]
fn what_a_file_holds_is_kept() {
    let (_folder, path, image) = place("mine");
    fs::write(&path, "all my work").expect("written");
    let said = complaint(1, ["newfs", &image, "--size", "16M"]);
    let expected = format!("vnfsd: {image}: holds something already; --force overwrites it\n");
    assert_eq!(said, expected);
    assert_eq!(fs::read(&path).expect("still there"), b"all my work");
    text(["newfs", &image, "--size", "16M", "--force"]);
    assert_eq!(text(["image", "ls", &image]), "");
}

#[test]
fn a_file_of_zeros_is_as_good_as_none() {
    let (_folder, path, image) = place("zeros");
    fs::write(&path, vec![0; 8 << 20]).expect("written");
    assert_eq!(json(&[&image])["size_bytes"], 8 << 20);
    let inode = fs::metadata(&path).expect("it is there").ino();
    let said = complaint(1, ["newfs", &image]);
    assert!(said.contains("holds something already"), "{said}");
    assert_eq!(json(&[&image, "--force", "--size", "12M"])["size_bytes"], 12 << 20);
    assert_eq!(fs::metadata(&path).expect("it is there").ino(), inode, "the file stays the same");
}

#[test]
fn a_dry_run_makes_nothing() {
    let (folder, _, image) = place("none");
    assert_eq!(json(&[&image, "--size", "1G", "--dry-run"])["block_bytes"], 16384);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn what_cannot_be_made_leaves_nothing() {
    let (folder, _, image) = place("none");
    for (flags, hint) in [
        (&["--size", "1K"][..], "too small"),
        (&["--size", "16M", "--block", "5K"], "power of two"),
        (&["--size", "16M", "--frag", "128K"], "fragment size"),
        (&["--size", "16M", "--inodes", "100000000"], "more inodes than bytes"),
        (&["--size", "16M", "--inodes", "1000000"], "inodes do not fit"),
        (&["--size", "16M", "--label", "a name that is longer than 31 bytes"], "volume name"),
        (&["--size", "20T", "--format", "ffs1"], "choose UFS2"),
        (&[], "say --size"),
    ] {
        let said = complaint(1, ["newfs", &image].iter().chain(flags).copied());
        assert!(said.starts_with(&format!("vnfsd: {image}: ")), "{said}");
        assert!(said.contains(hint) && said.lines().count() == 1, "{flags:?}: {said}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
}
