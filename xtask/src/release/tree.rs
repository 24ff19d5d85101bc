//! The files as they are installed: one row for each, and modes that do not depend on who builds.

use super::output;
use crate::test::runner::succeed;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = "usr/bin/vnfsd";
const MANUALS: &str = "usr/share/man/man1";

/// What is copied from the repository, and where to.
const FILES: &[(&str, &str)] = &[
    ("packaging/systemd/vnfsd.service", "usr/lib/systemd/system/vnfsd.service"),
    ("packaging/systemd/vnfsd@.service", "usr/lib/systemd/system/vnfsd@.service"),
    ("packaging/examples/fleet.toml", "etc/vnfsd/fleet.toml"),
    ("packaging/examples/fleet.toml", "usr/share/doc/vnfsd/examples/fleet.toml"),
    ("packaging/examples/taps.conf", "usr/share/doc/vnfsd/examples/taps.conf"),
    ("packaging/examples/low-ports.conf", "usr/share/doc/vnfsd/examples/low-ports.conf"),
    ("packaging/debian/copyright", "usr/share/doc/vnfsd/copyright"),
    ("docs/fleet.md", "usr/share/doc/vnfsd/fleet.md"),
    ("docs/network.md", "usr/share/doc/vnfsd/network.md"),
    ("docs/packaging.md", "usr/share/doc/vnfsd/packaging.md"),
    ("docs/sandbox.md", "usr/share/doc/vnfsd/sandbox.md"),
    ("CHANGELOG.md", "usr/share/doc/vnfsd/changelog"),
];

/// A shell, and where it looks for completions.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/vnfsd"),
    ("fish", "usr/share/fish/vendor_completions.d/vnfsd.fish"),
    ("zsh", "usr/share/zsh/vendor-completions/_vnfsd"),
];

/// What a Debian package has beside its files: name, and whether it is run.
const CONTROL: &[(&str, bool)] = &[
    ("control", false),
    ("conffiles", false),
    ("postinst", true),
    ("prerm", true),
    ("postrm", true),
];

/// Files as they are installed below `root`, and what a package says of them in `control`.
pub struct Tree {
    /// The files.
    pub root: PathBuf,
    /// Texts of the package.
    pub control: PathBuf,
}

impl Tree {
    /// Puts everything into a new folder.
    pub fn plant(repository: &Path, program: &Path, place: &Path) -> Result<Self, String> {
        let tree = Self { root: place.join("data"), control: place.join("control") };
        put(program, &tree.root.join(PROGRAM), 0o755)?;
        strip(&tree.root.join(PROGRAM))?;
        for (from, to) in FILES {
            put(&repository.join(from), &tree.root.join(to), 0o644)?;
        }
        for (name, runs) in CONTROL {
            let mode = if *runs { 0o755 } else { 0o644 };
            put(&repository.join("packaging/debian").join(name), &tree.control.join(name), mode)?;
        }
        tree.describe(program)?;
        press(&tree.root.join("usr/share/doc/vnfsd/changelog"))?;
        Ok(tree)
    }

    /// What the program says of itself: manual pages and completions.
    fn describe(&self, program: &Path) -> Result<(), String> {
        let manuals = self.root.join(MANUALS);
        make_folder(&manuals)?;
        succeed(Command::new(program).arg("man").arg(&manuals).stdout(Stdio::null()))?;
        for page in list(&manuals)? {
            set_mode(&page, 0o644)?;
            press(&page)?;
        }
        for (shell, place) in COMPLETIONS {
            let script = output(Command::new(program).args(["completions", shell]))?;
            write(&self.root.join(place), script.as_bytes(), 0o644)?;
        }
        Ok(())
    }
}

/// Removes what only a debugger reads.
fn strip(program: &Path) -> Result<(), String> {
    succeed(Command::new("strip").args(["--strip-all", "--remove-section=.comment"]).arg(program))
}

/// Compresses a text as Debian wants it: no name and no time in it.
fn press(text: &Path) -> Result<(), String> {
    succeed(Command::new("gzip").args(["--best", "--no-name"]).arg(text))
}

fn put(from: &Path, to: &Path, mode: u32) -> Result<(), String> {
    let bytes = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
    write(to, &bytes, mode)
}

/// Writes a file that is not there yet.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    path.parent().map_or(Ok(()), make_folder)?;
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    set_mode(path, mode)
}

fn make_folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn set_mode(path: &Path, mode: u32) -> Result<(), String> {
    let set = fs::set_permissions(path, Permissions::from_mode(mode));
    set.map_err(|error| format!("{}: {error}", path.display()))
}

/// What is in a folder, by name.
fn list(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let paths: Result<Vec<_>, _> = paths.collect();
    let mut paths = paths.map_err(|error| format!("{}: {error}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// Every file and folder below one, itself included, folders behind what is in them.
pub fn walk(path: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    if path.is_dir() {
        for below in list(path)? {
            found.extend(walk(&below)?);
        }
    }
    found.push(path.to_owned());
    Ok(found)
}
