//! A network namespace of a test's own: the test runs once more, alone in a child process, in it.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Says to the child which test it is to be.
const INSIDE: &str = "VNFSD_TEST_IN_NAMESPACE";

/// Set where there can be no namespaces or taps: what needs them is skipped, with a notice.
const NONE_HERE: &str = "VNFSD_NO_NAMESPACES";

/// Runs `body` in a namespace with nothing but its loopback. `test` is the test's full name.
///
/// # Panics
/// If there can be none, unless `VNFSD_NO_NAMESPACES` says that this is known.
pub fn inside(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some_and(|name| name == test) {
        return body();
    }
    if let Some(reason) = what_is_missing() {
        return skip(test, &reason);
    }
    let program = env::current_exe().expect("this program has a name");
    let status = unshare()
        .arg(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, test)
        .status()
        .expect("unshare was there a moment ago");
    assert!(status.success(), "{test}, in a namespace: {status}");
}

/// A command in a new namespace.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--"]);
    command
}

fn what_is_missing() -> Option<String> {
    if !Path::new("/dev/net/tun").exists() {
        return Some("there is no /dev/net/tun".into());
    }
    match unshare().arg("true").output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("no unshare(1): {error}")),
    }
}

fn skip(test: &str, reason: &str) {
    let known = env::var_os(NONE_HERE).is_some();
    assert!(known, "{test} needs a network namespace and a tap: {reason} (or set {NONE_HERE})");
    let notice = format!("skipped: {test}: {reason}");
    eprintln!("{notice}");
    if let Some(path) = env::var_os("VNFSD_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| writeln!(file, "{notice}"))
            .expect("VNFSD_SKIPPED names a file that can be written");
    }
}

/// Runs ip(8).
pub fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    let status = status.expect("ip is there (install iproute2)");
    assert!(status.success(), "ip {arguments}: {status}");
}
