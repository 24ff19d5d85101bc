//! A file whose removal is many transactions: the power is cut at every write of it.

use abi::FileSystemId;
use scenarios::layouts::{Layout, Shape};
use scenarios::model::Model;
use scenarios::observe::Mounted;
use scenarios::operation::{Change, FileNo, How, New, Operation, ROOT};
use scenarios::recording::{End, Ground, Recording, Settings, record};
use scenarios::recovery::{Recovered, recover};
use scenarios::scenario::Cuts;
use sim::{Image, Luck, Survivors};
use std::time::Duration;
use vfs::Stability;

const LARGE: FileNo = FileNo(2);

/// 1,600 blocks of 4 KiB, of which a transaction frees 256, and some that are far out.
const DENSE_WRITES: u64 = 13;
const WRITE_BYTES: u32 = 512 << 10;
const FAR_WRITES: u64 = 3;
const FAR_BYTES: u64 = 2 << 20;

fn make(name: &str, file: FileNo) -> Operation {
    let new = New::Regular(How::Guarded);
    Operation::Make { place: (ROOT, name.to_owned()), new, mode: 0o644, file }
}

fn write(file: FileNo, offset_bytes: u64, length_bytes: u32) -> Operation {
    let version = 1 + (offset_bytes >> 10) as u32;
    Operation::Write { file, offset_bytes, length_bytes, stability: Stability::File, version }
}

fn filling() -> Vec<Operation> {
    let dense = (0..DENSE_WRITES).map(|part| part * u64::from(WRITE_BYTES));
    let far = (1..=FAR_WRITES).map(|part| DENSE_WRITES * u64::from(WRITE_BYTES) + part * FAR_BYTES);
    let writes = dense.map(|at| write(LARGE, at, WRITE_BYTES));
    let writes = writes.chain(far.map(|at| write(LARGE, at, 3000)));
    std::iter::once(make("large", LARGE)).chain(writes).collect()
}

fn play(layout: Layout, image: Image, model: &Model, operations: &[Operation]) -> Recording {
    let settings = Settings {
        calls: operations.len() as u32,
        depth: 1,
        disk_time: Duration::from_micros(500),
        cache_bytes: 1 << 20,
        end: End::Idle,
        fault: None,
        rest_before: 0,
        discards: None,
        rest_after: None,
    };
    let mut rest = operations.iter();
    let mut next = |model: &Model| match model.under_way_count() {
        0 => rest.next().cloned(),
        _ => None,
    };
    let recording = record(Ground::Image(image), model, &settings, &Luck::new(3), &mut next);
    recording.unwrap_or_else(|why| panic!("{layout}: {why}"))
}

/// What is there after it, all of it in its place.
fn finish(layout: Layout, recording: &Recording) -> Recovered {
    let mut cuts = Cuts::new(recording, layout.logged, Luck::new(5));
    cuts.reach(recording.tape.length()).unwrap_or_else(|why| panic!("{layout}: {why}"));
    let recovered =
        recover(&cuts.left(Survivors::None), cuts.model(), layout.logged, &Luck::new(5));
    recovered.unwrap_or_else(|why| panic!("{layout}: {why}")).expect("nothing needs a person")
}

fn free(image: &Image) -> [u64; 2] {
    let mounted = Mounted::new(image.clone()).expect("a mount");
    mounted.free().expect("counts")
}

/// Cuts at every `step`-th moment of what `last` does to the large file. The number of cuts at which
/// the file was gone.
fn cut_everywhere(layout: Layout, last: &Operation, step: usize) -> u32 {
    let image = layout.image(FileSystemId(77), Shape::small(12 << 20));
    let small =
        play(layout, image, &Model::default(), &[make("a", FileNo(1)), write(FileNo(1), 0, 700)]);
    let small = finish(layout, &small);
    let full = finish(layout, &play(layout, small.image.clone(), &small.model, &filling()));
    let before = free(&small.image);
    assert!(free(&full.image)[0] + (6 << 20) < before[0]);
    let recording = play(layout, full.image, &full.model, std::slice::from_ref(last));
    let (luck, mut gone) = (Luck::new(7), 0);
    let mut cuts = Cuts::new(&recording, layout.logged, luck.fork());
    let end = recording.tape.length();
    for moment in (0..end).step_by(step).chain([end]) {
        cuts.reach(moment).unwrap_or_else(|why| panic!("{layout}: {why}"));
        let survivors = if moment == end { Survivors::None } else { Survivors::Any };
        let recovered = recover(&cuts.left(survivors), cuts.model(), layout.logged, &luck);
        let recovered = recovered.unwrap_or_else(|why| {
            let past = recording.tape.describe(moment.saturating_sub(12)..moment);
            panic!("{layout}, cut at {moment} of {end}: {why}\n{past}")
        });
        let Some(recovered) = recovered else { continue };
        let now = free(&recovered.image);
        // What has lost its name before it has lost its blocks is in lost+found, if there is no log.
        let is_gone = recovered.model.file(LARGE).is_none();
        if is_gone && (layout.logged || now[1] == before[1]) {
            assert_eq!(now, before, "{layout}, cut at {moment} of {end}");
            gone += 1;
        }
    }
    gone
}

fn take_away(number: u64) {
    let layout = Layout::numbered(number);
    let remove = Operation::Remove((ROOT, "large".to_owned()));
    assert!(cut_everywhere(layout, &remove, 1) > 10);
    let change = Change { size_bytes: Some(5000), ..Change::default() };
    cut_everywhere(layout, &Operation::SetAttributes { file: LARGE, change }, 9);
}

scenarios::test_layouts! {
    take_away:
    ufs2_little_endian_with_a_log = 0,
    ufs1_big_endian_with_a_log = 3,
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
}
