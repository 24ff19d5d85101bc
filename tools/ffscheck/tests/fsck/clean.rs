//! What newfs and makefs make is found clean.

use crate::builder::Builder;
use crate::support::{assert_clean, classes, look, repair};
use abi::{FileSystemId, Timestamp};
use ffs::layout::{ByteOrder, Format};
use ffscheck::fsck::{self, Class, Outcome};
use ffscheck::newfs::{Memory, Options, Quotas, newfs};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 5 };

pub const LAYOUTS: [(Format, ByteOrder); 4] = [
    (Format::Ufs1, ByteOrder::Little),
    (Format::Ufs1, ByteOrder::Big),
    (Format::Ufs2, ByteOrder::Little),
    (Format::Ufs2, ByteOrder::Big),
];

fn made(options: &Options) -> Option<Memory> {
    let mut image = Memory::default();
    newfs(&mut image, options, FileSystemId(0x0123_4567_89ab_cdef), TIME).ok()?;
    Some(image)
}

#[test]
fn new_images_of_every_shape() {
    for (format, byte_order) in LAYOUTS {
        for block_bytes in [4096, 8192, 16384, 32768, 65536] {
            for shift in (0..=3).filter(|shift| block_bytes >> shift >= 512) {
                let options = Options {
                    format,
                    byte_order,
                    block_bytes: Some(block_bytes),
                    fragment_bytes: Some(block_bytes >> shift),
                    ..Options::new((20 << 20) + 1536)
                };
                let image = made(&options).expect("an image");
                let report = assert_clean(&image, &format!("{options:?}"));
                assert_eq!((report.usage.directories, report.usage.files), (1, 0));
                assert!(report.was_clean);
            }
        }
    }
}

#[test]
fn new_images_of_every_size_with_and_without_a_log() {
    for (format, byte_order) in LAYOUTS {
        for size_bytes in [1 << 20, (30 << 20) + 77, 700 << 20, 3 << 30] {
            for log_bytes in [Some(0), None] {
                let options = Options { format, byte_order, log_bytes, ..Options::new(size_bytes) };
                let image = made(&options).expect("an image");
                assert_clean(&image, &format!("{options:?}"));
            }
        }
    }
}

#[test]
fn new_images_with_quotas() {
    for (format, byte_order) in LAYOUTS {
        for block_bytes in [4096, 65536] {
            for (user, group, log_bytes) in
                [(true, true, None), (true, false, Some(0)), (false, true, Some(1 << 20))]
            {
                let options = Options {
                    format,
                    byte_order,
                    log_bytes,
                    block_bytes: Some(block_bytes),
                    quotas: Quotas { user, group },
                    owner_uid: 77,
                    owner_gid: 32,
                    ..Options::new(40 << 20)
                };
                let image = made(&options).expect("an image");
                assert_clean(&image, &format!("{options:?}"));
            }
        }
    }
}

#[test]
fn a_terabyte_is_checked_in_a_moment() {
    let mut image = made(&Options::new(1 << 40)).expect("an image");
    let report = fsck::check(&mut image, &fsck::Options::default(), &mut |_| {}).expect("checked");
    assert_eq!(report.outcome, Outcome::Clean);
}

#[test]
fn progress_never_goes_back() {
    let mut image = made(&Options::new(64 << 20)).expect("an image");
    let mut last = None;
    let mut watch = |progress: fsck::Progress| {
        assert!(progress.done <= progress.total);
        let now = (progress.phase, progress.done);
        assert!(last.is_none_or(|last| last <= now), "{last:?} {now:?}");
        last = Some(now);
    };
    fsck::check(&mut image, &fsck::Options::default(), &mut watch).expect("checked");
    assert_eq!(last.expect("something was told").0, fsck::Phase::Groups);
}

/// The builder leaves maps and counts to fsck; of everything else it must find nothing.
#[test]
fn populated_images_lack_only_their_maps() {
    let derived = [
        Class::InodeMap,
        Class::FragmentMap,
        Class::ClusterMap,
        Class::FreeRuns,
        Class::GroupCounts,
        Class::SummaryTable,
        Class::Totals,
    ];
    for (format, byte_order) in LAYOUTS {
        let mut image = Builder::new(format, byte_order).sample().finish();
        let found = classes(&look(&image));
        assert!(found.iter().all(|class| derived.contains(class)), "{found:?}");
        let report = repair(&mut image);
        assert_eq!(report.outcome, Outcome::Repaired);
        assert_eq!((report.usage.directories, report.usage.files), (5, 9));
    }
}

#[test]
fn what_is_no_file_system_is_said_to_be_none() {
    for size_bytes in [0, 100, 5000, 3 << 20] {
        let mut image = Memory::default();
        ffscheck::newfs::Destination::clear(&mut image, size_bytes).expect("memory");
        let checked = fsck::check(&mut image, &fsck::Options::default(), &mut |_| {});
        let error = checked.expect_err("no file system").to_string();
        assert!(error.contains("no UFS superblock"), "{error}");
    }
}

/// A tree for makefs: files at the boundaries of blocks, many names, links.
fn lay(folder: &Path) {
    fs::create_dir_all(folder.join("a/b/c")).expect("folders");
    fs::create_dir_all(folder.join("many")).expect("a folder");
    for size in [0, 1, 511, 512, 4096, 8191, 8192, 98_304, 98_305, 300_000, 5_000_000] {
        fs::write(folder.join(format!("a/{size}")), vec![7; size]).expect("a file");
    }
    for name in 0..700 {
        fs::write(folder.join(format!("many/name number {name}")), b"x").expect("a file");
    }
    fs::hard_link(folder.join("a/512"), folder.join("a/b/twin")).expect("a link");
    std::os::unix::fs::symlink("short", folder.join("a/short")).expect("a link");
    std::os::unix::fs::symlink("long/".repeat(40), folder.join("a/long")).expect("a link");
}

#[test]
fn images_of_makefs() {
    if Command::new("makefs").arg("-h").output().is_err() {
        println!("skipped: makefs is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    lay(&tree);
    for version in [1, 2] {
        for order in ["le", "be"] {
            for (block, frag) in
                [(4096, 512), (8192, 1024), (16384, 2048), (65536, 8192), (8192, 8192)]
            {
                let image = folder.path().join("image");
                let options = format!("version={version},bsize={block},fsize={frag}");
                let makefs = Command::new("makefs")
                    .args(["-t", "ffs", "-b", "40%", "-M", "1m", "-B", order, "-o", &options])
                    .args([&image, &tree])
                    .output()
                    .expect("makefs runs");
                assert!(makefs.status.success(), "{makefs:?}");
                let mut file = File::open(&image).expect("an image");
                let report = fsck::check(&mut file, &fsck::Options::default(), &mut |_| {});
                let report = report.expect("a file system");
                let found = crate::support::lines(&report);
                assert_eq!(found, Vec::<String>::new(), "{options} {order}");
                assert_eq!(report.usage.directories, 5, "{report:?}");
            }
        }
    }
}
