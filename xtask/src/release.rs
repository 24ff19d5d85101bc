//! `cargo xtask release`: what users are given, a Debian package and a tar archive of the same files.
//!
//! ```text
//!  program ─┬─ its manual pages and completions ─┐
//!  packaging/ ── units, fleet, scripts ──────────┼─► tree ─┬─► vnfsd_VERSION_ARCH.deb
//!  docs/ ── what an administrator reads ─────────┘         └─► vnfsd-VERSION-ARCH.tar.gz
//! ```
//! The same commit gives the same bytes: every time is `SOURCE_DATE_EPOCH`, or the commit's if that is
//! not set; names are sorted, and owners are root. It signs nothing and sends nothing anywhere.

mod archives;
mod tree;

use crate::test::runner::succeed;
use archives::Stamp;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tree::Tree;

/// Where the packages go if nothing is said.
const OUTPUT: &str = "target/release-packages";

/// What was asked for.
struct Options {
    /// Where the packages go.
    output: PathBuf,
    /// A program that is built already.
    program: Option<PathBuf>,
}

/// `cargo xtask release [--output DIR] [--program FILE]`.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let options = parse(root, arguments)?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build(root)?,
    };
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let tree = Tree::plant(root, &program, &folder.path().join("tree"))?;
    fs::create_dir_all(&options.output)
        .map_err(|error| format!("{}: {error}", options.output.display()))?;
    let stamp = Stamp { epoch_seconds: epoch_seconds(root)?, version: version(&program)? };
    for package in archives::make(&tree, &stamp, &options.output)? {
        println!("{}", package.display());
    }
    Ok(())
}

fn parse(root: &Path, arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { output: root.join(OUTPUT), program: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().map(PathBuf::from).ok_or(format!("{word}: say which"));
        match word.as_str() {
            "--output" => options.output = value()?,
            "--program" => options.program = Some(value()?),
            _ => return Err(format!("{word}: say --output DIR or --program FILE")),
        }
    }
    Ok(options)
}

/// Builds the program. Paths of this machine are no part of it.
fn build(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--package", "vnfsd"]);
    succeed(cargo.current_dir(root))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join("release/vnfsd"))
}

/// The moment that every file is of.
fn epoch_seconds(root: &Path) -> Result<u64, String> {
    let said = match env::var("SOURCE_DATE_EPOCH") {
        Ok(said) => said,
        Err(_) => {
            output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root))?
        }
    };
    said.trim().parse().map_err(|error| format!("SOURCE_DATE_EPOCH {said:?}: {error}"))
}

fn version(program: &Path) -> Result<String, String> {
    let said = output(Command::new(program).arg("--version"))?;
    let version = said.split_whitespace().nth(1);
    version.map(str::to_owned).ok_or(format!("{}: tells no version: {said:?}", program.display()))
}

/// What a command prints.
fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {}: {}", output.status, errors.trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{name}: {error}"))
}
