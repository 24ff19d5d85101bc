//! Random changes of several files, beside vectors of bytes.

use super::world::{World, layouts};
use crate::Options;
use crate::testing::Luck;
use abi::{Errno, InodeNo};
use alloc::vec;
use alloc::vec::Vec;
use ffscheck::newfs;
use vfs::Stability;

/// A file, and what should be in it.
struct Pair {
    file: InodeNo,
    bytes: Vec<u8>,
}

struct Model {
    world: World,
    pairs: Vec<Pair>,
    luck: Luck,
    block: u64,
}

impl Model {
    fn new(layout: &newfs::Options, seed: u64) -> Self {
        let block = layout.block_bytes.expect("a size");
        // Hardly room for a few blocks: nothing stays in memory that need not.
        let cache_bytes = (6 * block).into();
        let options = Options { cache_bytes, dirty_bytes_max: 256 << 10, ..Options::default() };
        let world = World::with(layout, options);
        let pairs = (0..4).map(|_| Pair { file: world.create(), bytes: Vec::new() }).collect();
        Self { world, pairs, luck: Luck(seed + 1), block: block.into() }
    }

    /// A place in or behind a file, often at an edge.
    fn place(&mut self, index: usize) -> u64 {
        let size = self.pairs[index].bytes.len() as u64;
        let frag = u64::from(self.world.fs.ffs.geometry.frag_bytes());
        let anywhere = self.luck.below(size + 3 * self.block);
        match self.luck.below(6) {
            0 => anywhere / self.block * self.block,
            1 => anywhere / frag * frag,
            2 | 3 => size,
            _ => anywhere,
        }
    }

    fn write(&mut self, index: usize) {
        let offset = self.place(index).min(40 * self.block);
        let length = match self.luck.below(4) {
            0 => self.luck.below(100),
            1 => self.block,
            _ => self.luck.below(3 * self.block),
        };
        let first = self.luck.next();
        let data: Vec<u8> = (0..length).map(|at| (first + at * 7) as u8 | 1).collect();
        let stability = [Stability::Unstable, Stability::Unstable, Stability::File];
        let stability = stability[self.luck.below(3) as usize];
        let pair = &mut self.pairs[index];
        let written = match self.world.write_as(pair.file, offset, &data, stability) {
            Ok(count) => count as usize,
            Err(errno) => {
                assert_eq!(errno, Errno::NoSpace);
                return;
            }
        };
        let end = offset as usize + written;
        if written > 0 && end > pair.bytes.len() {
            pair.bytes.resize(end, 0);
        }
        if written > 0 {
            pair.bytes[offset as usize..end].copy_from_slice(&data[..written]);
        }
    }

    fn resize(&mut self, index: usize) {
        let size = self.place(index).min(60 * self.block);
        let pair = &mut self.pairs[index];
        match self.world.resize(pair.file, size) {
            Ok(()) => pair.bytes.resize(size as usize, 0),
            Err(errno) => assert_eq!(errno, Errno::NoSpace),
        }
    }

    fn compare(&mut self, index: usize) {
        let offset = self.place(index);
        let length = self.luck.below(4 * self.block);
        let pair = &self.pairs[index];
        let start = pair.bytes.len().min(offset as usize);
        let end = pair.bytes.len().min((offset + length) as usize);
        let read = self.world.read(pair.file, offset, length);
        assert!(read == pair.bytes[start..end], "{offset} + {length} of file {index}");
    }

    fn replace(&mut self, index: usize) {
        let pair = &mut self.pairs[index];
        self.world.remove(pair.file);
        *pair = Pair { file: self.world.create(), bytes: Vec::new() };
    }

    fn step(&mut self) {
        let index = self.luck.below(self.pairs.len() as u64) as usize;
        match self.luck.below(32) {
            0..=13 => self.write(index),
            14..=20 => self.resize(index),
            21..=27 => self.compare(index),
            28 | 29 => self.world.commit(),
            30 => self.world.remount(),
            _ => self.replace(index),
        }
    }

    /// All there is to know.
    fn check(&mut self) {
        self.world.check();
        for pair in &self.pairs {
            assert_eq!(self.world.size(pair.file), pair.bytes.len() as u64);
            assert!(self.world.read(pair.file, 0, u64::MAX) == pair.bytes);
        }
    }
}

fn run(layout: &newfs::Options, seed: u64) {
    let mut model = Model::new(layout, seed);
    for _ in 0..2 {
        for _ in 0..100 {
            model.step();
        }
        model.check();
    }
    for pair in core::mem::take(&mut model.pairs) {
        model.world.remove(pair.file);
    }
    model.check();
}

#[test]
fn files_are_as_vectors_of_bytes() {
    for (seed, layout) in layouts().iter().enumerate() {
        run(layout, seed as u64);
    }
}

/// A disk that is full most of the time.
#[test]
fn a_full_disk_loses_nothing() {
    for (seed, layout) in layouts().iter().enumerate().step_by(3) {
        let block = u64::from(layout.block_bytes.expect("a size"));
        let mut model = Model::new(layout, 100 + seed as u64);
        let ballast = model.world.create();
        let chunk = vec![7; 4 * block as usize];
        let mut size = 0;
        while let Ok(count) = model.world.write(ballast, size, &chunk) {
            size += u64::from(count);
        }
        model.world.resize(ballast, size - 20 * block).expect("less");
        for _ in 0..3 {
            for _ in 0..80 {
                model.step();
            }
        }
        model.world.remove(ballast);
        for pair in &model.pairs {
            assert!(model.world.read(pair.file, 0, u64::MAX) == pair.bytes);
        }
    }
}
