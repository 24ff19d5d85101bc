//! Any sequence of operations, compared with a plain map from paths to files.

mod plain;
mod steps;

use crate::world::{ROOT, World, find, list, make, name, read, run};
use abi::{Errno, FileType, Result, SetAttributes};
use bytes::Bytes;
use plain::{Node, Plain};
use proptest::prelude::{prop, proptest};
use steps::{Path, Step, step};
use vfs::{NewKind, Stability, Vnode};

/// The real thing beside the model, and what was read on the way.
struct Pair {
    world: World,
    plain: Plain,
    reads: Vec<(Vec<Bytes>, Vec<u8>)>,
}

impl Pair {
    fn new() -> Self {
        Self { world: World::of_size(1 << 30), plain: Plain::default(), reads: Vec::new() }
    }

    fn walk(&self, path: &[&str]) -> Result<Vnode> {
        path.iter().try_fold(self.world.root.clone(), |directory, text| find(&directory, text))
    }

    /// The directory of a path, and the last name of it.
    fn split<'a>(&self, path: &Path<'a>) -> Result<(Vnode, &'a str)> {
        let (last, above) = path.split_last().unwrap();
        Ok((self.walk(above)?, last))
    }

    fn apply(&mut self, step: &Step) {
        let expected = self.plain.apply(step);
        let found = self.apply_to_world(step);
        assert_eq!(found, expected, "{step:?}");
    }

    fn apply_to_world(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Create(path) => self.create(path, NewKind::Regular),
            Step::MakeDirectory(path) => self.create(path, NewKind::Directory),
            Step::Symlink(path) => self.create(path, NewKind::SymbolicLink(b"target")),
            Step::Link(old, new) => {
                let (from, old) = self.split(old)?;
                let file = find(&from, old)?;
                let (to, new) = self.split(new)?;
                run(file.link(&ROOT, &to, name(new))).result
            }
            Step::Remove(path) => {
                let (directory, last) = self.split(path)?;
                run(directory.remove(&ROOT, name(last))).result
            }
            Step::RemoveDirectory(path) => {
                let (directory, last) = self.split(path)?;
                run(directory.remove_directory(&ROOT, name(last))).result
            }
            Step::Rename(old, new) => {
                let (from, old) = self.split(old)?;
                let (to, new) = self.split(new)?;
                run(from.rename(&ROOT, name(old), &to, name(new))).result
            }
            Step::Write(path, offset, data) => {
                let file = self.walk(path)?;
                let offset = *offset as u64;
                let bytes = Bytes::copy_from_slice(data);
                let written = run(file.write(&ROOT, offset, bytes, Stability::Unstable)).result?;
                assert_eq!(written.count_bytes as usize, data.len());
                Ok(())
            }
            Step::Truncate(path, size) => {
                let size_bytes = Some(*size as u64);
                let change = SetAttributes { size_bytes, ..SetAttributes::default() };
                run(self.walk(path)?.set_attributes(&ROOT, &change, None)).result
            }
            Step::Read(path, offset, length) => self.read(path, *offset, *length),
        }
    }

    fn create(&self, path: &Path<'_>, kind: NewKind<'_>) -> Result<()> {
        let (directory, last) = self.split(path)?;
        make(&directory, last, kind, 0o644).map(drop)
    }

    fn read(&mut self, path: &Path<'_>, offset: usize, length: usize) -> Result<()> {
        let file = self.walk(path)?;
        let data = run(file.read(&ROOT, offset as u64, length as u32)).result?;
        let contents = self.plain.contents(path);
        let end = contents.len().min(offset + length);
        let expected = contents.get(offset..end).unwrap_or_default();
        assert!(data.pieces.concat() == expected, "{path:?} from {offset}, {length} bytes");
        assert_eq!(data.end_of_file, offset + expected.len() >= contents.len());
        self.reads.push((data.pieces, expected.to_vec()));
        Ok(())
    }

    fn compare(&self) {
        for (pieces, expected) in &self.reads {
            assert!(pieces.concat() == *expected, "what was read has changed");
        }
        self.compare_directory(&[]);
        for (path, node) in self.plain.nodes() {
            let attributes = run(self.walk(path).unwrap().attributes()).unwrap();
            assert_eq!(attributes.links as usize, self.plain.links(path), "{path:?}");
            match node {
                Node::Directory => self.compare_directory(path),
                Node::File(_) => self.compare_contents(path, attributes.size_bytes),
                Node::Symlink(_) => assert_eq!(attributes.file_type, FileType::SymbolicLink),
            }
        }
    }

    fn compare_directory(&self, path: &[&str]) {
        let mut names = list(&self.walk(path).unwrap(), 2);
        names.sort();
        assert_eq!(names, self.plain.names(path), "{path:?}");
    }

    fn compare_contents(&self, path: &[&str], size_bytes: u64) {
        let contents = self.plain.contents(path);
        assert_eq!(size_bytes, contents.len() as u64);
        let file = self.walk(path).unwrap();
        assert!(read(&file, 0, u32::MAX) == contents, "{path:?}");
    }

    /// Takes everything away again, leaves first.
    fn clear(&mut self) {
        let paths: Vec<_> = self.plain.nodes().map(|(path, _)| path.clone()).collect();
        for path in paths.into_iter().rev() {
            let step = match self.plain.node(&path) {
                Some(Node::Directory) => Step::RemoveDirectory(path),
                _ => Step::Remove(path),
            };
            self.apply(&step);
        }
    }
}

proptest! {
    #[test]
    fn memfs_is_a_map_from_paths_to_files(steps in prop::collection::vec(step(), 1..120)) {
        let mut pair = Pair::new();
        let free = pair.world.free_bytes();
        for step in &steps {
            pair.apply(step);
        }
        pair.compare();
        pair.clear();
        assert_eq!(pair.world.free_bytes(), free);
        assert_eq!(pair.world.mount.vnodes_in_use(), 1);
    }
}

#[test]
fn the_model_knows_the_errors() {
    let mut plain = Plain::default();
    let path = || vec!["a", "b"];
    assert_eq!(plain.apply(&Step::Create(path())), Err(Errno::NoEntry));
    assert_eq!(plain.apply(&Step::Create(vec!["a"])), Ok(()));
    assert_eq!(plain.apply(&Step::Create(path())), Err(Errno::NotDirectory));
}
