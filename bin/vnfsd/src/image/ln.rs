//! `vnfsd image ln`.

use super::path::{Last, directory_at, find, find_parent, join, last_name};
use super::volume::Volume;
use abi::{Errno, SetTime};
use anyhow::Result;
use rustix::process::{getegid, geteuid};
use vfs::{NewFile, NewKind, Vnode};

/// Gives the file at `target` the further name `path`, or, in a directory there, its own.
pub fn hard(volume: &Volume, target: &[u8], path: &[u8]) -> Result<()> {
    let file = find(volume, target, Last::Keep)?;
    at(volume, target, path, |path, directory, name| volume.link(path, &file, directory, name))
}

/// Makes a symbolic link to `target`, whatever that is.
pub fn symbolic(volume: &Volume, target: &[u8], path: &[u8]) -> Result<()> {
    let new = NewFile {
        kind: NewKind::SymbolicLink(target),
        mode: 0o777,
        uid: geteuid().as_raw(),
        gid: getegid().as_raw(),
        accessed: SetTime::Keep,
        modified: SetTime::Keep,
    };
    at(volume, target, path, |path, directory, name| {
        volume.create(path, directory, name, &new).map(drop)
    })
}

fn at(
    volume: &Volume,
    target: &[u8],
    path: &[u8],
    link: impl FnOnce(&[u8], &Vnode, &[u8]) -> Result<()>,
) -> Result<()> {
    let Some(directory) = directory_at(volume, path)? else {
        let (directory, name) = find_parent(volume, path)?;
        return link(path, &directory, name);
    };
    let name = last_name(target).ok_or_else(|| volume.error(target, Errno::Invalid))?;
    link(&join(path, name), &directory, name)
}
