//! Images damaged at random: whatever is in them, the server answers, at worst with errors, and
//! lives. `VNFSD_HOSTILE_SEEDS` asks for more than the usual few hundred; a seed that fails is
//! named, and `VNFSD_HOSTILE_FIRST` begins with it.

use fastrand::Rng;
use nfs3_types::nfs3::{fattr3, ftype3, nfs_fh3};
use std::path::Path;
use suite::image::Format;
use suite::nfs::{Client, Pieces};
use suite::process::describe;
use suite::server::{Backend, Server};
use suite::surgery::{Ailment, Patient};
use suite::tree::{Content, Node, Tree};
use suite::{look, require};

/// How far a walk goes: damage can make directories endless.
const FILES_MAX: usize = 150;
const NAMES_MAX: usize = 400;

fn number(variable: &str, otherwise: u64) -> u64 {
    let value = std::env::var(variable).ok().map(|value| value.parse());
    value.map_or(otherwise, |value| value.expect("a number"))
}

/// Small, with every kind of metadata: indirect blocks, several groups, long links.
fn tree() -> Tree {
    let mut tree = Tree::empty();
    for length in [0, 700, 5000, 49_000, 70_000, 2_200_000] {
        tree.add_noise(format!("file {length}"), length);
    }
    for folder in ["a", "a/b", "a/b/c", "d"] {
        tree.add_directory(folder);
        for number in 0..40 {
            tree.add_noise(format!("{folder}/entry {number}"), number);
        }
    }
    tree.add("short", Node::new(Content::SymbolicLink(b"a/b".to_vec())));
    tree.add("long", Node::new(Content::SymbolicLink(vec![b'l'; 400])));
    tree
}

fn damaged(ailment: Ailment) {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    tree().lay(&folder.path().join("tree"));
    let image = folder.path().join("image");
    let healthy: Vec<_> = Format::all(4096, 512)
        .map(|format| {
            format.make(&image, &folder.path().join("tree"));
            Patient::open(&image)
        })
        .collect();
    let first = number("VNFSD_HOSTILE_FIRST", 0);
    for seed in first..first + number("VNFSD_HOSTILE_SEEDS", 48) {
        let mut patient = healthy[seed as usize % healthy.len()].clone();
        patient.damage(ailment, &mut Rng::with_seed(seed));
        patient.save(&image);
        eprintln!("{ailment:?}, seed {seed}");
        let backend = Backend::ALL[seed as usize / 4 % 2];
        serve(&image, backend);
        if seed % 4 == 0 {
            look_into(&image);
        }
    }
}

/// Served and walked, or refused with a reason.
fn serve(image: &Path, backend: Backend) {
    match Server::try_start([image], backend) {
        Ok(server) => {
            let mut client = Client::open(server.address());
            if let Ok(root) = client.mount_path(b"/") {
                wander(&mut client, &root);
            }
            assert!(server.resident_kib() < 400 << 10, "{} KiB", server.resident_kib());
        }
        Err(refusal) => {
            assert_eq!(refusal.code, Some(1), "{refusal:?}");
            assert!(refusal.errors.contains("image"), "a reason, and where: {refusal:?}");
        }
    }
}

/// As far as it goes, taking every error for an answer.
fn wander(client: &mut Client, root: &nfs_fh3) {
    let (mut ahead, mut met) = (vec![root.clone()], 0);
    while let Some(file) = ahead.pop() {
        met += 1;
        if met > FILES_MAX {
            return;
        }
        let Ok(attributes) = client.attributes(&file) else { continue };
        match attributes.type_ {
            ftype3::NF3DIR => ahead.extend(inside(client, &file)),
            ftype3::NF3REG => sample(client, &file, &attributes),
            _ => drop(client.entry(&file, &attributes, Pieces::LARGE)),
        }
    }
}

/// The handles of a directory's first names, by both ways of reading it.
fn inside(client: &mut Client, directory: &nfs_fh3) -> Vec<nfs_fh3> {
    let (mut handles, mut from, mut names) = (Vec::new(), Default::default(), 0);
    while let Ok(page) = client.read_directory_page(directory, from, 2000) {
        for (name, _, cookie) in &page.names {
            from = (*cookie, page.verifier);
            if !matches!(name.as_slice(), b"." | b"..") {
                handles.extend(client.lookup(directory, name).ok().map(|found| found.object));
            }
        }
        names += page.names.len();
        if page.end || page.names.is_empty() || names > NAMES_MAX {
            break;
        }
    }
    handles
}

/// The beginning, the end and a few places between.
fn sample(client: &mut Client, file: &nfs_fh3, attributes: &fattr3) {
    let size = attributes.size;
    for offset in [0, 48 << 10, 2 << 20, size / 2, size.saturating_sub(100), 1 << 40] {
        let _ = client.read(file, offset, 100_000);
    }
}

/// The command line meets the same damage.
fn look_into(image: &Path) {
    for what in ["tree", "stat"] {
        let output = look::command(what, image).output().expect("vnfsd runs");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{what}: {}", describe(&output));
    }
}

#[test]
fn damaged_superblocks() {
    damaged(Ailment::Superblock);
}

#[test]
fn damaged_inodes() {
    damaged(Ailment::Inodes);
}

#[test]
fn damaged_directories_and_indirect_blocks() {
    damaged(Ailment::Data);
}

#[test]
fn damaged_cylinder_groups() {
    damaged(Ailment::Groups);
}
