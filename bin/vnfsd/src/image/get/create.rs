//! Files of every kind, made new on the host.

use abi::{Attributes, Timestamp};
use anyhow::{Context, Result};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::Path;

/// Mode bits that are kept: owners are not, so set-id bits would give away the caller.
const MODE_KEPT: u32 = 0o1777;

/// What is said of a file that cannot be made.
pub fn cannot(path: &Path) -> String {
    format!("{}: cannot be made", path.display())
}

/// Makes a directory that its owner alone may use until it is finished.
pub fn directory(path: &Path) -> Result<()> {
    DirBuilder::new().mode(0o700).create(path).with_context(|| cannot(path))
}

/// Makes a symbolic link with the times of the one in the image.
pub fn symbolic_link(path: &Path, target: &[u8], attributes: &Attributes) -> Result<()> {
    symlink(OsStr::from_bytes(target), path).with_context(|| cannot(path))?;
    set_times(path, attributes)
}

/// Makes a named pipe.
#[cfg(not(target_vendor = "apple"))]
pub fn fifo(path: &Path, attributes: &Attributes) -> Result<()> {
    use rustix::fs::{Mode, mkfifoat};
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).with_context(|| cannot(path))?;
    finish(path, attributes)
}

/// Apple's systems have no mkfifoat(2).
#[cfg(target_vendor = "apple")]
pub fn fifo(path: &Path, _: &Attributes) -> Result<()> {
    anyhow::bail!("{}: a named pipe, which cannot be made here", path.display())
}

/// Gives a file that was just made its mode and, last of all, its times.
pub fn finish(path: &Path, attributes: &Attributes) -> Result<()> {
    let permissions = Permissions::from_mode(attributes.mode & MODE_KEPT);
    let set = fs::set_permissions(path, permissions);
    set.with_context(|| format!("{}: its mode cannot be set", path.display()))?;
    set_times(path, attributes)
}

fn set_times(path: &Path, attributes: &Attributes) -> Result<()> {
    let times = Timestamps {
        last_access: timespec(attributes.accessed),
        last_modification: timespec(attributes.modified),
    };
    let set = utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW);
    set.with_context(|| format!("{}: its times cannot be set", path.display()))
}

fn timespec(time: Timestamp) -> Timespec {
    Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds.into() }
}
