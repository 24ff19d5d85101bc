//! The power is cut, or the disk fails, while the first mount makes a log.

use abi::{Errno, FileSystemId};
use ffs::layout::{SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS, Superblock};
use scenarios::judge;
use scenarios::layouts::{Layout, Shape};
use scenarios::observe::{Mounted, spin_up};
use sim::{Counters, Fault, Image, Kind, Luck, Survivors, When};

/// Large enough for a log.
const SIZE_BYTES: u64 = 26 << 20;

/// More requests of a kind than a mount makes.
const REQUESTS_MAX: u64 = 1000;

/// What the first mount of this layout has written, cut everywhere.
fn cut_everywhere(layout: Layout) {
    let shape = Shape { bytes_per_inode: 65536, ..Shape::small(SIZE_BYTES) };
    let first = Mounted::new(layout.image(FileSystemId(77), shape)).expect("a mount");
    let tape = first.disk.tape();
    let luck = Luck::new(17);
    let mut replay = tape.replay();
    for moment in 0..=tape.length() {
        replay.reach(moment);
        // Luck has its say more than once.
        let cuts = Survivors::ALL.into_iter().chain([Survivors::Any; 2]);
        for survivors in cuts {
            let image = replay.cut(survivors, &luck);
            if let Err(why) = goes_on(&image) {
                let past = tape.describe(0..moment);
                panic!("{layout}, cut at {moment} ({survivors:?}): {why}\n{past}");
            }
            if replay.at_risk() == 0 {
                break;
            }
        }
    }
    let last = first.unmount().expect("all written");
    assert!(names_log(&last), "{layout}: no log was made");
    judge::after_unmount(&last).expect("clean");
}

/// Each request of this layout's first mount fails, once or from there on, before the power is cut.
fn fail_everywhere(layout: Layout) {
    let shape = Shape { bytes_per_inode: 65536, ..Shape::small(SIZE_BYTES) };
    let (image, luck) = (layout.image(FileSystemId(77), shape), Luck::new(19));
    for kind in [Kind::Read, Kind::Write, Kind::Flush] {
        let mut is_asked = true;
        for number in (1..).take_while(|number| *number < REQUESTS_MAX) {
            let errno = *luck.pick(&[Errno::Io, Errno::NoSpace]);
            let when = *luck.pick(&[When::Nth(number), When::From(number)]);
            let (disk, clock) = spin_up(image.clone());
            disk.fail(Fault { kind, when, errno });
            let used = Mounted::on(disk.clone(), clock).and_then(Mounted::unmount);
            let Counters { reads, writes, flushes, .. } = disk.counters();
            is_asked = number <= [reads, writes, flushes][kind as usize];
            if !is_asked {
                break;
            }
            let left = disk.cut(*luck.pick(&Survivors::ALL), &luck);
            if let Err(why) = goes_on(&left) {
                panic!(
                    "{layout}, {when:?} of {kind:?} failed with {errno}, {:?}: {why}",
                    used.err()
                );
            }
        }
        assert!(!is_asked, "{layout}: more requests than expected");
    }
}

fn names_log(image: &Image) -> bool {
    SUPERBLOCK_OFFSETS.into_iter().any(|offset_bytes| {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        image.read_at(offset_bytes, &mut bytes);
        Superblock::parse(&bytes).is_some_and(|(_, superblock)| superblock.journal_version != 0)
    })
}

/// Whether it can be mounted, mended and used.
fn goes_on(image: &Image) -> Result<(), String> {
    if let Err(why) = Mounted::new(image.clone())
        && why.starts_with("cannot mount")
    {
        return Err(why);
    }
    let mended = judge::mend(image)?.ok_or("there is space enough to mend it")?;
    judge::after_unmount(&mended)?;
    judge::after_unmount(&Mounted::new(mended)?.unmount()?)
}

fn play(number: u64) {
    cut_everywhere(Layout::numbered(number));
    fail_everywhere(Layout::numbered(number));
}

scenarios::test_layouts! {
    play:
    ufs2_little_endian = 4,
    ufs1_little_endian = 5,
    ufs2_big_endian = 6,
    ufs1_big_endian = 7,
}
