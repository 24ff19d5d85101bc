//! What a test needs of the machine.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

/// Whether this command runs without fault. If not, says so; the caller returns. Where programs are
/// promised that is a failure.
pub fn command(words: &[&str], package: &str) -> bool {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success()) || skip(&format!("no {package}"))
}

fn skip(reason: &str) -> bool {
    let promised = ["CI", "VNFSD_REQUIRE_TOOLS"].iter().any(|name| env::var_os(name).is_some());
    assert!(!promised, "{reason}, and nothing may be skipped here");
    let thread = thread::current();
    let notice = format!("skipped: {}: {reason}", thread.name().unwrap_or("test"));
    eprintln!("{notice}");
    if let Some(path) = env::var_os("VNFSD_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{notice}"));
        written.expect("VNFSD_SKIPPED names a file that can be written");
    }
    false
}
