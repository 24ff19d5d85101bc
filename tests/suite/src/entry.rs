//! What a file is, whoever says so: the tree it was made from, NFS, or the command line.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Files by path relative to the root; the root itself is the empty path.
pub type Listing = BTreeMap<Vec<u8>, Entry>;

/// One file, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its kind, and what that kind holds.
    pub kind: Kind,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Names.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// When its contents last changed: seconds and nanoseconds.
    pub modified: (i64, u32),
}

/// The kinds of file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Regular: size and SHA-256.
    Regular(u64, String),
    /// Directory.
    Directory,
    /// Symbolic link: its target.
    SymbolicLink(Vec<u8>),
    /// Named pipe.
    Fifo,
    /// Unix-domain socket.
    Socket,
    /// Block device: major and minor.
    BlockDevice(u32, u32),
    /// Character device: major and minor.
    CharacterDevice(u32, u32),
}

impl Kind {
    /// A regular file with these contents.
    pub fn regular(contents: &[u8]) -> Self {
        Self::Regular(contents.len() as u64, digest(contents))
    }
}

/// SHA-256 in hexadecimal.
pub fn digest(contents: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(contents) {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text
}
