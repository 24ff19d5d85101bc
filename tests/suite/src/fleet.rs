//! A fleet: its file, in a folder of its own with all its images, and the commands for whoever serves
//! it.

use crate::image::image_folder;
use crate::process;
use crate::program::vnfsd;
use crate::server::{PATIENCE, Server};
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// States in which clients are let in.
pub const LETS_IN: &[&str] = &["resting", "serving"];

/// See the module's text.
#[derive(Debug)]
pub struct Fleet {
    folder: TempDir,
}

impl Fleet {
    /// A file with this text.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn new(text: &str) -> Self {
        let fleet = Self { folder: image_folder() };
        fleet.write(text);
        fleet
    }

    /// Where its relative paths lead to.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts another file in its place, whole.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, text: &str) {
        let new = self.path("fleet.new");
        fs::write(&new, text).expect("the folder can be written");
        fs::rename(&new, self.path("fleet.toml")).expect("a file can be put in its place");
    }

    /// Starts `vnfsd run`, and waits until everybody has been tried.
    ///
    /// # Panics
    /// If it ends instead.
    pub fn start(&self) -> Server {
        self.start_by(process::command(vnfsd()))
    }

    /// As [`Fleet::start`], by a command that runs `vnfsd` somewhere.
    ///
    /// # Panics
    /// As [`Fleet::start`].
    pub fn start_by(&self, mut command: Command) -> Server {
        command.arg("run").arg(self.path("fleet.toml")).arg("--control").arg(self.control());
        let started = Server::launch(&mut command);
        started.unwrap_or_else(|refusal| panic!("the fleet did not start: {refusal:?}"))
    }

    fn control(&self) -> PathBuf {
        self.path("control.sock")
    }

    /// A command to the process, whatever comes of it.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn try_ask(&self, words: &[&str]) -> Output {
        let mut command = process::command(vnfsd());
        command.args(words).arg("--control").arg(self.control());
        command.output().expect("vnfsd can be run")
    }

    /// A command that is carried out; returns what it prints.
    ///
    /// # Panics
    /// If it is refused.
    pub fn ask(&self, words: &[&str]) -> String {
        let output = self.try_ask(words);
        assert!(output.status.success(), "{words:?}: {}", process::describe(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How a service is, as `vnfsd status` says.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn status(&self, name: &str) -> Value {
        let output = self.try_ask(&["status", name, "--json"]);
        let said: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", process::describe(&output)));
        let service = said.get(0);
        service.unwrap_or_else(|| panic!("no {name} in {said}")).clone()
    }

    /// Waits until a service is in one of these states, and returns how it is then.
    ///
    /// # Panics
    /// If it does not come to that.
    pub fn await_state(&self, name: &str, states: &[&str]) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status(name);
            if status["state"].as_str().is_some_and(|state| states.contains(&state)) {
                return status;
            }
            assert!(Instant::now() < deadline, "{name} is not {states:?}: {status}");
            sleep(Duration::from_millis(20));
        }
    }

    /// How many services are in a state.
    ///
    /// # Panics
    /// If the process does not say.
    pub fn count(&self, state: &str) -> u64 {
        let output = self.try_ask(&["status", "--json"]);
        let said: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", process::describe(&output)));
        said["services"][state].as_u64().unwrap_or_else(|| panic!("no {state} in {said}"))
    }
}

/// An address of this machine where only this process of tests has services: as many addresses as
/// are wanted, on a port that no connection is made from.
pub fn address(number: u16) -> SocketAddr {
    let process = std::process::id();
    let [high, low] = number.to_be_bytes();
    let first = 64 + (process % 64) as u8;
    let second = (process / 64 % 64) as u8 * 4 + high % 4;
    (Ipv4Addr::new(127, first, second, low), 20490).into()
}

/// Waits until something holds.
///
/// # Panics
/// If it does not come to that; says what.
pub fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(20));
    }
}

/// The images of a folder, by their ending.
///
/// # Panics
/// If it cannot be listed.
pub fn images(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "img")).collect()
}
