//! The model: a map from paths to files, and the errors that follow from it.

use super::steps::{Path, Step};
use abi::{Errno, Result};
use std::collections::BTreeMap;

/// A file that several paths may lead to has one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    Directory,
    File(usize),
    Symlink(usize),
}

#[derive(Default)]
pub struct Plain {
    tree: BTreeMap<Path<'static>, Node>,
    contents: Vec<Vec<u8>>,
}

impl Plain {
    pub fn nodes(&self) -> impl Iterator<Item = (&Path<'static>, &Node)> {
        self.tree.iter()
    }

    pub fn node(&self, path: &[&str]) -> Option<Node> {
        self.tree.get(path).copied()
    }

    /// Contents of what is known to be a regular file.
    pub fn contents(&self, path: &[&str]) -> &[u8] {
        let Some(Node::File(number)) = self.node(path) else { panic!("{path:?} is no file") };
        &self.contents[number]
    }

    /// Names in a directory, in order.
    pub fn names(&self, directory: &[&str]) -> Vec<&str> {
        let below = self.tree.keys().filter_map(|path| path.split_last());
        below.filter(|(_, above)| *above == directory).map(|(last, _)| *last).collect()
    }

    pub fn links(&self, path: &[&str]) -> usize {
        let node = self.node(path);
        if node != Some(Node::Directory) {
            return self.tree.values().filter(|other| Some(**other) == node).count();
        }
        let inner = self.tree.iter().filter(|(inner, node)| {
            **node == Node::Directory && inner.split_last().is_some_and(|(_, above)| above == path)
        });
        2 + inner.count()
    }

    pub fn apply(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Create(path) => {
                self.contents.push(Vec::new());
                self.add(path, Node::File(self.contents.len() - 1))
            }
            Step::Symlink(path) => {
                self.contents.push(Vec::new());
                self.add(path, Node::Symlink(self.contents.len() - 1))
            }
            Step::MakeDirectory(path) => self.add(path, Node::Directory),
            Step::Link(old, new) => self.link(old, new),
            Step::Remove(path) => match self.walk(path)? {
                Node::Directory => Err(Errno::IsDirectory),
                _ => self.take(path),
            },
            Step::RemoveDirectory(path) => match self.walk(path)? {
                Node::Directory if self.names(path).is_empty() => self.take(path),
                Node::Directory => Err(Errno::NotEmpty),
                _ => Err(Errno::NotDirectory),
            },
            Step::Rename(old, new) => self.rename(old, new),
            Step::Write(path, offset, data) => self.write(path, *offset, data),
            Step::Truncate(path, size) => self.regular(path).map(|file| file.resize(*size, 0)),
            Step::Read(path, ..) => self.regular(path).map(drop),
        }
    }

    /// Goes down a path, through directories.
    fn walk(&self, path: &[&str]) -> Result<Node> {
        let Some((_, above)) = path.split_last() else { return Ok(Node::Directory) };
        self.expect_directory(above)?;
        self.node(path).ok_or(Errno::NoEntry)
    }

    fn expect_directory(&self, path: &[&str]) -> Result<()> {
        let found = self.walk(path)? == Node::Directory;
        found.then_some(()).ok_or(Errno::NotDirectory)
    }

    fn take(&mut self, path: &[&'static str]) -> Result<()> {
        self.tree.remove(path).map(drop).ok_or(Errno::NoEntry)
    }

    fn add(&mut self, path: &Path<'static>, node: Node) -> Result<()> {
        self.expect_directory(&path[..path.len() - 1])?;
        if self.tree.contains_key(path) {
            return Err(Errno::Exists);
        }
        self.tree.insert(path.clone(), node);
        Ok(())
    }

    fn link(&mut self, old: &Path<'static>, new: &Path<'static>) -> Result<()> {
        let node = self.walk(old)?;
        self.expect_directory(&new[..new.len() - 1])?;
        if node == Node::Directory { Err(Errno::NotPermitted) } else { self.add(new, node) }
    }

    fn regular(&mut self, path: &[&str]) -> Result<&mut Vec<u8>> {
        match self.walk(path)? {
            Node::File(number) => Ok(&mut self.contents[number]),
            Node::Directory => Err(Errno::IsDirectory),
            Node::Symlink(_) => Err(Errno::Invalid),
        }
    }

    fn write(&mut self, path: &[&str], offset: usize, data: &[u8]) -> Result<()> {
        let file = self.regular(path)?;
        if !data.is_empty() {
            let end = offset + data.len();
            file.resize(file.len().max(end), 0);
            file[offset..end].copy_from_slice(data);
        }
        Ok(())
    }

    fn rename(&mut self, old: &Path<'static>, new: &Path<'static>) -> Result<()> {
        let (from, to) = (&old[..old.len() - 1], &new[..new.len() - 1]);
        self.walk(from)?;
        self.walk(to)?;
        self.expect_directory(from)?;
        self.expect_directory(to)?;
        let (source, target) = (self.walk(old)?, self.node(new));
        let same_file = source != Node::Directory && target == Some(source);
        if old == new || same_file {
            return Ok(());
        }
        self.check_rename(old, new, source, target)?;
        self.tree.remove(new);
        let moved = self.tree.extract_if(old.clone().., |path, _| path.starts_with(old));
        let moved: Vec<_> = moved.collect();
        for (path, node) in moved {
            self.tree.insert([&new[..], &path[old.len()..]].concat(), node);
        }
        Ok(())
    }

    fn check_rename(
        &self,
        old: &Path<'static>,
        new: &Path<'static>,
        source: Node,
        target: Option<Node>,
    ) -> Result<()> {
        let (from, to) = (&old[..old.len() - 1], &new[..new.len() - 1]);
        let replaces = |kind| target.is_some_and(|target| (target == Node::Directory) == kind);
        let is_directory = source == Node::Directory;
        if old == to {
            Err(Errno::Invalid)
        } else if new == from {
            Err(Errno::NotEmpty)
        } else if is_directory && replaces(false) {
            Err(Errno::NotDirectory)
        } else if !is_directory && replaces(true) {
            Err(Errno::IsDirectory)
        } else if is_directory && to.starts_with(old) {
            Err(Errno::Invalid)
        } else if replaces(true) && !self.names(new).is_empty() {
            Err(Errno::NotEmpty)
        } else {
            Ok(())
        }
    }
}
