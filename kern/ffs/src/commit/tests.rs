//! Commits as others see them: shared, taken over, recovered from, and the superblock meanwhile.

mod discards;
mod verifier;

use crate::layout::{Field, SUPERBLOCK_BYTES, Superblock, clean, flags};
use crate::testing::{Mounted, NOW, new_image};
use crate::{Condition, Options};
use abi::{Errno, FileId, Result, SetTime};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use ffscheck::fsck;
use ffscheck::newfs::{self, ByteOrder, Format, Memory};
use vfs::{FileSystem, Name, NewFile, NewKind, Usage, WritableFileSystem};

const LOG: Option<u64> = Some(1 << 20);

fn layout(log_bytes: Option<u64>) -> newfs::Options {
    newfs::Options { log_bytes, ..newfs::Options::new(8 << 20) }
}

/// All four layouts, with a log and without.
fn layouts() -> impl Iterator<Item = newfs::Options> {
    let formats = [Format::Ufs1, Format::Ufs2].into_iter();
    let orders = [ByteOrder::Little, ByteOrder::Big];
    formats.flat_map(move |format| {
        orders.into_iter().flat_map(move |byte_order| {
            [LOG, Some(0)].map(|log_bytes| newfs::Options {
                format,
                byte_order,
                ..layout(log_bytes)
            })
        })
    })
}

fn create(fs: &Mounted, number: u32) -> Result<FileId> {
    make(fs, number, NewKind::Regular)
}

fn make(fs: &Mounted, number: u32, kind: NewKind<'_>) -> Result<FileId> {
    let text = format!("file {number}");
    let name = Name::new(text.as_bytes()).expect("a name");
    let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
    let new = NewFile { kind, mode: 0o644, uid: 0, gid: 0, accessed, modified };
    fs.wait(fs.ffs.create_file(fs.ffs.root(), name, &new, NOW))
}

fn exists(fs: &Mounted, number: u32) -> bool {
    let text = format!("file {number}");
    let name = Name::new(text.as_bytes()).expect("a name");
    fs.wait(fs.ffs.lookup(fs.ffs.root(), name)).is_ok()
}

fn settle(fs: &Mounted) {
    fs.wait(fs.ffs.settle()).expect("durable");
}

/// The same disk in another mount, as if the power had failed.
fn crash(fs: &Mounted) -> Mounted {
    Mounted::of(fs.disk.image.borrow().clone(), Options::default()).expect("a mount")
}

fn superblock(fs: &Mounted) -> Superblock {
    let offset = fs.ffs.superblock.superblock_offset_bytes as u64;
    let mut bytes = [0; SUPERBLOCK_BYTES];
    fs.disk.image.borrow().read_at(offset, &mut bytes);
    Superblock::get(&bytes, fs.ffs.geometry.order)
}

fn findings(image: &Memory) -> Vec<fsck::Finding> {
    let mut image = image.clone();
    let report = fsck::check(&mut image, &fsck::Options { repair: false }, &mut |_| {});
    report.expect("a file system").findings
}

/// Runs futures together until all have ended.
async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    let mut done = Vec::new();
    poll_fn(|context| {
        for slot in &mut waiting {
            let poll = slot.as_mut().map(|future| future.as_mut().poll(context));
            if let Some(Poll::Ready(value)) = poll {
                done.push(value);
                *slot = None;
            }
        }
        if waiting.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}

#[test]
fn what_waits_for_a_commit_has_a_bound() {
    for options in layouts() {
        let fs = Mounted::new(&options);
        let writer = fs.ffs.changeable().expect("a writer");
        for number in 0..1500 {
            create(&fs, number).expect("a file");
            let open = writer.open.borrow();
            let snapshots = open.ordered.iter().flat_map(|one| one.grow.iter().chain(&one.shrink));
            let kept_bytes: usize = snapshots.map(|part| part.bytes.len()).sum();
            // One transaction more may have joined.
            let bound_bytes = (2 << 20) + (64 << 10);
            assert!(kept_bytes <= bound_bytes, "{kept_bytes} bytes after {number} files");
        }
        settle(&fs);
        assert_eq!(findings(&fs.again().disk.image.borrow()), []);
    }
}

#[test]
fn what_was_ordered_together_shares_a_commit() {
    let fs = Mounted::new(&layout(LOG));
    create(&fs, 0).expect("a file");
    settle(&fs);
    let before = fs.ffs.counters();
    (1..=32).for_each(|number| {
        create(&fs, number).expect("a file");
    });
    let waits = (0..32).map(|_| fs.ffs.settle()).collect();
    assert!(fs.wait(all(waits)).iter().all(Result::is_ok));
    let after = fs.ffs.counters();
    assert_eq!(after.transactions - before.transactions, 32);
    assert_eq!((after.commits - before.commits, after.flushes - before.flushes), (1, 2));
    assert!(after.log_bytes - before.log_bytes < 16 << 10, "{after:?}");
    settle(&fs);
    assert_eq!(fs.ffs.counters(), after);
}

#[test]
fn a_commit_given_up_half_way_is_finished_by_the_next() {
    for layout in layouts() {
        for polls in 0..12 {
            let fs = Mounted::new(&layout);
            create(&fs, 1).expect("a file");
            {
                let mut given_up = pin!(fs.ffs.make_durable());
                for _ in 0..polls {
                    let mut context = Context::from_waker(Waker::noop());
                    if Pin::new(&mut given_up).poll(&mut context).is_ready() {
                        break;
                    }
                    fs.wait(async {});
                }
            }
            assert!(fs.ffs.is_unsaved());
            create(&fs, 2).expect("a file");
            settle(&fs);
            if layout.log_bytes == LOG {
                let again = crash(&fs);
                assert!(exists(&again, 1) && exists(&again, 2));
            }
            fs.wait(fs.ffs.close()).expect("all written");
            assert_eq!(findings(&fs.disk.image.borrow()), []);
        }
    }
}

#[test]
fn the_superblock_says_how_it_is_used() {
    for layout in layouts() {
        let fs = Mounted::new(&layout);
        let state = |fs: &Mounted| {
            let superblock = superblock(fs);
            (superblock.clean, superblock.flags & flags::WAPBL != 0)
        };
        let unmounted = (clean::IS_CLEAN, false);
        assert_eq!(state(&fs), unmounted);
        fs.wait(fs.ffs.sync()).expect("all written");
        assert_eq!(state(&fs), unmounted, "nothing was changed");
        create(&fs, 1).expect("a file");
        settle(&fs);
        let has_log = layout.log_bytes == LOG;
        let in_use = if has_log { (clean::WAS_CLEAN, true) } else { (0, false) };
        assert_eq!(state(&fs), in_use);
        let again = crash(&fs);
        assert_eq!(again.ffs.writable().is_some(), has_log);
        fs.wait(fs.ffs.close()).expect("all written");
        assert_eq!(state(&fs), unmounted);
        assert_eq!(create(&fs, 2), Err(Errno::ReadOnly));
        assert_eq!(findings(&fs.disk.image.borrow()), []);
    }
}

#[test]
fn what_was_durable_is_there_after_a_crash() {
    for layout in layouts().filter(|layout| layout.log_bytes == LOG) {
        let fs = Mounted::new(&layout);
        for number in 0..20 {
            create(&fs, number).expect("a file");
            settle(&fs);
        }
        create(&fs, 20).expect("a file");
        let again = crash(&fs);
        assert!((0..20).all(|number| exists(&again, number)) && !exists(&again, 20));
        assert_eq!(again.ffs.description().condition, Condition::Clean);
        let usage = |fs: &Mounted| -> Usage { fs.wait(fs.ffs.usage()).expect("usage") };
        assert_eq!(usage(&again).free_files, usage(&fs).free_files + 1);
        again.wait(again.ffs.close()).expect("all written");
        assert_eq!(findings(&again.disk.image.borrow()), []);
        assert!(again.damage.borrow().is_empty());
    }
}

#[test]
fn a_small_log_goes_round_and_nobody_fails() {
    let fs = Mounted::new(&layout(LOG));
    for number in 0..800 {
        create(&fs, number).expect("a file");
        settle(&fs);
    }
    assert!(fs.ffs.counters().log_bytes > 2 << 20, "{:?}", fs.ffs.counters());
    let again = crash(&fs);
    assert!((0..800).all(|number| exists(&again, number)));
    again.wait(again.ffs.close()).expect("all written");
    assert_eq!(findings(&again.disk.image.borrow()), []);
}

#[test]
fn a_log_that_cannot_be_written_ends_all_changes() {
    for log_bytes in [LOG, Some(0)] {
        let fs = Mounted::new(&layout(log_bytes));
        create(&fs, 1).expect("a file");
        settle(&fs);
        let verifier = fs.ffs.write_verifier();
        *fs.disk.bad.borrow_mut() = 0..u64::MAX;
        create(&fs, 2).expect("ordered");
        assert_eq!(fs.wait(fs.ffs.settle()), Err(Errno::Io));
        assert_ne!(fs.ffs.write_verifier(), verifier);
        assert_eq!(create(&fs, 3), Err(Errno::ReadOnly));
        assert_eq!(fs.wait(fs.ffs.settle()), Err(Errno::Io));
        assert!(exists(&fs, 1));
        assert_eq!(fs.damage.borrow().len(), 1);
        assert!(fs.wait(fs.ffs.close()).is_err());
    }
}

#[test]
fn a_file_without_names_is_freed_by_the_next_mount() {
    let fs = Mounted::new(&layout(LOG));
    let file = create(&fs, 1).expect("a file");
    let node = fs.wait(fs.ffs.node(file.inode)).expect("a node");
    let data = alloc::vec![7; 300_000];
    let stability = vfs::Stability::File;
    fs.wait(fs.ffs.write_data(&node, 0, &data.into(), stability, NOW)).expect("space");
    let usage = |fs: &Mounted| fs.wait(fs.ffs.usage()).expect("usage").free_bytes;
    let full = usage(&fs);
    let name = Name::new(b"file 1").expect("a name");
    fs.wait(fs.ffs.remove_file(fs.ffs.root(), name, file, NOW)).expect("removed");
    // It would be taken apart by whoever settles.
    fs.wait(fs.ffs.make_durable()).expect("durable");
    let again = crash(&fs);
    assert!(usage(&again) < full + 300_000);
    again.wait(again.ffs.sync()).expect("all written");
    assert!(usage(&again) >= full + 300_000 && !exists(&again, 1));
    again.wait(again.ffs.close()).expect("all written");
    assert_eq!(findings(&again.disk.image.borrow()), []);
}

/// The first commit writes the superblock before anything else, and others go on meanwhile: into
/// inodes, perhaps, that this commit makes known. What stood there before must not be seen.
#[test]
fn inodes_that_a_commit_makes_known_are_zeros() {
    let layout = newfs::Options { format: Format::Ufs2, ..layout(LOG) };
    let fs = Mounted::new(&layout);
    let geometry = fs.ffs.geometry;
    let mut image = fs.disk.image.borrow().clone();
    for number in (2 * geometry.inodes_per_block()).into()..geometry.inodes_per_group.into() {
        let (frag, offset) = geometry.inode_place(abi::InodeNo(number)).expect("an inode");
        let at = (frag.0 << geometry.frag_shift) + offset as u64;
        ffscheck::Image::write_at(&mut image, at, &[0x81; 256]).expect("room");
    }
    assert_eq!(findings(&image), []);
    let fs = Mounted::of(image, Options::default()).expect("a mount");
    for number in 0..80 {
        create(&fs, number).expect("a file");
    }
    let mut first = pin!(fs.ffs.make_durable());
    let mut context = Context::from_waker(Waker::noop());
    // It gives way once, and then waits for the disk.
    for _ in 0..2 {
        assert!(first.as_mut().poll(&mut context).is_pending());
    }
    for number in 80..140 {
        create(&fs, number).expect("a file");
    }
    fs.wait(first).expect("durable");
    let again = crash(&fs);
    again.wait(again.ffs.leave_clean()).expect("all written");
    assert_eq!(findings(&again.disk.image.borrow()), []);
}

/// What the log has and its place has not is bounded in memory, however long the log is.
#[test]
fn metadata_does_not_wait_in_memory_without_a_bound() {
    let layout = newfs::Options { log_bytes: Some(7 << 20), ..newfs::Options::new(32 << 20) };
    let dirty_bytes_max = 256 << 10;
    let options = Options { dirty_bytes_max, ..Options::default() };
    let fs = Mounted::of(new_image(&layout), options).expect("a mount");
    let mut most = 0;
    for number in 0..300 {
        make(&fs, number, NewKind::Directory).expect("a directory");
        settle(&fs);
        most = most.max(fs.ffs.cache.released_bytes());
    }
    let commit_bytes = 8 * u64::from(fs.ffs.geometry.block_bytes());
    assert!(most > dirty_bytes_max / 2, "{most} bytes waited");
    assert!(most <= dirty_bytes_max + commit_bytes, "{most} bytes waited");
}
