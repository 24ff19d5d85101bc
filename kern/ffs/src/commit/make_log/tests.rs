//! Who gets a log from the first mount, and what becomes of it. What a power cut leaves on the way
//! there is tried in `tests/scenarios`.

use crate::layout::log::{Location, Place, SIZE_BYTES_MIN};
use crate::layout::{Field, SUPERBLOCK_BYTES, Superblock, clean, flags};
use crate::testing::{Mounted, NOW, new_image};
use crate::{Condition, Options};
use abi::SetTime;
use alloc::format;
use alloc::vec::Vec;
use ffscheck::newfs::{self, ByteOrder, Format, Memory};
use ffscheck::{Image, fsck};
use vfs::{FileSystem, Name, NewFile, NewKind, WritableFileSystem};

/// Large enough for a log.
const SIZE_BYTES: u64 = 32 << 20;

/// All four layouts, without a log.
fn layouts(size_bytes: u64) -> impl Iterator<Item = newfs::Options> {
    let formats = [Format::Ufs1, Format::Ufs2].into_iter();
    formats.flat_map(move |format| {
        [ByteOrder::Little, ByteOrder::Big].map(|byte_order| newfs::Options {
            format,
            byte_order,
            log_bytes: Some(0),
            ..newfs::Options::new(size_bytes)
        })
    })
}

fn first_mount(image: Memory) -> Mounted {
    Mounted::first(image, Options::default()).expect("a mount")
}

fn image_of(fs: &Mounted) -> Memory {
    fs.disk.image.borrow().clone()
}

fn create(fs: &Mounted, number: u32) {
    let text = format!("file {number}");
    let name = Name::new(text.as_bytes()).expect("a name");
    let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
    let new = NewFile { kind: NewKind::Regular, mode: 0o644, uid: 0, gid: 0, accessed, modified };
    fs.wait(fs.ffs.create_file(fs.ffs.root(), name, &new, NOW)).expect("a file");
    fs.wait(fs.ffs.settle()).expect("durable");
}

fn exists(fs: &Mounted, number: u32) -> bool {
    let text = format!("file {number}");
    let name = Name::new(text.as_bytes()).expect("a name");
    fs.wait(fs.ffs.lookup(fs.ffs.root(), name)).is_ok()
}

fn superblock(fs: &Mounted) -> Superblock {
    let offset = fs.ffs.superblock.superblock_offset_bytes as u64;
    let mut bytes = [0; SUPERBLOCK_BYTES];
    fs.disk.image.borrow().read_at(offset, &mut bytes);
    Superblock::get(&bytes, fs.ffs.geometry.order)
}

fn place(fs: &Mounted) -> Option<Place> {
    let disk_bytes = fs.disk.image.borrow().size_bytes();
    Place::of(&superblock(fs), &fs.ffs.geometry, disk_bytes).expect("a sound place")
}

fn has_log(fs: &Mounted) -> bool {
    fs.ffs.changeable().expect("a writer").has_log()
}

/// Leaves the image clean, and fsck finds it so.
fn close(fs: &Mounted) {
    fs.wait(fs.ffs.close()).expect("all written");
    let report = fsck::check(&mut image_of(fs), &fsck::Options { repair: false }, &mut |_| {});
    let report = report.expect("a file system");
    assert_eq!(report.findings, []);
    assert!(report.was_clean);
}

/// An image without a log whose superblock says something else, too.
fn image_with(change: impl FnOnce(&mut Superblock)) -> Memory {
    let layout = layouts(SIZE_BYTES).last().expect("a layout");
    let mut image = new_image(&layout);
    let mut bytes = [0; SUPERBLOCK_BYTES];
    image.read_at(65536, &mut bytes);
    let (kind, mut superblock) = Superblock::parse(&bytes).expect("a superblock");
    change(&mut superblock);
    Image::write_at(&mut image, 65536, &superblock.to_bytes(kind.order)).expect("written");
    image
}

#[test]
fn the_first_mount_makes_a_log_and_uses_it() {
    for layout in layouts(SIZE_BYTES) {
        let fs = first_mount(new_image(&layout));
        let made = place(&fs).expect("a log");
        assert_eq!(made.size_bytes, SIZE_BYTES_MIN);
        assert!(matches!(made.location, Location::Within(_)));
        assert_eq!((superblock(&fs).clean, superblock(&fs).flags), (clean::IS_CLEAN, 0));
        close(&Mounted::of(image_of(&fs), Options::default()).expect("a mount"));
        create(&fs, 1);
        assert!(fs.ffs.counters().log_bytes > 0);
        let after_crash = first_mount(image_of(&fs));
        assert_eq!(after_crash.ffs.description().condition, Condition::Clean);
        assert!(exists(&after_crash, 1));
        close(&after_crash);
        assert_eq!(place(&after_crash), Some(made), "one is enough");
        close(&fs);
        assert!(fs.damage.borrow().is_empty() && after_crash.damage.borrow().is_empty());
    }
}

#[test]
fn a_large_one_has_indirect_blocks() {
    for layout in layouts(3 << 30) {
        let block_bytes = Some(4096);
        let fs = first_mount(new_image(&newfs::Options { block_bytes, ..layout }));
        assert_eq!(place(&fs).map(|place| place.size_bytes), Some(3 << 20));
        create(&fs, 1);
        close(&fs);
    }
}

#[test]
fn where_there_is_no_room_it_is_done_without() {
    for layout in layouts(12 << 20) {
        let fs = first_mount(new_image(&layout));
        assert!(!has_log(&fs) && place(&fs).is_none());
        assert_eq!(fs.damage.borrow().len(), 1);
        assert!(fs.damage.borrow()[0].starts_with("no log is made"), "{:?}", fs.damage);
        create(&fs, 1);
        assert_eq!(fs.ffs.counters().log_bytes, 0);
        close(&fs);
    }
}

#[test]
fn nobody_gets_one_who_does_not_want_it() {
    let unwanted = Options { log: false, ..Options::default() };
    for layout in layouts(SIZE_BYTES) {
        let fs = Mounted::first(new_image(&layout), unwanted.clone()).expect("a mount");
        create(&fs, 1);
        assert!(!has_log(&fs) && place(&fs).is_none() && fs.damage.borrow().is_empty());
        close(&fs);
    }
}

#[test]
fn what_another_system_has_in_the_superblock_stays() {
    let foreign: [fn(&mut Superblock); 6] = [
        |superblock| superblock.flags |= flags::SOFT_UPDATES,
        |superblock| superblock.flags |= flags::SOFT_UPDATES_JOURNAL,
        |superblock| superblock.flags |= flags::GEOM_JOURNAL,
        |superblock| superblock.journal_places[1] = 1234,
        |superblock| superblock.quota_magic = 99,
        |superblock| superblock.check_hashes = 1,
    ];
    for change in foreign {
        let fs = first_mount(image_with(change));
        let before = superblock(&fs);
        assert!(!has_log(&fs) && fs.damage.borrow().is_empty());
        create(&fs, 1);
        assert_eq!(superblock(&fs).journal_places, before.journal_places);
        fs.wait(fs.ffs.close()).expect("all written");
    }
}

/// Nobody may replay a log later than what was changed without it.
#[test]
fn a_log_that_is_not_to_be_used_is_left_for_history() {
    for layout in layouts(SIZE_BYTES) {
        let fs = first_mount(new_image(&layout));
        create(&fs, 1);
        let unwanted = Options { log: false, ..Options::default() };
        let without = Mounted::first(image_of(&fs), unwanted).expect("a mount");
        assert!(exists(&without, 1) && !has_log(&without));
        create(&without, 2);
        assert_eq!((superblock(&without).clean, superblock(&without).flags), (0, 0));
        let crashed = first_mount(image_of(&without));
        assert!(crashed.ffs.writable().is_none() && exists(&crashed, 2));
        close(&without);
        let again = first_mount(image_of(&without));
        create(&again, 3);
        assert_eq!(place(&again), place(&fs));
        let recovered = first_mount(image_of(&again));
        assert!([1, 2, 3].into_iter().all(|number| exists(&recovered, number)));
        close(&recovered);
    }
}

#[test]
fn a_disk_that_fails_meanwhile_is_only_read() {
    let layout = layouts(SIZE_BYTES).last().expect("a layout");
    let size_bytes = new_image(&layout).size_bytes();
    let half: Vec<_> =
        (0..2).map(|half| half * size_bytes / 2..(half + 1) * size_bytes / 2).collect();
    for bad in half {
        let fs = Mounted::failing(new_image(&layout), Options::default(), bad).expect("a mount");
        assert_eq!(fs.damage.borrow().len(), 1, "{:?}", fs.damage);
        assert!(fs.ffs.changeable().is_err());
    }
}
