//! Random operations against memfs and ffs side by side, on every layout; then fsck.

use abi::{FileSystemId, Timestamp};
use memfs::Memfs;
use scenarios::judge;
use scenarios::layouts::{Layout, Shape};
use scenarios::model::Model;
use scenarios::observe::Mounted;
use scenarios::twins::{Side, tell};
use scenarios::workload::{Style, Workload};
use sim::Luck;

const OPERATIONS: u32 = 400;
const SEEDS: u64 = 3;

/// One run. Stops with the first difference.
fn run(seed: u64, layout: Layout, style: Style) {
    let image = layout.image(FileSystemId(5), Shape::of_luck(24 << 20, &Luck::new(seed)));
    let mounted = Mounted::new(image).expect("a new image can be mounted");
    let ffs = Side::new(mounted.file_system(), Box::new(mounted.waiting()));
    let begin = Timestamp { seconds: 1_600_000_000, nanoseconds: 0 };
    let memory = Memfs::new(FileSystemId(6), 24 << 20, 1, begin);
    let memfs = Side::new(memory, Box::new(|| panic!("memory never waits")));
    let (mut model, mut workload) = (Model::default(), Workload::new(style, Luck::new(seed)));
    model.adopt(scenarios::operation::ROOT, mounted.file_system().root(), None);
    for number in 1..=OPERATIONS {
        let Some(operation) = workload.next(&model) else { continue };
        let time = Timestamp { seconds: begin.seconds + i64::from(number), nanoseconds: 9 };
        let [expected, found] = [&memfs, &ffs].map(|side| side.apply(&operation, time));
        assert_eq!(found, expected, "{layout}, seed {seed}, {number}: {operation:?}");
        tell(&mut model, number, &operation, &expected);
    }
    let (found, expected) = (ffs.shape(), memfs.shape());
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found == expected, "{layout}, seed {seed}: {found:?} is not {expected:?}");
    }
    assert_eq!(found.len(), expected.len());
    drop(ffs);
    let image = mounted.unmount().expect("it can be unmounted");
    judge::after_unmount(&image).unwrap_or_else(|why| panic!("{layout}, seed {seed}: {why}"));
}

fn play(layout: u64) {
    for seed in 0..SEEDS {
        for style in [Style::Mixed, Style::Names, Style::Data, Style::Crowd] {
            run(seed, Layout::numbered(layout), style);
        }
    }
}

scenarios::test_layouts! {
    play:
    ufs2_little_endian_with_a_log = 0,
    ufs1_little_endian_with_a_log = 1,
    ufs2_big_endian_with_a_log = 2,
    ufs1_big_endian_with_a_log = 3,
    ufs2_little_endian_without_a_log = 4,
    ufs1_big_endian_without_a_log = 7,
}
