//! What the sources themselves must show.

use super::tokens::{lines_of, tokens};
use super::{Finding, House};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Rust file longer than this is two rooms.
const LINES_MAX: usize = 700;

/// Code of work that was not finished, as tokens, and of its excuses.
const UNFINISHED_CODE: &[&[&str]] = &[
    &["todo", "!"],
    &["unimplemented", "!"],
    &["dbg", "!"],
    &["[", "ignore"],
    &["allow", "(", "dead_code"],
];

/// Notes of work that was not finished. Put together here so that this file does not hold them.
const UNFINISHED_NOTES: &[[&str; 2]] = &[["TO", "DO"], ["FIX", "ME"]];

/// Folders that every machine of its kind has (hier(7)): their paths tell nothing of one.
const COMMON_FOLDERS: &[&str] = &["/", "/home", "/root", "/tmp", "/var/tmp", "/usr/src"];

/// Where `unsafe` may stand: the hosts, the load generators that open taps, and the allocator that a
/// freestanding link needs.
const UNSAFE_PLACES: &[&str] = &["hosts", "tools/nfsload", "tools/netload", "xtask/freestanding"];

/// Every file that git tracks or has not been told to ignore.
pub(super) fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_file =
        |file: &PathBuf| fs::symlink_metadata(root.join(file)).is_ok_and(|it| it.is_file());
    Ok(names.split_terminator('\0').map(PathBuf::from).filter(is_file).collect())
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

pub(super) fn unsafe_code(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let what = "this belongs in hosts/, each block saying why it is sound";
    let outside = |file: &Path| !UNSAFE_PLACES.iter().any(|place| file.starts_with(place));
    search(house, outside, &[&["unsafe"]], what)
}

pub(super) fn unfinished_code(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let what = "finish it, or say in the issue what is missing";
    search(house, |_| true, UNFINISHED_CODE, what)
}

/// Every place where one of `words` stands in the Rust files that `wanted` chooses.
fn search(
    house: &House<'_>,
    wanted: impl Fn(&Path) -> bool,
    words: &[&[&str]],
    what: &str,
) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in house.rust_files().filter(|file| wanted(file)) {
        let tokens =
            tokens(&house.read(file)?).map_err(|why| format!("{}: {why}", file.display()))?;
        for words in words {
            let what = format!("`{}`: {what}", words.concat());
            findings.extend(lines_of(&tokens, words).map(|line| Finding {
                file: file.clone(),
                line,
                what: what.clone(),
            }));
        }
    }
    Ok(findings)
}

/// Notes of unfinished work, and paths of the machine at hand, in any text.
pub(super) fn notes(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut marks: Vec<String> = UNFINISHED_NOTES.iter().map(|parts| parts.concat()).collect();
    marks.extend(paths_of_this_machine(house.root));
    let mut findings = Vec::new();
    for file in &house.files {
        // What is not text holds no notes.
        let Ok(text) = fs::read_to_string(house.root.join(file)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let found = marks.iter().filter(|mark| line.contains(mark.as_str()));
            let what = |mark| format!("`{mark}`: nobody else can make sense of it");
            findings.extend(found.map(what).map(|what| Finding {
                file: file.clone(),
                line: index + 1,
                what,
            }));
        }
    }
    Ok(findings)
}

/// Where this checkout and what is built of it stand: paths that mean nothing elsewhere.
fn paths_of_this_machine(root: &Path) -> Vec<String> {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let above = root.parent().map(Path::to_owned);
    let places = [Some(root.to_owned()), above, target].into_iter().flatten();
    let tells = |place: &PathBuf| {
        place.is_absolute() && !COMMON_FOLDERS.iter().any(|common| place == Path::new(common))
    };
    places.filter(tells).map(|place| format!("{}/", place.display())).collect()
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

impl House<'_> {
    /// The text of a file.
    pub(super) fn read(&self, file: &Path) -> Result<String, String> {
        fs::read_to_string(self.root.join(file))
            .map_err(|error| format!("{}: {error}", file.display()))
    }

    /// The Rust files among [`House::files`].
    pub(super) fn rust_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
    }
}
