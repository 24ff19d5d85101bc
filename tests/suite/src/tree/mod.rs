//! Trees of files to make images from: described first, then laid down on disk, so that what a
//! server shows is judged by the description.

mod lay;
mod sample;

use crate::entry::{Entry, Kind, Listing};
use std::collections::BTreeMap;

/// Files by path relative to the root; the root itself is the empty path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

/// One name and the file it leads to.
#[derive(Clone, Debug)]
pub struct Node {
    content: Content,
    mode: u32,
    uid: u32,
    gid: u32,
    modified: i64,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A regular file of so many bytes of noise, which its path determines.
    Noise(usize),
    /// A regular file.
    Bytes(Vec<u8>),
    /// A directory.
    Directory,
    /// A symbolic link.
    SymbolicLink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A block device: major and minor.
    BlockDevice(u32, u32),
    /// A character device: major and minor.
    CharacterDevice(u32, u32),
    /// Another name of the file at this path.
    HardLink(Vec<u8>),
}

impl Node {
    /// A file of root's with the usual mode, modified at an unremarkable time.
    pub fn new(content: Content) -> Self {
        let mode = match content {
            Content::Directory => 0o755,
            Content::SymbolicLink(_) => 0o777,
            _ => 0o644,
        };
        let (uid, gid) = lay::owner_or((0, 0));
        Self { content, mode, uid, gid, modified: 1_254_355_200 }
    }

    /// With these permission, set-id and sticky bits.
    pub fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// With this owner and group, where we may give files away.
    pub fn owner(self, uid: u32, gid: u32) -> Self {
        let (uid, gid) = lay::owner_or((uid, gid));
        Self { uid, gid, ..self }
    }

    /// With this time of modification, in whole seconds: makefs drops the rest.
    pub fn modified(self, modified: i64) -> Self {
        Self { modified, ..self }
    }
}

impl Tree {
    /// A root directory with nothing in it.
    pub fn empty() -> Self {
        let mut tree = Self::default();
        tree.add("", Node::new(Content::Directory));
        tree
    }

    /// Adds a name; its directory must be there.
    ///
    /// # Panics
    /// If it is not.
    pub fn add(&mut self, path: impl AsRef<[u8]>, node: Node) {
        let path = path.as_ref();
        let parent = parent(path).map(|parent| &self.nodes[parent].content);
        assert!(parent.is_none_or(|parent| *parent == Content::Directory), "no directory");
        self.nodes.insert(path.to_owned(), node);
    }

    /// Adds a regular file of noise.
    pub fn add_noise(&mut self, path: impl AsRef<[u8]>, length: usize) {
        self.add(path, Node::new(Content::Noise(length)));
    }

    /// Adds an ordinary directory.
    pub fn add_directory(&mut self, path: impl AsRef<[u8]>) {
        self.add(path, Node::new(Content::Directory));
    }

    /// Every path.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.nodes.keys().map(Vec::as_slice)
    }

    /// The contents of a regular file.
    ///
    /// # Panics
    /// If it is none.
    pub fn contents(&self, path: &[u8]) -> Vec<u8> {
        match &self.nodes[path].content {
            Content::Noise(length) => noise(path, *length),
            Content::Bytes(bytes) => bytes.clone(),
            Content::HardLink(other) => self.contents(other),
            other => panic!("{other:?} has no contents"),
        }
    }

    /// What a server should show.
    pub fn listing(&self) -> Listing {
        let links = self.links();
        let entries = self.nodes.keys().map(|path| (path.clone(), self.entry(path, &links)));
        entries.collect()
    }

    fn entry(&self, path: &[u8], links: &BTreeMap<&[u8], u32>) -> Entry {
        let node = &self.nodes[path];
        let kind = match &node.content {
            Content::Noise(_) | Content::Bytes(_) => Kind::regular(&self.contents(path)),
            Content::Directory => Kind::Directory,
            Content::SymbolicLink(target) => Kind::SymbolicLink(target.clone()),
            Content::Fifo => Kind::Fifo,
            Content::BlockDevice(major, minor) => Kind::BlockDevice(*major, *minor),
            Content::CharacterDevice(major, minor) => Kind::CharacterDevice(*major, *minor),
            Content::HardLink(other) => return self.entry(other, links),
        };
        let Node { mode, uid, gid, modified, .. } = *node;
        Entry { kind, mode, links: links[path], uid, gid, modified: (modified, 0) }
    }

    /// The names of each file; of a directory its own, its `.` and the `..` of each inside.
    fn links(&self) -> BTreeMap<&[u8], u32> {
        let mut links = BTreeMap::new();
        for (path, node) in &self.nodes {
            match &node.content {
                Content::HardLink(other) => *links.entry(other.as_slice()).or_default() += 1,
                Content::Directory => {
                    *links.entry(path).or_default() += 2;
                    parent(path).into_iter().for_each(|up| *links.entry(up).or_default() += 1);
                }
                _ => *links.entry(path).or_default() += 1,
            }
        }
        links
    }
}

/// The path of the directory a path is in; `None` for the root.
fn parent(path: &[u8]) -> Option<&[u8]> {
    if path.is_empty() {
        return None;
    }
    let slash = path.iter().rposition(|&byte| byte == b'/');
    Some(slash.map_or(b"", |slash| &path[..slash]))
}

fn noise(path: &[u8], length: usize) -> Vec<u8> {
    let seed =
        path.iter().fold(length as u64, |seed, &byte| seed.wrapping_mul(31) + u64::from(byte));
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}
