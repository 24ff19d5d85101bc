//! A Linux kernel as client: `tests/guest/run` boots it, and a script in it mounts the server.
//!
//! The guest sees this machine's files at their paths, read-only but for the folder it shares.

use crate::process;
use std::ffi::OsString;
use std::path::Path;
use std::process::Output;

/// Programs that the guest needs on this machine.
pub const TOOLS: &[&str] = &[
    "gcc",
    "ip",
    "linux.uml",
    "modprobe",
    "mount.nfs",
    "python3",
    "qemu-system-x86_64",
    "rpcbind",
];

/// The guest's name for this machine's loopback.
pub const HOST: &str = "10.0.2.2";

/// The first command that fails is shown, and is the last.
const PROLOGUE: &str = "set -Eeuo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\"' ERR\n";

/// A guest to boot. It has user networking unless it is given a link.
#[derive(Debug)]
pub struct Guest {
    arguments: Vec<OsString>,
}

impl Guest {
    /// One that writes to `shared` if it wants to leave something, and has so many seconds of its
    /// own time.
    pub fn new(shared: &Path, seconds_max: u32) -> Self {
        let seconds_max = seconds_max.to_string();
        let arguments = ["--timeout", &seconds_max, "--mem", "768", "--share"];
        let mut arguments: Vec<_> = arguments.map(OsString::from).into();
        arguments.push(shared.into());
        Self { arguments }
    }

    /// With an image as a read-only disk: `/dev/disk0` and on.
    pub fn disk(self, image: &Path) -> Self {
        self.with("--disk", format!("{},ro", image.display()))
    }

    /// On a link, `stream:PATH` or what else `tests/guest/run` knows, with these addresses there.
    pub fn on(self, link: &str, addresses: &str) -> Self {
        self.with("--net", link.to_owned()).with("--ip", addresses.to_owned())
    }

    fn with(mut self, option: &str, value: String) -> Self {
        self.arguments.extend([option.into(), value.into()]);
        self
    }

    /// Boots it, runs a bash script in it as root and returns what it printed.
    ///
    /// # Panics
    /// If the script fails or takes too long; says what it printed.
    pub fn run(self, script: &str) -> String {
        let runner = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/run");
        let mut command = process::command(runner);
        command.args(self.arguments).arg("-c").arg(format!("{PROLOGUE}{script}"));
        let output: Output = command.output().expect("tests/guest/run can be started");
        assert!(output.status.success(), "in the guest: {}", process::describe(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
