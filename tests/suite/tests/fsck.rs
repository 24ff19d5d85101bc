//! `vnfsd fsck` as people and programs call it: on images of makefs, sound, unclean and damaged.

use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use suite::image::Format;
use suite::process::{self, describe};
use suite::program::vnfsd;
use suite::require;
use suite::surgery::{Ailment, Patient};
use suite::tree::Tree;
use tempfile::TempDir;

fn sample(format: &Format) -> Option<(TempDir, PathBuf)> {
    image_of(&Tree::sample(format.block_bytes, format.fragment_bytes), format)
}

fn image_of(tree: &Tree, format: &Format) -> Option<(TempDir, PathBuf)> {
    require::tools(&["makefs"]).then(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        tree.lay(&folder.path().join("tree"));
        let image = folder.path().join("image");
        format.make(&image, &folder.path().join("tree"));
        (folder, image)
    })
}

fn fsck(image: &Path) -> Command {
    let mut command = process::command(vnfsd());
    command.arg("fsck").arg(image);
    command
}

#[track_caller]
fn ends(command: &mut Command, code: i32) -> Output {
    let output = command.output().expect("vnfsd runs");
    assert_eq!(output.status.code(), Some(code), "{command:?}: {}", describe(&output));
    output
}

fn json(command: &mut Command, code: i32) -> Value {
    let output = ends(command.arg("--json"), code);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn sound_images_are_found_clean_and_left_alone() {
    for format in Format::all(16384, 2048) {
        let Some((_folder, image)) = sample(&format) else { return };
        let before = fs::read(&image).expect("an image");
        let output = ends(&mut fsck(&image), 0);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("clean, nothing was found") && output.stderr.is_empty(), "{said}");
        ends(fsck(&image).arg("--repair"), 0);
        assert!(fs::read(&image).expect("an image") == before, "{format}: changed");
    }
}

#[test]
fn an_unclean_image_is_marked_clean_by_a_repair() {
    let Some((_folder, image)) = sample(&Format::usual()) else { return };
    let mut patient = Patient::open(&image);
    patient.mark_unclean();
    patient.save(&image);
    assert_eq!(json(&mut fsck(&image), 0)["was_clean"], false);
    assert_eq!(json(&mut fsck(&image), 0)["was_clean"], false, "a look changes nothing");
    ends(fsck(&image).arg("--repair"), 0);
    assert_eq!(json(&mut fsck(&image), 0)["was_clean"], true);
}

#[test]
fn damage_is_told_and_repaired() {
    let mut tree = Tree::empty();
    for length in [0, 700, 5000, 70_000, 600_000] {
        tree.add_noise(format!("file {length}"), length);
    }
    for folder in ["a", "a/b"] {
        tree.add_directory(folder);
        (0..40).for_each(|number| tree.add_noise(format!("{folder}/entry {number}"), number));
    }
    for format in Format::all(4096, 512) {
        let Some((_folder, image)) = image_of(&tree, &format) else { return };
        for (seed, ailment) in (0..).zip(Ailment::ALL.into_iter().cycle().take(24)) {
            let damaged = image.with_extension("damaged");
            let mut patient = Patient::open(&image);
            patient.damage(ailment, &mut fastrand::Rng::with_seed(seed));
            patient.save(&damaged);
            let seen = fsck(&damaged).arg("--json").output().expect("vnfsd runs");
            if seen.status.code() == Some(0) {
                continue;
            }
            assert_eq!(seen.status.code(), Some(2), "{}", describe(&seen));
            let seen: Value = serde_json::from_slice(&seen.stdout).expect("JSON");
            assert_eq!(seen["repairable"], true, "{format} {ailment:?} {seed}: {seen:#}");
            let repaired = json(fsck(&damaged).arg("--repair"), 1);
            assert_eq!(repaired["findings"], seen["findings"], "{format} {ailment:?} {seed}");
            let again = json(&mut fsck(&damaged), 0);
            assert_eq!(again["findings"], Value::Array(Vec::new()));
        }
    }
}

#[test]
fn what_cannot_be_checked_ends_with_2_and_a_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = folder.path().join("text");
    fs::write(&text, "no file system at all").expect("written");
    for (image, reason) in [
        (text.as_path(), "no UFS superblock"),
        (&folder.path().join("absent"), "cannot be opened"),
        (folder.path(), "neither a disk image nor a disk device"),
    ] {
        let output = ends(&mut fsck(image), 2);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(reason) && output.stdout.is_empty(), "{said}");
    }
}

/// A look shares the image with whoever reads; a repair does not, and nothing looks meanwhile.
#[test]
fn an_image_in_use_is_left_alone() {
    let Some((_folder, image)) = sample(&Format::usual()) else { return };
    let file = File::open(&image).expect("an image");
    file.lock_shared().expect("a lock");
    ends(&mut fsck(&image), 0);
    let output = ends(fsck(&image).arg("--repair"), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("in use"));
    file.unlock().expect("unlocked");
    file.lock().expect("a lock");
    ends(&mut fsck(&image), 2);
    assert!(file.read_at(&mut [0; 8], 0).is_ok());
}
