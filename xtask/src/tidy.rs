//! The walls of the house, kept by a machine.
//!
//! Each check is a row; each finding names a file, a line where there is one, what is wrong and
//! what to do. Everything is checked before the chore fails, so that one run shows it all.

mod crates;
mod edges;
mod hash_order;
#[cfg(test)]
mod planted;
mod reach;
mod sources;
mod tokens;
mod walls;

use crates::Crates;
use std::fmt;
use std::path::{Path, PathBuf};

/// Something that does not belong.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, relative to the repository's root.
    pub file: PathBuf,
    /// Which line; zero if it is about the whole file.
    pub line: usize,
    /// What is wrong, and what to do about it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// What a check looks at.
struct House<'a> {
    root: &'a Path,
    crates: Crates,
    /// Every file that git tracks, or would, relative to the root.
    files: Vec<PathBuf>,
}

type Check = fn(&House<'_>) -> Result<Vec<Finding>, String>;

const CHECKS: &[(&str, Check)] = &[
    ("crates depend only downwards", edges::permitted),
    ("every dependency has its sentence", edges::explained),
    ("the kernel has no standard library and no unsafe code", sources::kernel_roots),
    ("unsafe code is in hosts only", sources::unsafe_code),
    ("every module says what it is for", sources::module_docs),
    ("every source file is reached", reach::reached),
    ("no code is left unfinished", sources::unfinished_code),
    ("no text is left unfinished or tells of one machine", sources::notes),
    ("the kernel iterates in a defined order", hash_order::defined),
    ("files are one idea long", sources::lengths),
    ("the code is formatted", walls::formatted),
    ("the code is free of clippy's warnings", walls::clippy),
    ("the kernel links without a standard library", walls::freestanding),
];

/// `cargo xtask tidy`.
pub fn run(root: &Path, _arguments: &[String]) -> Result<(), String> {
    let house = House { root, crates: Crates::read(root)?, files: sources::files(root)? };
    let mut count = 0;
    for (name, check) in CHECKS {
        let findings = check(&house)?;
        println!("{} {name}", if findings.is_empty() { "ok     " } else { "REFUSED" });
        findings.iter().for_each(|finding| println!("  {finding}"));
        count += findings.len();
    }
    if count == 0 { Ok(()) } else { Err(format!("{count} findings")) }
}
