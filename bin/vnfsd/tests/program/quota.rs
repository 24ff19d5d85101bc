//! `vnfsd newfs --quota` and `vnfsd image quota`.

use crate::process::{complaint, text};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A folder, and a new image in it.
fn image(flags: &[&str]) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("q.img").to_str().expect("a plain path").to_owned();
    let owner = ["newfs", &image, "--size", "16M", "--owner", "0", "--group", "0"];
    text(owner.iter().chain(flags).copied());
    (folder, image)
}

fn rows(arguments: &[&str]) -> Vec<Value> {
    let arguments = ["image", "quota", "--json"].iter().chain(arguments).copied();
    serde_json::from_str(&text(arguments)).expect("an array")
}

/// The only row of a report.
fn row(arguments: &[&str]) -> Value {
    let mut rows = rows(arguments);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.remove(0)
}

#[test]
fn new_images_keep_the_quotas_asked_for() {
    for (flags, kinds) in [
        (&["--quota", "user,group"][..], &["user", "group"][..]),
        (&["--quota", "user", "--quota", "group", "--format", "ffs1"], &["user", "group"]),
        (&["--quota", "group", "--endian", "big", "--log", "none"], &["group"]),
    ] {
        let (_folder, image) = image(flags);
        let rows = rows(&[&image]);
        let found: Vec<_> = rows.iter().map(|row| (&row["kind"], &row["id"])).collect();
        let expected: Vec<(Value, Value)> = kinds
            .iter()
            .flat_map(|&kind| [(kind.into(), Value::Null), (kind.into(), 0.into())])
            .collect();
        assert_eq!(found, expected.iter().map(|(kind, id)| (kind, id)).collect::<Vec<_>>());
        assert_eq!(rows[1]["files"]["used"], 1);
        assert_eq!(
            (&rows[0]["space"]["limit"], &rows[0]["space"]["grace_seconds"]),
            (&Value::Null, &604_800.into())
        );
        text(["fsck", &image]);
    }
}

#[test]
fn limits_are_set_and_shown() {
    let (folder, image) = image(&["--quota", "user,group"]);
    let file = folder.path().join("file");
    fs::write(&file, vec![1; 100_000]).expect("written");
    let file = file.to_str().expect("a plain path");
    text(["image", "put", "--owner", "5:6", &image, file, "/file"]);
    text([
        "image",
        "quota",
        &image,
        "--user",
        "5",
        "--limit",
        "1M",
        "--soft-limit",
        "64K",
        "--files",
        "10",
    ]);
    text(["image", "quota", &image, "--group", "70", "--soft-files", "3", "--grace", "12h"]);
    text(["image", "quota", &image, "--user", "default", "--files", "100"]);
    text(["image", "quota", &image, "--user", "8", "--limit", "2M"]);

    let user = row(&[&image, "--user", "5"]);
    assert_eq!(
        (&user["space"]["limit"], &user["space"]["soft_limit"]),
        (&(1 << 20).into(), &65536.into())
    );
    assert_eq!((&user["files"]["limit"], &user["files"]["soft_limit"]), (&10.into(), &Value::Null));
    assert_eq!(user["files"]["used"], 1);
    assert!(user["space"]["used"].as_u64().is_some_and(|used| (100_000..110_000).contains(&used)));
    assert!(user["space"]["grace_ends"].is_string(), "it is over the soft limit: {user:#}");
    let group = row(&[&image, "--group", "70"]);
    assert_eq!(
        (&group["files"]["soft_limit"], &group["files"]["grace_seconds"]),
        (&3.into(), &43_200.into())
    );
    assert_eq!(row(&[&image, "--user", "8"])["files"]["limit"], 100, "as all new ones");
    text(["image", "quota", &image, "--user", "5", "--limit", "none"]);
    assert_eq!(row(&[&image, "--user", "5"])["space"]["limit"], Value::Null);

    let table = text(["image", "quota", &image]);
    let line = table.lines().find(|line| line.starts_with("user 5 ")).expect("a line");
    let words: Vec<_> = line.split_whitespace().skip(4).collect();
    assert_eq!(words[..3], ["64", "KiB", "none"], "{table}");
    text(["fsck", &image]);
}

#[test]
fn limits_hold_for_whoever_changes_the_image() {
    let (folder, image) = image(&["--quota", "user"]);
    let file = folder.path().join("file");
    fs::write(&file, vec![1; 100_000]).expect("written");
    let file = file.to_str().expect("a plain path");
    text(["image", "quota", &image, "--user", "5", "--limit", "64K"]);
    let said = complaint(1, ["image", "put", "--owner", "5", &image, file, "/file"]);
    assert!(said.contains("quota"), "{said}");
    text(["image", "put", "--owner", "6", &image, file, "/file"]);
    text(["fsck", &image]);
}

#[test]
fn what_keeps_no_quotas_says_so() {
    let (_folder, plain) = image(&[]);
    let hint = "`vnfsd newfs --quota` makes file systems that do";
    let said = complaint(1, ["image", "quota", &plain]);
    assert_eq!(said, format!("vnfsd: {plain}: keeps no quotas; {hint}\n"));
    let (_folder, users) = image(&["--quota", "user"]);
    let said = complaint(1, ["image", "quota", &users, "--group", "5", "--files", "3"]);
    assert_eq!(said, format!("vnfsd: {users}: keeps no group quotas; {hint}\n"));
    complaint(2, ["image", "quota", &users, "--files", "3"]);
    complaint(2, ["image", "quota", &users, "--user", "5", "--group", "5"]);
    complaint(2, ["image", "quota", &users, "--user", "somebody"]);
}
