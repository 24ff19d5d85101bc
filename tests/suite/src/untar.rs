//! A client that unpacks an archive while its server goes and comes back: the archive, and how far
//! the client is. In the end nothing may be missing, and the client says so by itself.

use crate::guest::Guest;
use crate::process::run;
use crate::tree::Tree;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;

const SCRIPT: &str = include_str!("untar.sh");

const FILES: usize = 1500;
const FILES_PER_FOLDER: usize = 50;

/// An archive, in a folder to share with a guest.
#[derive(Debug)]
pub struct Archive {
    shared: TempDir,
}

impl Archive {
    /// Makes one of many small files.
    ///
    /// # Panics
    /// If there is no room for it.
    pub fn new() -> Self {
        let shared = tempfile::tempdir().expect("a temporary folder");
        let mut tree = Tree::empty();
        for number in 0..FILES {
            let folder = number / FILES_PER_FOLDER;
            if number % FILES_PER_FOLDER == 0 {
                tree.add_directory(format!("{folder}"));
            }
            tree.add_noise(format!("{folder}/{number}"), number * 37 % 40_000);
        }
        tree.lay(&shared.path().join("tree"));
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(shared.path().join("tree")).arg("-cf");
        run(tar.arg(shared.path().join("archive.tar")).arg("."));
        Self { shared }
    }

    /// The folder.
    pub fn shared(&self) -> &Path {
        self.shared.path()
    }

    /// Has a guest mount `what` and unpack it there.
    pub fn unpack(&self, guest: Guest, what: &str, options: &str) -> Unpacking {
        let shared = self.shared().to_owned();
        let settings =
            format!("WHAT='{what}'\nOPTIONS='{options}'\nSHARED='{}'\n", shared.display());
        let script = format!("{settings}{SCRIPT}");
        let guest = thread::spawn(move || guest.run(&script));
        Unpacking { guest, progress: shared.join("progress") }
    }
}

impl Default for Archive {
    fn default() -> Self {
        Self::new()
    }
}

/// A guest at work.
#[derive(Debug)]
pub struct Unpacking {
    guest: JoinHandle<String>,
    progress: PathBuf,
}

impl Unpacking {
    /// Waits until it has come further; `false` if it is done.
    pub fn goes_on(&self) -> bool {
        let now = || fs::read_to_string(&self.progress).unwrap_or_default();
        let before = now();
        while now() == before && !self.guest.is_finished() {
            thread::sleep(Duration::from_millis(5));
        }
        !self.guest.is_finished()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it failed, or misses anything.
    pub fn finish(self) {
        self.guest.join().expect("the guest's work is done");
    }
}
