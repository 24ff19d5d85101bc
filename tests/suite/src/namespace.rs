//! A network namespace of a test's own, with nothing in it but its loopback.

use crate::process;
use crate::require::find;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

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

    /// Moves one of its network devices to another.
    ///
    /// # Panics
    /// If ip(8) refuses.
    pub fn give(&self, device: &str, to: &Self) {
        self.ip(&format!("link set dev {device} netns {}", to.name));
    }

    /// A command that runs inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = process::command(ip_path());
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Runs ip(8) there.
    ///
    /// # Panics
    /// If it refuses.
    pub fn ip(&self, arguments: &str) {
        process::run(ip().args(["-n", &self.name]).args(arguments.split(' ')));
    }

    /// Does something on a thread that lives inside: its sockets are there.
    ///
    /// # Panics
    /// If it does, or if the kernel refuses.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let path = Path::new("/var/run/netns").join(&self.name);
        let door = File::open(path).expect("ip has made it");
        let enter = || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(door.as_fd(), kind).expect("root may enter");
            act()
        };
        thread::scope(|scope| scope.spawn(enter).join())
            .unwrap_or_else(|panic| resume_unwind(panic))
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
