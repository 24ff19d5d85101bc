//! A Linux kernel as client: `tests/guest/run` boots it, and a script in it mounts the server.
//!
//! The guest sees this machine's files at their paths, read-only but for the folder it shares.

use crate::process;
use std::path::Path;
use std::process::{Command, Output};

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

/// Boots a guest, runs a bash script in it as root and returns what it printed.
/// It has `seconds_max` of its own time, and writes to `shared` if it wants to leave something.
///
/// # Panics
/// If the script fails or takes too long; says what it printed.
pub fn run(script: &str, shared: &Path, seconds_max: u32) -> String {
    run_with(&[], script, shared, seconds_max)
}

/// As [`run`], with images as read-only disks: `/dev/disk0` and on.
///
/// # Panics
/// As [`run`].
pub fn run_with(disks: &[&Path], script: &str, shared: &Path, seconds_max: u32) -> String {
    let runner = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/run");
    let mut command: Command = process::command(runner);
    command.args(["--timeout", &seconds_max.to_string(), "--mem", "768", "--share"]);
    command.arg(shared);
    for disk in disks {
        command.arg("--disk").arg(format!("{},ro", disk.display()));
    }
    command.arg("-c").arg(format!("{PROLOGUE}{script}"));
    let output: Output = command.output().expect("tests/guest/run can be started");
    assert!(output.status.success(), "in the guest: {}", process::describe(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
