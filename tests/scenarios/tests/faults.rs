//! The disk fails at each of its first requests during ordinary work, once or from there on: what was not
//! made durable is answered with an error of the disk, reading goes on, and after a reboot everything
//! that was acknowledged is there.

use abi::Errno;
use scenarios::layouts::Layout;
use scenarios::recording::{End, Settings};
use scenarios::scenario::{Plan, run};
use scenarios::workload::Style;
use sim::{Fault, Kind, When};

/// Requests of each kind that fail, one after the other; on every layout every other one.
const REQUESTS: u64 = 30;

fn play(layout: u64) {
    let kinds = [
        (Kind::Read, Errno::Io),
        (Kind::Write, Errno::Io),
        (Kind::Write, Errno::NoSpace),
        (Kind::Flush, Errno::Io),
    ];
    for number in (1 + layout % 2..=REQUESTS).step_by(2) {
        for (turn, (kind, errno)) in (number..).zip(kinds) {
            let when = if turn % 2 == 0 { When::Nth(number) } else { When::From(number) };
            let seed = turn << 3 | layout;
            let plan = Plan::of_layout(seed, Layout::numbered(layout));
            let style = if turn % 3 == 0 { Style::Data } else { Style::Mixed };
            let fault = Some(Fault { kind, when, errno });
            let settings = Settings {
                calls: 60,
                cache_bytes: 256 << 10,
                end: End::Idle,
                fault,
                ..plan.settings
            };
            let plan = Plan { style, settings, rounds: 1, moments: 4, ..plan };
            run(&plan, &mut |_| {}).unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

scenarios::test_layouts! {
    play:
    ufs2_little_endian_with_a_log = 0,
    ufs1_big_endian_with_a_log = 3,
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
}
