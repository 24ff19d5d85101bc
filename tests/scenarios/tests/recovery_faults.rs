//! The disk fails at every request of a recovery, one after the other; then it works again.

use abi::{Errno, FileSystemId};
use scenarios::judge;
use scenarios::layouts::{Layout, Shape};
use scenarios::model::Model;
use scenarios::recording::{End, Ground, Recording, Settings, record};
use scenarios::recovery::recover_with;
use scenarios::scenario::Cuts;
use scenarios::workload::{Style, Workload};
use sim::{Fault, Kind, Luck, Survivors, When};
use std::time::Duration;

/// Requests of one kind, beyond which only some fail.
const ALL_UP_TO: u64 = 24;

fn recorded(layout: Layout, luck: &Luck) -> Recording {
    let settings = Settings {
        calls: 120,
        depth: 4,
        disk_time: Duration::from_micros(500),
        cache_bytes: 1 << 20,
        end: End::Abrupt,
        fault: None,
        rest_before: 0,
        discards: None,
        rest_after: None,
    };
    let image = layout.image(FileSystemId(77), Shape::small(2 << 20));
    let mut workload = Workload::new(Style::Mixed, luck.fork());
    let next = &mut |model: &Model| workload.next(model);
    let recording = record(Ground::Image(image), &Model::default(), &settings, luck, next);
    recording.unwrap_or_else(|why| panic!("{layout}: {why}"))
}

/// Fails every request of the recoveries from some cuts.
fn play(number: u64) {
    let (layout, luck) = (Layout::numbered(number), Luck::new(number));
    let recording = recorded(layout, &luck);
    let mut cuts = Cuts::new(&recording, layout.logged, luck.fork());
    let mut total = 0;
    for part in [2, 3] {
        cuts.reach(recording.tape.length() * part / 3).unwrap_or_else(|why| panic!("{why}"));
        let left = cuts.left(Survivors::Any);
        let image = match layout.logged {
            true => Some(left),
            false => judge::mend(&left).expect("what BSD mends"),
        };
        let Some(image) = image else { continue };
        for (kind, errno) in [
            (Kind::Read, Errno::Io),
            (Kind::Write, Errno::Io),
            (Kind::Write, Errno::NoSpace),
            (Kind::Flush, Errno::Io),
        ] {
            for request in (1..ALL_UP_TO).chain((ALL_UP_TO..).step_by(7)) {
                let when = if request % 2 == 0 { When::Nth(request) } else { When::From(request) };
                let fault = Fault { kind, when, errno };
                match recover_with(fault, &image, cuts.model(), layout.logged, &luck) {
                    Ok(true) => total += 1,
                    Ok(false) => break,
                    Err(why) => panic!("{layout}, cut at {part}/3: {why}"),
                }
            }
        }
    }
    assert!(total > 20, "{total} requests");
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
