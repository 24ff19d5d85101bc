//! Laying a tree down on disk.

use super::{Content, Node, Tree};
use crate::require::is_root;
use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, makedev, mknodat, utimensat};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

impl Tree {
    /// Makes every file below `root`, which is made too.
    ///
    /// # Panics
    /// If anything cannot be made: device nodes are for root only.
    pub fn lay(&self, root: &Path) {
        let is_link = |(_, node): &(_, &Node)| matches!(node.content, Content::HardLink(_));
        let (links, files): (Vec<_>, Vec<_>) = self.nodes.iter().partition(is_link);
        for (path, node) in files.into_iter().chain(links) {
            let made = self.make(root, path, node);
            made.unwrap_or_else(|error| panic!("{}: {error}", path.escape_ascii()));
        }
        for (path, node) in self.nodes.iter().rev() {
            let dressed = dress(&at(root, path), node);
            dressed.unwrap_or_else(|error| panic!("{}: {error}", path.escape_ascii()));
        }
    }

    fn make(&self, root: &Path, path: &[u8], node: &Node) -> std::io::Result<()> {
        let at_path = at(root, path);
        match &node.content {
            Content::Noise(_) | Content::Bytes(_) => fs::write(at_path, self.contents(path)),
            Content::Directory => fs::create_dir_all(at_path),
            Content::SymbolicLink(target) => symlink(OsStr::from_bytes(target), at_path),
            Content::Fifo => make_node(&at_path, FileType::Fifo, (0, 0)),
            Content::BlockDevice(major, minor) => {
                make_node(&at_path, FileType::BlockDevice, (*major, *minor))
            }
            Content::CharacterDevice(major, minor) => {
                make_node(&at_path, FileType::CharacterDevice, (*major, *minor))
            }
            Content::HardLink(other) => fs::hard_link(at(root, other), at_path),
        }
    }
}

/// The owner that a file can be given: any by root, oneself otherwise.
pub(super) fn owner_or(wanted: (u32, u32)) -> (u32, u32) {
    if is_root() {
        return wanted;
    }
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

fn at(root: &Path, path: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(path))
}

fn make_node(path: &Path, kind: FileType, (major, minor): (u32, u32)) -> std::io::Result<()> {
    Ok(mknodat(CWD, path, kind, Mode::RUSR, makedev(major, minor))?)
}

/// Owner first, which clears set-id bits; time last.
fn dress(path: &Path, node: &Node) -> std::io::Result<()> {
    if matches!(node.content, Content::HardLink(_)) {
        return Ok(());
    }
    lchown(path, Some(node.uid), Some(node.gid))?;
    if !matches!(node.content, Content::SymbolicLink(_)) {
        fs::set_permissions(path, fs::Permissions::from_mode(node.mode))?;
    }
    let time = Timespec { tv_sec: node.modified, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
