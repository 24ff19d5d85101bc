//! Services that close their images whenever nobody uses them, and go elsewhere then, with clients that
//! come back: no call fails, no handle is stale, the write verifier stays, and the power may be cut at any moment of it.

use scenarios::layouts::Layout;
use scenarios::scenario::{Plan, Tally, run};
use scenarios::workload::Style;
use std::time::Duration;

/// Seeds of each layout.
const SEEDS: u64 = 3;

fn plan(seed: u64, layout: Layout) -> Plan {
    let mut plan = Plan { rounds: 2, moments: 25, ..Plan::of_layout(seed, layout) };
    plan.style = Style::ALL[seed as usize % Style::ALL.len()];
    plan.settings.fault = None;
    plan.settings.calls = plan.settings.calls.min(200);
    plan.settings.rest_after = Some(Duration::from_millis(50 << (seed % 3)));
    plan
}

fn play(layout: u64) {
    let mut total = Tally::default();
    for seed in (0..SEEDS).map(|number| 5000 + 8 * number + layout) {
        let plan = plan(seed, Layout::numbered(layout));
        let tally = run(&plan, &mut |_| {}).unwrap_or_else(|why| panic!("{why}"));
        total.cuts += tally.cuts;
        total.openings += tally.openings;
        total.moves += tally.moves;
    }
    assert!(total.cuts > 150, "{total:?}");
    assert!(total.openings > 5 * SEEDS && total.moves > SEEDS, "it rests: {total:?}");
}

scenarios::test_layouts! {
    play:
    ufs2_little_endian_with_a_log = 0,
    ufs1_big_endian_with_a_log = 3,
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
}
