//! Whole blocks, which are lent by their calls, amid everything else, and the power cut at each write.

use super::crashes::{FOREIGN, read, soil};
use super::world::{World, layouts};
use crate::Options;
use crate::testing::{Luck, Mounted, Written};
use abi::{Errno, InodeNo};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use ffscheck::Image;
use ffscheck::newfs::{self, Memory};
use vfs::Stability;

/// A file, what should be in it, and the byte that everything written to it is made of.
struct Tagged {
    file: InodeNo,
    bytes: Vec<u8>,
    tag: u8,
}

struct Model {
    world: World,
    files: Vec<Tagged>,
    /// Whose bytes each inode may have, by all it ever was.
    tags: BTreeMap<InodeNo, Vec<u8>>,
    next_tag: u8,
    luck: Luck,
    block: u64,
}

impl Model {
    fn new(layout: &newfs::Options, seed: u64) -> Self {
        let block = u64::from(layout.block_bytes.expect("a size"));
        let options =
            Options { cache_bytes: 12 * block, dirty_bytes_max: 24 * block, ..Options::default() };
        let world = World::with(layout, options);
        soil(&world);
        let (files, tags) = (Vec::new(), BTreeMap::new());
        let mut model = Self { world, files, tags, next_tag: 0, luck: Luck(seed), block };
        (0..3).for_each(|_| model.create());
        model
    }

    fn create(&mut self) {
        let file = self.world.create();
        self.next_tag += 1;
        self.tags.entry(file).or_default().push(self.next_tag);
        self.files.push(Tagged { file, bytes: Vec::new(), tag: self.next_tag });
    }

    fn write(&mut self, index: usize) {
        let (size, block) = (self.files[index].bytes.len() as u64, self.block);
        let (mut offset, mut length) =
            (self.luck.below(size + 2 * block), self.luck.below(4 * block));
        if self.luck.below(4) > 0 {
            (offset, length) = (offset / block * block, (length / block + 1) * block);
        }
        if self.luck.below(5) == 0 {
            length += self.luck.below(600);
        }
        let stability = [Stability::Unstable, Stability::Unstable, Stability::File];
        let stability = stability[self.luck.below(3) as usize];
        let one = &mut self.files[index];
        let data = vec![one.tag; length as usize];
        match self.world.write_as(one.file, offset.min(30 * block), &data, stability) {
            Ok(count) if count > 0 => {
                let start = offset.min(30 * block) as usize;
                let end = start + count as usize;
                one.bytes.resize(one.bytes.len().max(end), 0);
                one.bytes[start..end].fill(one.tag);
            }
            Ok(_) => {}
            Err(errno) => assert_eq!(errno, Errno::NoSpace),
        }
    }

    fn step(&mut self) {
        let index = self.luck.below(3) as usize;
        let size = self.luck.below(self.files[index].bytes.len() as u64 + self.block);
        match self.luck.below(16) {
            0..=7 => self.write(index),
            8 | 9 => {
                let one = &mut self.files[index];
                if self.world.resize(one.file, size).is_ok() {
                    one.bytes.resize(size as usize, 0);
                }
            }
            10..=12 => {
                let one = &self.files[index];
                let start = one.bytes.len().min(size as usize);
                let end = one.bytes.len().min(start + 2 * self.block as usize);
                let seen = self.world.read(one.file, size, 2 * self.block);
                assert!(seen == one.bytes[start..end], "file {index} at {size}");
            }
            13 => {
                let one = self.files.remove(index);
                self.world.remove(one.file);
                self.create();
            }
            _ => self.world.commit(),
        }
    }

    /// Whether each file that is found has its own bytes.
    fn judge(&self, crashed: &Mounted, when: &str) {
        for (&file, tags) in &self.tags {
            if crashed.wait(crashed.ffs.node(file)).is_err() {
                continue;
            }
            let bytes = read(crashed, file);
            let mut seen: Vec<u8> = bytes.into_iter().filter(|&byte| byte != 0).collect();
            seen.dedup();
            seen.sort_unstable();
            seen.dedup();
            assert!(
                seen.len() <= 1 && seen.iter().all(|byte| tags.contains(byte)),
                "{when}: {seen:?}"
            );
        }
    }
}

fn run(layout: &newfs::Options, seed: u64) {
    let mut model = Model::new(layout, seed);
    model.world.commit();
    let start: Memory = model.world.fs.disk.image.borrow().clone();
    model.world.fs.disk.history.replace(Some(Vec::new()));
    for _ in 0..60 {
        model.step();
    }
    model.world.commit();
    let history: Vec<Written> = model.world.fs.disk.history.take().expect("kept");
    let end = model.world.fs.disk.image.replace(start);
    for (number, (offset, bytes)) in history.iter().enumerate() {
        if model.luck.below(history.len() as u64) < 30 {
            let when = alloc::format!("{layout:?} {seed}: cut at {number}");
            model.judge(&model.world.after_crash(), &when);
        }
        model.world.fs.disk.image.borrow_mut().write_at(*offset, bytes).expect("room");
    }
    model.world.fs.disk.image.replace(end);
    model.world.check();
    for one in &model.files {
        assert!(model.world.read(one.file, 0, u64::MAX) == one.bytes);
        assert!(!one.bytes.contains(&FOREIGN));
    }
}

#[test]
fn whole_blocks_are_nobody_elses_at_any_moment() {
    for (number, layout) in layouts().iter().enumerate() {
        run(layout, number as u64 + 7);
    }
}
