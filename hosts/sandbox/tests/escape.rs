//! Breaking out: everything that somebody who runs code in a confined process would try, tried.
//!
//! A test starts `sandbox-escape` (src/bin/escape), which makes every attempt and says what came of each.
//! The same attempts are made without a sandbox as well: what is refused there too would show nothing.
#![cfg(target_os = "linux")]

use sandbox::Rules;
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Command;
use tempfile::TempDir;

/// What is there to be reached: images of two tenants, a socket, two ports.
struct Stage {
    folder: TempDir,
    _peer: UnixListener,
    others: TcpListener,
    own_port: u16,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for tenant in ["own", "other", "read", "sockets"] {
            fs::create_dir(folder.path().join(tenant)).expect("it can be made");
            fs::write(folder.path().join(tenant).join("disk.img"), tenant).expect("it can be made");
        }
        symlink(folder.path().join("other/disk.img"), folder.path().join("own/link"))
            .expect("it can be made");
        let address = SocketAddr::from_abstract_name(name(&folder)).expect("it can be made");
        let peer = UnixListener::bind_addr(&address).expect("it can be made");
        let others = TcpListener::bind("127.0.0.1:0").expect("it can be made");
        let free = TcpListener::bind("127.0.0.1:0").expect("it can be made");
        let own_port = free.local_addr().expect("it has one").port();
        Self { folder, _peer: peer, others, own_port }
    }

    /// What comes of everything that a process tries here in its part.
    fn play(&self, part: &str) -> BTreeMap<String, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox-escape"));
        let ports = [self.own_port, self.others.local_addr().expect("it has one").port()];
        command.arg(part).arg(self.folder.path()).arg(name(&self.folder));
        let output = command.args(ports.map(|port| port.to_string())).output().expect("it is run");
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{said}\n{errors}", output.status);
        let result = |line: &str| line.split_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned()));
        said.lines().filter_map(result).collect()
    }
}

/// The abstract name of a socket that is there.
fn name(folder: &TempDir) -> String {
    format!("vnfsd-escape-{}", folder.path().display())
}

fn is_refused(result: &str) -> bool {
    [libc::EPERM, libc::EACCES].iter().any(|code| result.starts_with(&format!("{code} (")))
}

/// Whether this kernel has all that is tested here.
fn holds_back_everything(told: &BTreeMap<String, String>) -> bool {
    let lack = told.get("lack");
    lack.inspect(|lack| eprintln!("skipped: {lack}")).is_none()
}

#[test]
fn every_attempt_is_refused() {
    let told = Stage::new().play("confined");
    if !holds_back_everything(&told) {
        return;
    }
    assert!(told.len() > 60, "all of them were made: {told:#?}");
    let escapes: Vec<_> = told.iter().filter(|(_, result)| !is_refused(result)).collect();
    assert!(escapes.is_empty(), "{escapes:#?}");
}

#[test]
fn without_a_sandbox_none_is() {
    if !is_root() {
        eprintln!("skipped: not root, who alone may try everything");
        return;
    }
    let told = Stage::new().play("free");
    let refused: Vec<_> = told.iter().filter(|(_, result)| is_refused(result)).collect();
    assert!(refused.is_empty(), "it shows nothing that these are refused: {refused:#?}");
}

#[test]
fn what_was_named_stays_within_reach() {
    let told = Stage::new().play("work");
    let works = told.iter().filter(|(name, _)| name.as_str() != "lack");
    let failures: Vec<_> = works.filter(|(_, result)| result.as_str() != "done").collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn who_has_threads_is_not_confined_by_halves() {
    let waits = std::thread::spawn(std::thread::park);
    let refused = sandbox::enter(&Rules::default()).expect_err("it is refused");
    assert!(refused.to_string().contains("only the first can be confined"), "{refused}");
    waits.thread().unpark();
    waits.join().expect("it ends");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
