//! What a scenario needs of the machine, and what happens if it is not there.
//!
//! A missing program skips the scenario with a notice, so that the suite is of use on any
//! machine; where programs are promised (`CI` or `VNFSD_REQUIRE_TOOLS` is set) it fails instead.
//! Notices are also appended to the file `VNFSD_SKIPPED` names, for whoever runs the suite.

use std::collections::BTreeSet;
use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Programs and the Debian packages they come in; `tests/packages.txt` lists the packages.
const PACKAGES: &[(&str, &str)] = &[
    ("dbench", "dbench"),
    ("dnsmasq", "dnsmasq-base"),
    ("dpkg", "dpkg"),
    ("fls", "sleuthkit"),
    ("fsstat", "sleuthkit"),
    ("gcc", "gcc"),
    ("git", "git"),
    ("icat", "sleuthkit"),
    ("ip", "iproute2"),
    ("istat", "sleuthkit"),
    ("linux.uml", "user-mode-linux"),
    ("make", "make"),
    ("makefs", "makefs"),
    ("modprobe", "kmod"),
    ("mount.nfs", "nfs-common"),
    ("nfs-cat", "libnfs-utils"),
    ("nfs-cp", "libnfs-utils"),
    ("nfs-ls", "libnfs-utils"),
    ("python3", "python3"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("rpcbind", "rpcbind"),
    ("rpcinfo", "rpcbind"),
    ("showmount", "nfs-common"),
    ("sqlite3", "sqlite3"),
    ("strace", "strace"),
    ("stress-ng", "stress-ng"),
    ("strip", "binutils"),
    ("systemd-analyze", "systemd"),
    ("tshark", "tshark"),
];

/// Whether all of `programs` are installed. If not, says so; the caller returns.
///
/// # Panics
/// If one is missing where they are promised.
pub fn tools(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| find(program).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    let packages: BTreeSet<_> = missing.iter().map(|program| package(program)).collect();
    let packages: Vec<_> = packages.into_iter().collect();
    skip(&format!("no {missing:?} (install {})", packages.join(" ")))
}

/// Whether the suite runs as root. If not, says so; the caller returns.
///
/// # Panics
/// If it does not where everything is promised.
pub fn root() -> bool {
    is_root() || skip("not root")
}

/// Whether the suite runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The path of an installed program, looked for also where only root looks.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

fn package(program: &str) -> &'static str {
    let row = PACKAGES.iter().find(|(name, _)| *name == program);
    row.unwrap_or_else(|| panic!("{program} has no row in PACKAGES")).1
}

fn skip(reason: &str) -> bool {
    let promised = ["CI", "VNFSD_REQUIRE_TOOLS"].iter().any(|name| env::var_os(name).is_some());
    assert!(!promised, "{reason}, and nothing may be skipped here");
    let scenario = std::thread::current().name().unwrap_or("scenario").to_owned();
    let notice = format!("skipped: {scenario}: {reason}");
    eprintln!("{notice}");
    if let Some(path) = env::var_os("VNFSD_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{notice}"));
        written.expect("VNFSD_SKIPPED names a file that can be written");
    }
    false
}
