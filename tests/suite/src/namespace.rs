//! A network namespace of a test's own, with nothing in it but its loopback.

use crate::process;
use crate::require::find;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A namespace; dropping it removes it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one. Root only.
    ///
    /// # Panics
    /// If ip(8) refuses.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vnfsd-suite-{}-{number}", std::process::id());
        process::run(ip().args(["netns", "add", &name]));
        let namespace = Self { name };
        process::run(ip().args(["-n", &namespace.name, "link", "set", "lo", "up"]));
        namespace
    }

    /// A command that runs inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = process::command(ip_path());
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip().args(["netns", "del", &self.name]).status();
    }
}

fn ip_path() -> PathBuf {
    find("ip").expect("the scenario asked for ip")
}

fn ip() -> Command {
    Command::new(ip_path())
}
