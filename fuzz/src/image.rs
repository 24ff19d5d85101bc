//! Images: a small valid one with changes, or nothing but the input's bytes.
//!
//! The image is mounted, or refused; then every file that can be reached is looked at, read and
//! listed. Whatever stands on the disk: no panic, an end, and no byte of the disk read again and
//! again, since the cache has room for all of it.

mod base;
mod walk;

use crate::input::Input;
use base::{Base, bases};
use block::Device;
use ffs::Options;
use ffs::layout::SUPERBLOCK_OFFSETS;
use ffscheck::Image;
use ffscheck::MemoryDisk;
use ffscheck::newfs::{Destination, Memory};
use std::fmt;
use std::rc::Rc;

/// Size of an image made of the input alone.
const RAW_BYTES: u64 = 512 << 10;
const CHANGES_MAX: u32 = 64;
const CHANGE_BYTES_MAX: u8 = 16;

/// The image that an input says.
pub(super) fn image(input: &[u8]) -> Memory {
    let mut input = Input::new(input);
    let bases = bases();
    let choice = usize::from(input.u8());
    match bases.get(choice % (bases.len() + 1)) {
        Some(base) => changed(base, &mut input),
        None => raw(&mut input),
    }
}

/// Mounts the image that the input says and reads everything in it.
pub fn ffs_image(input: &[u8]) {
    let image = image(input);
    let disk_bytes = image.size_bytes();
    let disk = Rc::new(MemoryDisk::new(image));
    let device = Device::new(disk.clone());
    let options = Options {
        cache_bytes: 2 * disk_bytes,
        inode_cache_entries: 16,
        directory_index_bytes: 64 << 10,
        hash_key: [1, 2],
        ..Options::default()
    };
    // Said aloud, so that formatting is tried too.
    let damage = Rc::new(|line: fmt::Arguments<'_>| assert!(!line.to_string().is_empty()));
    let mounting = ffs::mount(device.clone(), options, damage);
    match task::drive(mounting, || device.collect()) {
        Ok(ffs) => walk::walk(&*ffs, &device),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    assert!(disk.read_bytes() <= 2 * disk_bytes, "{} bytes read", disk.read_bytes());
}

/// A base with some of its metadata overwritten.
fn changed(base: &Base, input: &mut Input<'_>) -> Memory {
    let mut image = base.image.clone();
    for _ in 0..CHANGES_MAX {
        if input.is_empty() {
            break;
        }
        let (start, length) = input.choose(&base.places);
        let at = u64::from(input.u16()) % length;
        let count = input.u8() % CHANGE_BYTES_MAX + 1;
        let bytes = input.take(count.into());
        image.write_at(start + at, bytes).expect("a place inside the image");
    }
    image
}

/// Zeros, and the input where a superblock may be.
fn raw(input: &mut Input<'_>) -> Memory {
    let mut image = Memory::default();
    image.clear(RAW_BYTES).expect("memory");
    let start = input.choose(&SUPERBLOCK_OFFSETS);
    let bytes = input.take((RAW_BYTES - start) as usize);
    image.write_at(start, bytes).expect("as many as fit");
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use vfs::FileSystem;

    #[test]
    fn bases_are_whole() {
        for base in bases() {
            let device = Device::new(Rc::new(MemoryDisk::new(base.image.clone())));
            let damage = Rc::new(|line: fmt::Arguments<'_>| panic!("{line}"));
            let mounting = ffs::mount(device.clone(), Options::default(), damage);
            let ffs = task::drive(mounting, || device.collect()).expect("a mount");
            walk::walk(&*ffs, &device);
            let names = Cell::new(0);
            let mut count = |_: vfs::Entry<'_>| {
                names.set(names.get() + 1);
                std::ops::ControlFlow::Continue(())
            };
            let listing = ffs.read_directory(ffs.root(), 0, &mut count);
            assert_eq!(task::drive(listing, || device.collect()), Ok(true));
            assert_eq!(names.get(), 9);
        }
    }
}
