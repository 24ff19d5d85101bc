//! What `cargo xtask release` makes: installed into a root of its own, looked at, and removed.

mod target;

use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use suite::process::{run, text};
use suite::program::{vnfsd, xtask};
use suite::require;
use suite::server::Server;
use target::Target;
use tempfile::TempDir;

/// Most that `systemd-analyze security` may find, in tenths: below 2.0 there is little left to find.
const EXPOSURE_MAX: u32 = 20;

/// A release of the program that the suite judges.
struct Release {
    folder: TempDir,
}

impl Release {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut release = Command::new(xtask());
        release.args(["release", "--program"]).arg(vnfsd()).arg("--output").arg(folder.path());
        run(&mut release);
        Self { folder }
    }

    /// The one file with this ending.
    fn file(&self, ending: &str) -> PathBuf {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        let found = paths.find(|path| path.to_string_lossy().ends_with(ending));
        found.unwrap_or_else(|| panic!("no {ending} was made"))
    }
}

fn are_tools_there() -> bool {
    require::tools(&["dpkg", "strip"])
}

#[test]
fn two_releases_are_the_same_bytes() {
    if !are_tools_there() {
        return;
    }
    let (one, other) = (Release::make(), Release::make());
    for ending in [".deb", ".tar.gz"] {
        let read = |release: &Release| fs::read(release.file(ending)).expect("a file");
        assert!(read(&one) == read(&other), "{ending}: they differ");
    }
    assert_eq!(files_of_archive(&one.file(".tar.gz")), files_of_package(&one.file(".deb")));
}

fn files_of_archive(archive: &Path) -> BTreeSet<String> {
    let names = text(Command::new("tar").arg("--list").arg("--gzip").arg("--file").arg(archive));
    // Below a folder that tells the version.
    let below = names.lines().filter_map(|name| name.split_once('/').map(|(_, name)| name));
    below.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn files_of_package(package: &Path) -> BTreeSet<String> {
    let shown = text(Command::new("dpkg-deb").arg("--contents").arg(package));
    let names = shown.lines().filter_map(|line| line.rsplit_once(" ./").map(|(_, name)| name));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn it_is_installed_serves_and_is_removed() {
    if !are_tools_there() || !require::root() {
        return;
    }
    let (release, target) = (Release::make(), Target::new());
    let others = target.files();
    target.dpkg(["--install"], &release.file(".deb"));
    assert_eq!(target.mode("usr/bin/vnfsd"), 0o755);
    assert_eq!(target.mode("etc/vnfsd/fleet.toml"), 0o644);
    assert_eq!(target.mode("usr/lib/systemd/system/vnfsd.service"), 0o644);
    for page in ["vnfsd.1.gz", "vnfsd-serve.1.gz", "vnfsd-fsck.1.gz"] {
        assert!(target.path("usr/share/man/man1").join(page).is_file(), "{page}");
    }
    assert_eq!(target.ask(["--verify", "vnfsd"]), "", "all is as it was packed");

    let installed = target.path("usr/bin/vnfsd");
    run(Command::new(&installed).arg("check").arg(target.path("etc/vnfsd/fleet.toml")));
    let mut serve = suite::process::command(&installed);
    serve.args(["serve", "--memory", "16M", "--listen", "127.0.0.1:0"]);
    Server::launch(&mut serve).expect("it serves").stop(Signal::TERM);

    let fleet = target.path("etc/vnfsd/fleet.toml");
    fs::write(&fleet, "# mine\n").expect("a file that an administrator changes");
    target.ask(["--remove", "vnfsd"]);
    assert!(!installed.exists());
    assert_eq!(fs::read_to_string(&fleet).expect("it is kept"), "# mine\n");
    target.ask(["--purge", "vnfsd"]);
    assert_eq!(target.files(), others, "nothing is left behind");
}

#[test]
fn systemd_understands_the_units_and_finds_them_tight() {
    if !require::tools(&["systemd-analyze"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let units = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/systemd");
    for (unit, called) in
        [("vnfsd.service", "vnfsd.service"), ("vnfsd@.service", "vnfsd@a.service")]
    {
        let unit = fs::read_to_string(Path::new(units).join(unit)).expect("a unit");
        // Nothing is installed here: a program that is there stands for it.
        let unit = unit.replace("/usr/bin/vnfsd", "/bin/true");
        let path = folder.path().join(called);
        fs::write(&path, unit).expect("a copy");
        let verified = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path));
        assert_eq!(String::from_utf8_lossy(&verified.stderr), "", "{called}");
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        let security = ["security", "--offline=true", "--no-pager", &threshold];
        run(Command::new("systemd-analyze").args(security).arg(&path));
    }
}
