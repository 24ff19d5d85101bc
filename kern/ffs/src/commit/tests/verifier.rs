//! The write verifier of an image, over whatever happens to it.

use super::{create, findings, layouts, settle, superblock};
use crate::layout::SUPERBLOCK_BYTES;
use crate::testing::{Mounted, NOW, Written, new_image};
use crate::{MountError, Options};
use abi::{Errno, FileId};
use alloc::vec::Vec;
use block::SECTOR_BYTES;
use bytes::Bytes;
use ffscheck::newfs::{self, Memory};
use ffscheck::{Image, fsck};
use vfs::{FileSystem, Name, Stability, WritableFileSystem};

const DATA: &[u8] = b"promised by the verifier alone";

fn mount_with(image: Memory, verifier: u64) -> Result<Mounted, MountError> {
    Mounted::of(image, Options { verifier, ..Options::default() })
}

fn mount(image: Memory, verifier: u64) -> Mounted {
    mount_with(image, verifier).expect("a mount")
}

fn image_of(fs: &Mounted) -> Memory {
    fs.disk.image.borrow().clone()
}

fn close(fs: &Mounted) -> Memory {
    fs.wait(fs.ffs.close()).expect("all written");
    assert_eq!(findings(&fs.disk.image.borrow()), []);
    image_of(fs)
}

/// An image that was closed once, with `verifier`.
fn closed_once(layout: &newfs::Options, verifier: u64) -> Memory {
    let fs = mount(new_image(layout), verifier);
    create(&fs, 1).expect("a file");
    close(&fs)
}

/// What `fsck` makes of an image; it stays as it is where that cannot be mended.
fn repaired(image: &Memory) -> Memory {
    let mut image = image.clone();
    fsck::check(&mut image, &fsck::Options { repair: true }, &mut |_| {}).expect("a file system");
    image
}

fn file(fs: &Mounted) -> Option<FileId> {
    let name = Name::new(b"file 1").expect("a name");
    fs.wait(fs.ffs.lookup(fs.ffs.root(), name)).ok()
}

/// Writes, and gives the verifier of the reply.
fn write(fs: &Mounted, offset: u64) -> Result<u64, Errno> {
    let file = file(fs).expect("a file");
    let verifier = fs.ffs.write_verifier();
    let written = fs.ffs.write(file, offset, Bytes::from_static(DATA), Stability::Unstable, NOW);
    fs.wait(written).map(|_| verifier)
}

fn contents(fs: &Mounted) -> Vec<u8> {
    let Some(file) = file(fs) else { return Vec::new() };
    fs.wait(fs.ffs.read(file, 0, DATA.len() as u32)).expect("readable").concat()
}

#[test]
fn it_is_kept_while_nothing_is_lost() {
    for layout in layouts() {
        let image = closed_once(&layout, 11);
        assert_eq!(mount(image.clone(), 12).ffs.write_verifier(), 11);
        // Killed before anything was changed.
        let fs = mount(image, 13);
        fs.wait(fs.ffs.sync()).expect("all written");
        let fs = mount(image_of(&fs), 14);
        assert_eq!(write(&fs, 0), Ok(11));
        let fs = mount(close(&fs), 15);
        create(&fs, 2).expect("a file");
        settle(&fs);
        assert_eq!(fs.ffs.write_verifier(), 11);
        let image = close(&fs);
        assert_eq!(mount(repaired(&image), 16).ffs.write_verifier(), 11);
    }
}

#[test]
fn the_first_mount_that_makes_a_log_leaves_one() {
    for layout in layouts().filter(|layout| layout.log_bytes == Some(0)) {
        let layout = newfs::Options { size_bytes: 32 << 20, ..layout };
        let options = |verifier| Options { verifier, ..Options::default() };
        let fs = Mounted::first(new_image(&layout), options(21)).expect("a mount");
        assert!(fs.ffs.writer.as_ref().is_some_and(crate::writer::Writer::has_log));
        assert_eq!(fs.ffs.write_verifier(), 21);
        let again = Mounted::first(image_of(&fs), options(22)).expect("a mount");
        assert_eq!(again.ffs.write_verifier(), 21);
    }
}

#[test]
fn it_changes_with_what_a_crash_loses() {
    for layout in layouts() {
        let fs = mount(closed_once(&layout, 31), 32);
        assert_eq!(write(&fs, 0), Ok(31));
        let killed = image_of(&fs);
        assert_eq!(superblock(&fs).write_verifier, 0);
        assert_ne!(mount(killed.clone(), 33).ffs.write_verifier(), 31);
        assert_eq!(mount(repaired(&killed), 34).ffs.write_verifier(), 34);
    }
}

#[test]
fn it_changes_with_data_that_cannot_be_written_and_stays_so() {
    for layout in layouts() {
        let fs = mount(closed_once(&layout, 41), 42);
        assert_eq!(write(&fs, 0), Ok(41));
        fs.wait(fs.ffs.sync()).expect("all written");
        assert_eq!(write(&fs, 0), Ok(41));
        *fs.disk.bad.borrow_mut() = 0..u64::MAX;
        assert!(fs.wait(fs.ffs.cache.write_back(fs.ffs.cache.oldest(u64::MAX))).is_err());
        assert_eq!(write(&fs, 0), Err(Errno::Io), "told once");
        let changed = fs.ffs.write_verifier();
        assert_ne!(changed, 41);
        *fs.disk.bad.borrow_mut() = 0..0;
        assert_eq!(mount(close(&fs), 43).ffs.write_verifier(), changed);
    }
}

/// What was on the disk after each write of one mount, and what the client had been told by then.
struct Story {
    first: Memory,
    writes: Vec<Written>,
    /// After so many writes the data was acknowledged.
    acknowledged: usize,
}

impl Story {
    fn new(layout: &newfs::Options) -> Self {
        let first = closed_once(layout, 51);
        let fs = mount(first.clone(), 52);
        fs.disk.history.borrow_mut().replace(Vec::new());
        assert_eq!(write(&fs, 0), Ok(51));
        let acknowledged = fs.disk.history.borrow().as_ref().map_or(0, Vec::len);
        create(&fs, 2).expect("a file");
        settle(&fs);
        close(&fs);
        let writes = fs.disk.history.take().unwrap_or_default();
        Self { first, writes, acknowledged }
    }

    /// Whoever is told the old verifier has his data.
    fn check(&self, image: &Memory, done: usize) {
        for image in [image.clone(), repaired(image)] {
            let Ok(fs) = mount_with(image, 53) else { continue };
            let is_kept = fs.ffs.write_verifier() == 51;
            let is_there = done < self.acknowledged || contents(&fs) == DATA;
            assert!(!is_kept || is_there, "after {done} writes");
        }
    }
}

/// Also in the middle of a superblock: its sectors come in any order.
#[test]
fn it_tells_the_truth_after_a_crash_at_any_write() {
    for layout in layouts() {
        let story = Story::new(&layout);
        let mut image = story.first.clone();
        for (done, (offset_bytes, bytes)) in story.writes.iter().enumerate() {
            story.check(&image, done);
            if bytes.len() == SUPERBLOCK_BYTES.next_multiple_of(SECTOR_BYTES) {
                for torn in 1..7_u32 {
                    let mut image = image.clone();
                    for sector in (0..3).filter(|sector| torn >> sector & 1 != 0) {
                        let at = sector * SECTOR_BYTES;
                        let part = &bytes[at..at + SECTOR_BYTES];
                        image.write_at(offset_bytes + at as u64, part).expect("a place");
                    }
                    story.check(&image, done);
                }
            }
            image.write_at(*offset_bytes, bytes).expect("a place");
        }
        story.check(&image, story.writes.len());
        assert_eq!(mount(image, 54).ffs.write_verifier(), 51);
    }
}
