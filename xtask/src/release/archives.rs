//! A Debian package and a tar archive of one tree, by the tools that every Debian has.

use super::output;
use super::tree::{Tree, walk, write};
use crate::test::runner::succeed;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

/// What a package is called after, and when it was made.
pub struct Stamp {
    /// The moment that every file is of.
    pub epoch_seconds: u64,
    /// The program's version.
    pub version: String,
}

/// Makes both. Where there is no dpkg-deb, the archive alone.
pub fn make(tree: &Tree, stamp: &Stamp, output: &Path) -> Result<Vec<PathBuf>, String> {
    settle(&tree.root, stamp)?;
    let mut made = vec![archive(tree, stamp, output)?];
    let probe = Command::new("dpkg-deb").arg("--version").stdout(Stdio::null()).status();
    match probe {
        Ok(_) => made.push(package(tree, stamp, output)?),
        Err(error) => println!("no Debian package: dpkg-deb: {error}"),
    }
    Ok(made)
}

/// Gives folders the same mode everywhere, and everything the same time.
fn settle(root: &Path, stamp: &Stamp) -> Result<(), String> {
    let moment = UNIX_EPOCH + Duration::from_secs(stamp.epoch_seconds);
    for path in walk(root)? {
        let settle = || {
            if path.is_dir() {
                fs::set_permissions(&path, Permissions::from_mode(0o755))?;
            }
            File::open(&path)?.set_times(FileTimes::new().set_modified(moment))
        };
        settle().map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn archive(tree: &Tree, stamp: &Stamp, folder: &Path) -> Result<PathBuf, String> {
    let name = format!("vnfsd-{}-{}", stamp.version, std::env::consts::ARCH);
    let plain = folder.join(format!("{name}.tar"));
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sort=name", "--format=gnu", "--numeric-owner"]);
    tar.args(["--owner=0", "--group=0", &format!("--mtime=@{}", stamp.epoch_seconds)]);
    tar.arg(format!("--transform=s,^\\.,{name},")).arg("--file").arg(&plain);
    succeed(tar.arg("--directory").arg(&tree.root).arg("."))?;
    succeed(Command::new("gzip").args(["--best", "--no-name", "--force"]).arg(&plain))?;
    Ok(plain.with_extension("tar.gz"))
}

fn package(tree: &Tree, stamp: &Stamp, folder: &Path) -> Result<PathBuf, String> {
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    let architecture = architecture.trim();
    let files: Vec<_> = walk(&tree.root)?.into_iter().filter(|path| path.is_file()).collect();
    fill_in(&tree.control.join("control"), &files, stamp, architecture)?;
    write(&tree.control.join("md5sums"), sums(&tree.root, &files)?.as_bytes(), 0o644)?;
    let inside = tree.root.join("DEBIAN");
    fs::rename(&tree.control, &inside).map_err(|error| format!("{}: {error}", inside.display()))?;
    settle(&tree.root, stamp)?;
    let made = folder.join(format!("vnfsd_{}_{architecture}.deb", stamp.version));
    let mut build = Command::new("dpkg-deb");
    build
        .args(["--build", "--root-owner-group", "-Zxz", "--threads-max=1"])
        .arg(&tree.root)
        .arg(&made);
    build.env("SOURCE_DATE_EPOCH", stamp.epoch_seconds.to_string());
    succeed(build.stdout(Stdio::null()))?;
    look_over(&made)?;
    Ok(made)
}

/// Puts into the package's description what is known only now.
fn fill_in(
    control: &Path,
    files: &[PathBuf],
    stamp: &Stamp,
    architecture: &str,
) -> Result<(), String> {
    let fail = |error| format!("{}: {error}", control.display());
    let mut text = fs::read_to_string(control).map_err(fail)?;
    let values = [
        ("@VERSION@", stamp.version.clone()),
        ("@ARCHITECTURE@", architecture.to_owned()),
        ("@INSTALLED_KIB@", installed_kib(files)?.to_string()),
        ("@LIBC@", library_version()?),
    ];
    for (place, value) in values {
        text = text.replace(place, &value);
    }
    fs::write(control, text).map_err(fail)
}

/// Space that files take, as Debian's policy counts it.
fn installed_kib(files: &[PathBuf]) -> Result<u64, String> {
    let kib = |path: &PathBuf| fs::metadata(path).map(|data| data.len().div_ceil(1024));
    let kib: Result<Vec<_>, _> = files.iter().map(kib).collect();
    kib.map(|all| all.iter().sum()).map_err(|error| format!("a file that was just made: {error}"))
}

/// The C library that the program was linked with: an older one may lack something.
fn library_version() -> Result<String, String> {
    let said = output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    let version = said.split_whitespace().nth(1);
    version.map(str::to_owned).ok_or(format!("getconf tells no version of the C library: {said:?}"))
}

/// What dpkg --verify compares with.
fn sums(root: &Path, files: &[PathBuf]) -> Result<String, String> {
    let names = files.iter().map(|path| path.strip_prefix(root).unwrap_or(path));
    // Files of an administrator are to be changed.
    let names = names.filter(|name| !name.starts_with("etc"));
    output(Command::new("md5sum").args(names).current_dir(root))
}

/// Has the package looked over by lintian, where there is one.
fn look_over(package: &Path) -> Result<(), String> {
    let mut lintian = Command::new("lintian");
    lintian.args(["--fail-on", "error", "--no-tag-display-limit"]).arg(package);
    match lintian.status() {
        Err(_) => Ok(()),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("lintian: {status}")),
    }
}
