//! Load on a server by `nfsload`, which verifies every word that it reads, and reads back what it
//! wrote.

use crate::process;
use crate::program::nfsload;
use serde_json::Value;
use std::ffi::OsStr;
use std::process::Command;

/// How long each workload goes on: long enough to fill all windows, and short enough for a trace.
const SECONDS: &str = "0.1";

/// The arguments of a run that is short whatever the machine: few and small files, everything
/// verified.
const SHORT: [&str; 17] = [
    "bench",
    "--nfs-port",
    "2049",
    "--mount-port",
    "2049",
    "--entries",
    "200",
    "--big-mib",
    "4",
    "--write-mib",
    "2",
    "--verify",
    "full",
    "--warmup",
    "0",
    "--repeat",
    "1",
];

/// Loads the server that answers at `host` with these workloads, on so many connections with so
/// many calls outstanding each, and returns how many calls were answered. `command` makes a command
/// where that host is to be found.
///
/// # Panics
/// If a call is refused, or an answer is wrong.
pub fn load(
    command: impl Fn(&OsStr) -> Command,
    host: &str,
    workloads: &[&str],
    shape: &str,
) -> u64 {
    let mut run = command(nfsload().as_os_str());
    run.args(SHORT).args(["--secs", SECONDS, "--host", host, "--shapes", shape]);
    let printed = process::text(run.args(["--workloads", &workloads.join(",")]));
    assert_eq!(printed.lines().count(), workloads.len(), "{printed}");
    printed.lines().map(calls).sum()
}

fn calls(line: &str) -> u64 {
    let run: Value = serde_json::from_str(line).expect("a JSON object for each run");
    assert!(run["errors"] == 0 && run["aborted"].is_null(), "{line}");
    run["ops"].as_u64().expect("a number")
}
