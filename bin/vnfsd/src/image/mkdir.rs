//! `vnfsd image mkdir`.

use super::mode::Mode;
use super::path::{Last, find, find_parent, prefixes};
use super::volume::Volume;
use abi::{Errno, FileType, SetTime};
use anyhow::Result;
use rustix::process::{getegid, geteuid};
use vfs::{NewFile, NewKind};

/// The mode of a directory of which nothing else is said.
const USUAL_MODE: u32 = 0o755;

/// Makes the directory at `path`, and with `parents` those above it that are missing; then one
/// that is there already is as good.
pub fn run(volume: &Volume, path: &[u8], parents: bool, mode: Option<&Mode>) -> Result<()> {
    let last_mode = mode.map_or(USUAL_MODE, |mode| mode.apply(USUAL_MODE, true));
    if !parents {
        return make(volume, path, last_mode);
    }
    let prefixes: Vec<_> = prefixes(path).collect();
    for (index, prefix) in prefixes.iter().enumerate() {
        let is_last = index + 1 == prefixes.len();
        pass(volume, prefix, if is_last { last_mode } else { USUAL_MODE })?;
    }
    Ok(())
}

/// Makes the directory at `path` unless there is one.
fn pass(volume: &Volume, path: &[u8], mode: u32) -> Result<()> {
    let Ok(present) = find(volume, path, Last::Follow) else { return make(volume, path, mode) };
    match volume.attributes(path, &present)?.file_type {
        FileType::Directory => Ok(()),
        _ => Err(volume.error(path, Errno::NotDirectory)),
    }
}

fn make(volume: &Volume, path: &[u8], mode: u32) -> Result<()> {
    let (directory, name) = find_parent(volume, path)?;
    let new = NewFile {
        kind: NewKind::Directory,
        mode,
        uid: geteuid().as_raw(),
        gid: getegid().as_raw(),
        accessed: SetTime::Keep,
        modified: SetTime::Keep,
    };
    volume.create(path, &directory, name, &new).map(drop)
}
