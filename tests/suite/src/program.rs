//! Where the program under test is, and the one that loads it.
//!
//! Cargo tells a package's tests only of that package's own programs, so the suite has `vnfsd`,
//! `nfsload` and `xtask` built itself, with the profile and into the folder it was built with: once in each
//! test binary, or once in a nextest run. `VNFSD_BINARY` names another `vnfsd` instead.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of `vnfsd`.
///
/// # Panics
/// If it cannot be built.
pub fn vnfsd() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match env::var_os("VNFSD_BINARY") {
        Some(path) => path.into(),
        None => built("vnfsd"),
    })
}

/// The path of `nfsload`.
///
/// # Panics
/// If it cannot be built.
pub fn nfsload() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built("nfsload"))
}

/// The path of `xtask`.
///
/// # Panics
/// If it cannot be built.
pub fn xtask() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built("xtask"))
}

fn built(name: &str) -> PathBuf {
    let folder = profile_folder();
    let program = folder.join(name);
    let Ok(run) = env::var("NEXTEST_RUN_ID") else {
        build(name, &folder);
        return program;
    };
    let lock = File::create(folder.join(".suite-lock")).expect("the target folder is writable");
    lock.lock().expect("the target folder's file system has locks");
    let stamp = folder.join(format!(".suite-built-{name}"));
    if fs::read_to_string(&stamp).is_ok_and(|last| last == run) {
        return program;
    }
    build(name, &folder);
    fs::write(stamp, run).expect("the target folder is writable");
    program
}

/// `target/debug` if this is `target/debug/deps/images-0123`.
fn profile_folder() -> PathBuf {
    let this = env::current_exe().expect("a running program has a path");
    let folder = this.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent);
    folder.expect("tests are run from cargo's target folder").to_owned()
}

fn build(name: &str, folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", name, "--profile", profile]);
    command.arg("--target-dir").arg(folder.parent().expect("a profile's folder has a parent"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    crate::process::run(&mut command);
}
