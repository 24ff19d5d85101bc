//! Each wall is shown to hold by an offence planted in a house of its own.

use super::crates::Crates;
use super::{Check, Finding, House, hash_order, sources, walls};
use crate::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn plant(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let place = folder.path().join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    folder
}

fn findings(check: Check, files: &[(&str, &str)]) -> Vec<Finding> {
    let folder = plant(files);
    let files = files.iter().map(|(file, _)| PathBuf::from(file)).collect();
    check(&House { root: folder.path(), crates: Crates(vec![]), files }).unwrap()
}

fn places(check: Check, files: &[(&str, &str)]) -> Vec<String> {
    let place = |it: &Finding| format!("{}:{}", it.file.display(), it.line);
    findings(check, files).iter().map(place).collect()
}

#[test]
fn unsafe_code_outside_the_hosts() {
    let offence = "//! Room.\nfn f() {\n    unsafe { g() }\n}\n";
    let files =
        [("kern/a.rs", offence), ("hosts/posix/a.rs", offence), ("bin/a.rs", "// unsafe {}\n")];
    assert_eq!(places(sources::unsafe_code, &files), ["kern/a.rs:3"]);
}

#[test]
fn unfinished_work() {
    let code = [("a.rs", "fn f() {\n    todo!()\n}\n#[ignore]\nfn g() { \"todo!()\"; }\n")];
    assert_eq!(places(sources::unfinished_code, &code), ["a.rs:2", "a.rs:4"]);
    let note = ["# Page\n", "TO", "DO: write it\n"].concat();
    assert_eq!(places(sources::notes, &[("docs/a.md", &note)]), ["docs/a.md:2"]);
}

#[test]
fn paths_of_one_machine() {
    let folder = plant(&[]);
    let above = folder.path().join("checkout");
    let root = above.join("main");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("a.md"), format!("see {}/notes or /tmp/x\n", above.display())).unwrap();
    let house = House { root: &root, crates: Crates(vec![]), files: vec!["a.md".into()] };
    assert_eq!(sources::notes(&house).unwrap().len(), 1);
}

#[test]
fn long_files_and_silent_modules() {
    let long = "\n".repeat(701);
    assert_eq!(places(sources::lengths, &[("a.rs", &long)]), ["a.rs:701"]);
    assert_eq!(places(sources::module_docs, &[("a.rs", "mod b;\n")]), ["a.rs:1"]);
}

#[test]
fn loops_in_hash_order() {
    let offence = "struct S { a: HashMap<u8, u8> }\nfn f(s: &S) { for x in &self.a {} }\n";
    let files = [("kern/a.rs", offence), ("bin/a.rs", offence)];
    assert_eq!(places(hash_order::defined, &files), ["kern/a.rs:2"]);
}

/// A kernel crate that does everything kern/clippy.toml forbids.
const HOST_LOVER: &str = "
#![no_std]
extern crate std;
pub fn f(table: &mut hashbrown::HashMap<u8, u8>) {
    let _ = table.iter().count() + table.keys().count() + table.values().count();
    table.retain(|_, _| true);
    let _ = (std::time::Instant::now(), std::time::SystemTime::now());
    let _ = std::thread::spawn(|| ());
    std::println!(\"now\");
}
";

#[test]
fn clippy_forbids_hosts_to_the_kernel() {
    let manifest = "[package]\nname = \"host-lover\"\nedition = \"2024\"\n[workspace]\n\
                    [dependencies]\nhashbrown = \"0.17\"\n";
    let house = plant(&[("kern/a/Cargo.toml", manifest), ("kern/a/src/lib.rs", HOST_LOVER)]);
    fs::copy(root().join("kern/clippy.toml"), house.path().join("kern/clippy.toml")).unwrap();
    let said = clippy(&house.path().join("kern/a"));
    for name in [
        "HashMap::iter",
        "HashMap::keys",
        "HashMap::values",
        "HashMap::retain",
        "Instant::now",
        "SystemTime::now",
        "thread::spawn",
        "std::println",
    ] {
        let line = format!("{name}`");
        assert!(said.lines().any(|it| it.contains("disallowed") && it.contains(&line)), "{said}");
    }
}

fn clippy(folder: &Path) -> String {
    // The very versions of the workspace, which are here already.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new("cargo")
        .args(["clippy", "--offline", "--target-dir", "target"])
        .current_dir(folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_kernel_with_a_standard_library_does_not_link() {
    let service =
        "#![no_std]\npub struct Service;\nimpl Service {\n    pub fn turn(&mut self) {}\n}\n";
    assert_eq!(links(service), 0);
    assert_eq!(links(&format!("{service}extern crate std;\n")), 1);
}

/// How many findings the freestanding wall has with this in place of `kern/service`.
fn links(service: &str) -> usize {
    let manifest = |room| {
        format!(
            "[package]\nname = \"vnfsd-{room}\"\nedition = \"2024\"\n\
             [lib]\nname = \"{room}\"\n"
        )
    };
    let net = "#![no_std]\npub struct Stack;\nimpl Stack {\n\
               pub fn deadline(&self) -> Option<u64> {\n    None\n}\n\
               pub fn frame(&mut self, _: &[u8], _: bool, _: u64, _: &mut dyn FnMut(())) {}\n}\n";
    let wall = root().join("xtask/freestanding");
    let house = plant(&[
        ("Cargo.lock", "version = 4\n"),
        ("kern/net/Cargo.toml", &manifest("net")),
        ("kern/net/src/lib.rs", net),
        ("kern/service/Cargo.toml", &manifest("service")),
        ("kern/service/src/lib.rs", service),
        ("xtask/freestanding/Cargo.toml", &fs::read_to_string(wall.join("Cargo.toml")).unwrap()),
        ("xtask/freestanding/src/lib.rs", &fs::read_to_string(wall.join("src/lib.rs")).unwrap()),
    ]);
    let house = House { root: house.path(), crates: Crates(vec![]), files: vec![] };
    walls::freestanding(&house).unwrap().len()
}
