//! What the sources themselves must show.

use super::{Finding, House};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Rust file longer than this is two rooms.
const LINES_MAX: usize = 700;

/// Marks of work that was not finished, and paths that exist on one machine only. Put together
/// here so that this file does not hold them.
const UNFINISHED: &[[&str; 2]] = &[
    ["TO", "DO"],
    ["FIX", "ME"],
    ["to", "do!("],
    ["unimple", "mented!("],
    ["db", "g!("],
    ["#[ign", "ore"],
    ["allow(dead", "_code)"],
    ["\"/wo", "rk/"],
    [" /wo", "rk/"],
];

/// Every file that git tracks or has not been told to ignore.
pub(super) fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names.lines().map(PathBuf::from).filter(|file| root.join(file).is_file()).collect())
}

impl House<'_> {
    fn read(&self, file: &Path) -> Result<String, String> {
        fs::read_to_string(self.root.join(file))
            .map_err(|error| format!("{}: {error}", file.display()))
    }

    fn rust_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
    }
}

/// The storeys that know no host.
fn is_kernel(file: &Path) -> bool {
    file.starts_with("base") || file.starts_with("kern")
}

pub(super) fn kernel_roots(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let kernel = house.crates.0.iter().filter(|part| matches!(&*part.storey, "base" | "kern"));
    for part in kernel {
        let file = part.manifest.with_file_name("src").join("lib.rs");
        let text = house.read(&file)?;
        for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !text.lines().any(|line| line == attribute) {
                let what = format!("the kernel knows no host: add {attribute}");
                findings.push(Finding { file: file.clone(), line: 1, what });
            }
        }
    }
    Ok(findings)
}

/// Where `unsafe` may stand: the hosts, and the allocator that a freestanding link needs.
fn may_be_unsafe(file: &Path) -> bool {
    ["hosts", "fuzz", "tools/nfsload", "xtask/freestanding"]
        .iter()
        .any(|place| file.starts_with(place))
}

pub(super) fn unsafe_code(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let word = ["uns", "afe"].concat();
    let forms = ["{", "fn", "impl", "extern"].map(|next| format!("{word} {next}"));
    // A counting allocator, for tests that count allocations, cannot be made without.
    let in_tests = |file: &Path| file.components().any(|part| part.as_os_str() == "tests");
    search(
        house,
        |file| !may_be_unsafe(file) && !in_tests(file),
        |line| {
            forms.iter().any(|form| line.contains(form.as_str())).then(|| {
                format!("{word} code belongs in hosts/, each block saying why it is sound")
            })
        },
    )
}

pub(super) fn unfinished(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let marks: Vec<String> = UNFINISHED.iter().map(|parts| parts.concat()).collect();
    search(
        house,
        |_| true,
        |line| {
            let mark = marks.iter().find(|mark| line.contains(mark.as_str()))?;
            Some(format!("{mark}: finish it, or say in the issue what is missing"))
        },
    )
}

/// Findings of `judge`, line by line, in the Rust files that `wanted` chooses.
fn search(
    house: &House<'_>,
    wanted: impl Fn(&Path) -> bool,
    judge: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in house.rust_files().filter(|file| wanted(file)) {
        for (index, line) in house.read(file)?.lines().enumerate() {
            let found = judge(line);
            findings.extend(found.map(|what| Finding {
                file: file.clone(),
                line: index + 1,
                what,
            }));
        }
    }
    Ok(findings)
}

pub(super) fn module_docs(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in house.rust_files() {
        if !house.read(file)?.lines().any(|line| line.starts_with("//!")) {
            let what = "say at its top what this module is for (//!)".to_owned();
            findings.push(Finding { file: file.clone(), line: 1, what });
        }
    }
    Ok(findings)
}

pub(super) fn lengths(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in house.rust_files() {
        let lines = house.read(file)?.lines().count();
        if lines > LINES_MAX {
            let what = format!("{lines} lines, more than {LINES_MAX}: this is two rooms");
            findings.push(Finding { file: file.clone(), line: lines, what });
        }
    }
    Ok(findings)
}

/// Every Rust file below a crate of the workspace is one of its roots or declared by a module
/// that is reached.
pub(super) fn reached(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<PathBuf> =
        house.crates.0.iter().flat_map(|part| part.roots.iter().cloned()).collect();
    while let Some(file) = open.pop() {
        if house.root.join(&file).is_file() && reached.insert(file.clone()) {
            open.extend(modules(&file, &house.read(&file)?));
        }
    }
    let below = |file: &Path| {
        house
            .crates
            .0
            .iter()
            .any(|part| part.manifest.parent().is_some_and(|at| file.starts_with(at)))
    };
    let excluded = Path::new("xtask/freestanding");
    let lost = house
        .rust_files()
        .filter(|file| below(file) && !file.starts_with(excluded) && !reached.contains(*file));
    let what = "no crate reaches this file: declare it as a module or delete it";
    Ok(lost.map(|file| Finding { file: file.clone(), line: 1, what: what.to_owned() }).collect())
}

/// Where the modules that `file` declares may stand.
fn modules(file: &Path, text: &str) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let stem = file.file_stem().unwrap_or_default();
    let declared = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line
            .strip_prefix("pub")
            .map_or(line, |rest| rest.split_once(')').map_or(rest, |(_, rest)| rest).trim_start());
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    let mut places = Vec::new();
    for name in declared {
        for base in [folder.to_owned(), folder.join(stem)] {
            places.push(base.join(format!("{name}.rs")));
            places.push(base.join(name).join("mod.rs"));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_both_styles_and_all_visibilities() {
        let places =
            modules(Path::new("a/src/lib.rs"), "mod b;\n    pub(crate) mod c;\nmod zebra {}\n");
        assert!(places.contains(&PathBuf::from("a/src/b.rs")));
        assert!(places.contains(&PathBuf::from("a/src/c/mod.rs")));
        assert!(!places.iter().any(|place| place.to_string_lossy().contains("zebra")));
    }

    #[test]
    fn only_hosts_and_their_kind_may_be_unsafe() {
        assert!(may_be_unsafe(Path::new("hosts/posix/src/lib.rs")));
        assert!(!may_be_unsafe(Path::new("kern/ffs/src/lib.rs")));
        assert!(is_kernel(Path::new("base/abi/src/lib.rs")));
    }
}
