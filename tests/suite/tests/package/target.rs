//! A root with nothing in it but a list of packages, which dpkg(1) installs into.
//!
//! The package's scripts run outside of it, told where it is by `DPKG_ROOT`; there is no systemd in it,
//! and they must not mind.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use suite::process::text;
use tempfile::TempDir;

/// The root.
pub struct Target {
    root: TempDir,
}

impl Target {
    /// Knows of no package.
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["info", "updates", "triggers"] {
            fs::create_dir_all(root.path().join("var/lib/dpkg").join(folder)).expect("a folder");
        }
        fs::write(root.path().join("var/lib/dpkg/status"), "").expect("an empty list");
        // It writes these by itself as soon as it is asked anything.
        let target = Self { root };
        target.ask(["--audit"]);
        target
    }

    /// Runs dpkg with a package.
    pub fn dpkg<const N: usize>(&self, arguments: [&str; N], package: &Path) {
        text(self.command().args(arguments).arg(package));
    }

    /// Runs dpkg; returns what it says.
    pub fn ask<const N: usize>(&self, arguments: [&str; N]) -> String {
        text(self.command().args(arguments))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("dpkg");
        // The libraries that it needs are outside.
        let forced = ["--force-script-chrootless", "--force-depends"];
        command.arg("--root").arg(self.root.path()).args(forced);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Where something in it is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Who may do what with a file.
    pub fn mode(&self, path: &str) -> u32 {
        let metadata =
            fs::metadata(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        metadata.permissions().mode() & 0o7777
    }

    /// Every file and folder but dpkg's own.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.root.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() && path.file_name() != Some(OsStr::new("dpkg")) {
                    folders.push(path.clone());
                }
                found.insert(path);
            }
        }
        found
    }
}
