//! Walking a path inside an image.

use super::volume::Volume;
use abi::{Errno, FileType};
use anyhow::Result;
use std::collections::VecDeque;
use vfs::Vnode;

/// Symbolic links followed in one path before it is called a circle, as BSD's MAXSYMLINKS.
const LINKS_MAX: u32 = 32;

/// Whether a symbolic link at the end of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It stands for its target.
    Follow,
    /// It is what was meant.
    Keep,
}

/// The file at `path`, which starts at the image's root with or without a slash. Links, absolute
/// ones too, never lead out of the image.
pub fn find(volume: &Volume, path: &[u8], last: Last) -> Result<Vnode> {
    find_of(volume, path, path, last)
}

/// The same; errors name `whole`, of which `path` is a part.
fn find_of(volume: &Volume, whole: &[u8], path: &[u8], last: Last) -> Result<Vnode> {
    let (rest, file) = (components(path), volume.root());
    let mut walk = Walk { volume, path: whole, rest, file, links: 0 };
    while let Some(name) = walk.rest.pop_front() {
        walk.step(&name, last)?;
    }
    Ok(walk.file)
}

/// The directory that the last name of `path` is in, and that name.
///
/// # Errors
/// If the directory is not there, or the path ends in no name of its own.
pub fn find_parent<'a>(volume: &Volume, path: &'a [u8]) -> Result<(Vnode, &'a [u8])> {
    let name = last_name(path).filter(|&name| !matches!(name, b"." | b".."));
    let name = name.ok_or_else(|| volume.error(path, Errno::Invalid))?;
    Ok((find_of(volume, path, parent(path), Last::Follow)?, name))
}

/// The directory at `path`, if that is one. A path that ends in a slash has to be.
pub fn directory_at(volume: &Volume, path: &[u8]) -> Result<Option<Vnode>> {
    let found = find(volume, path, Last::Follow);
    if path.ends_with(b"/") {
        return found.map(Some);
    }
    let Ok(file) = found else { return Ok(None) };
    let is_directory = volume.attributes(path, &file)?.file_type == FileType::Directory;
    Ok(is_directory.then_some(file))
}

/// The path of the directory above everything on the way to `path`, one after another, and
/// `path` itself.
pub fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let path = trim(path);
    let is_end = |index: &usize| *index > 0 && path[*index] == b'/' && path[index - 1] != b'/';
    let slashes = (0..path.len()).filter(is_end);
    slashes.chain([path.len()]).map(|end| &path[..end])
}

/// A path without its last name.
fn parent(path: &[u8]) -> &[u8] {
    let path = trim(path);
    &path[..path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1)]
}

/// A path without slashes at its end: nothing is left of the root's.
pub fn trim(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    &path[..end]
}

/// The last name of a path; `None` for the root.
pub fn last_name(path: &[u8]) -> Option<&[u8]> {
    trim(path).rsplit(|&byte| byte == b'/').next().filter(|name| !name.is_empty())
}

/// The path of `name` in the directory at `path`.
pub fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    [trim(path), b"/", name].concat()
}

/// The names in a path; a trailing slash asks for a directory, as `.` does.
fn components(path: &[u8]) -> VecDeque<Vec<u8>> {
    let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
    let mut names: VecDeque<_> = names.map(<[u8]>::to_vec).collect();
    if path.ends_with(b"/") {
        names.push_back(b".".to_vec());
    }
    names
}

struct Walk<'a> {
    volume: &'a Volume,
    /// What errors name.
    path: &'a [u8],
    /// Names still to be looked up.
    rest: VecDeque<Vec<u8>>,
    /// Where the walk stands: for a relative link, the directory that holds it.
    file: Vnode,
    links: u32,
}

impl Walk<'_> {
    fn step(&mut self, name: &[u8], last: Last) -> Result<()> {
        let found = self.volume.lookup(&self.file, name);
        let found = found.map_err(|errno| self.volume.error(self.path, errno))?;
        let is_end = self.rest.is_empty() && last == Last::Keep;
        let attributes = self.volume.attributes(self.path, &found)?;
        if attributes.file_type == FileType::SymbolicLink && !is_end {
            return self.follow(&found);
        }
        self.file = found;
        Ok(())
    }

    fn follow(&mut self, link: &Vnode) -> Result<()> {
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(self.volume.error(self.path, Errno::TooManyLinks));
        }
        let target = self.volume.read_link(self.path, link)?;
        if target.starts_with(b"/") {
            self.file = self.volume.root();
        }
        for name in components(&target).into_iter().rev() {
            self.rest.push_front(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_what_is_above() {
        let all = |path| prefixes(path).collect::<Vec<&[u8]>>();
        assert_eq!(all(b"/a//b/c/"), [&b"/a"[..], b"/a//b", b"/a//b/c"]);
        assert_eq!(all(b"a/b"), [&b"a"[..], b"a/b"]);
        assert_eq!(
            (parent(b"/a/b/"), parent(b"/a"), parent(b"a")),
            (&b"/a/"[..], &b"/"[..], &b""[..])
        );
    }
}
