//! A fleet file, and the directories that it may ask for.

use anyhow::{Context, Result, ensure};
use fleet::{Entry, FILE_BYTES_MAX, Fault, Plan, Surroundings};
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads a file. What is wrong with what it says is the inner error.
///
/// # Errors
/// If it cannot be read at all.
pub fn read(path: &Path) -> Result<Result<Plan, Vec<Fault>>> {
    Ok(plan(&text(path)?, path))
}

/// What a text comes to that stands in a file, or is added to it.
///
/// # Errors
/// All that is wrong with it.
pub fn plan(text: &str, path: &Path) -> Result<Plan, Vec<Fault>> {
    fleet::read(text, &path.display().to_string(), &ThisMachine)
}

/// What stands in a file.
///
/// # Errors
/// If it cannot be read.
pub fn text(path: &Path) -> Result<String> {
    read_text(path).with_context(|| path.display().to_string())
}

fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= FILE_BYTES_MAX, "a fleet file has at most {FILE_BYTES_MAX} bytes");
    String::from_utf8(bytes).context("a fleet file is text in UTF-8")
}

/// The file systems of this machine.
struct ThisMachine;

impl Surroundings for ThisMachine {
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| seen(&entry))).collect()
    }
}

fn seen(entry: &DirEntry) -> Entry {
    let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
    let is_directory = match is_link {
        true => entry.path().is_dir(),
        false => entry.file_type().is_ok_and(|kind| kind.is_dir()),
    };
    Entry { name: entry.file_name(), is_directory }
}
