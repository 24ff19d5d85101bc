//! Walls that the compiler keeps, asked for by command.

use super::{Finding, House};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn formatted(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let arguments = ["fmt", "--all", "--", "--check"];
    cargo(house.root, &arguments, "rustfmt.toml", "run cargo fmt --all")
}

/// The workspace's own lints everywhere; in base and kern also those of their clippy.toml, which
/// forbid clocks, threads and hash-ordered iteration.
pub(super) fn clippy(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let arguments =
        ["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    cargo(house.root, &arguments, "clippy.toml", "mend what clippy names above")
}

/// A static library of every kernel crate, with a panic handler of its own: a crate that brought
/// the standard library in would bring a second one, and the compiler refuses that.
pub(super) fn freestanding(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let folder = house.root.join("xtask/freestanding");
    // It is a workspace of its own, and yet is to be built of the very versions that ship.
    let locks = [house.root.join("Cargo.lock"), folder.join("Cargo.lock")];
    fs::copy(&locks[0], &locks[1]).map_err(|error| format!("{}: {error}", locks[1].display()))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or(house.root.join("target"), PathBuf::from);
    let target = target.join("freestanding");
    let manifest = "xtask/freestanding/Cargo.toml";
    let arguments = [
        "build",
        "--quiet",
        "--manifest-path",
        manifest,
        "--target-dir",
        &target.to_string_lossy(),
    ];
    cargo(house.root, &arguments, manifest, "a kernel crate needs the standard library; see above")
}

fn cargo(root: &Path, arguments: &[&str], file: &str, what: &str) -> Result<Vec<Finding>, String> {
    let status = Command::new("cargo")
        .args(arguments)
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo {}: {error}", arguments[0]))?;
    let finding = Finding { file: PathBuf::from(file), line: 0, what: what.to_owned() };
    Ok(if status.success() { Vec::new() } else { vec![finding] })
}
