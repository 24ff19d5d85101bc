//! The power is cut at random moments of random work, on every layout.

use scenarios::layouts::Layout;
use scenarios::scenario::{Plan, Tally, run};

/// On each layout, at least.
const CUTS: u64 = 300;

/// Plays the seeds of one layout until there were enough cuts.
fn play(layout: u64) {
    let mut total = 0;
    let mut seed = 1000 + layout;
    while total < CUTS {
        let plan = Plan::of_layout(seed, Layout::numbered(layout));
        assert_eq!(seed % 8, layout, "so that `cargo xtask sim --seed` plays the same");
        match run(&plan, &mut |cuts| total += cuts) {
            Ok(_) => seed += 8,
            Err(why) => panic!("{why}\nto have it again: cargo xtask sim --seed {seed}"),
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
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
    ufs1_big_endian_without_a_log = 7,
}

/// Seeds that found something once.
#[test]
fn what_was_found_stays_found() {
    for seed in [0, 5, 14, 52, 66, 133] {
        let plan = Plan { rounds: 2, moments: 20, ..Plan::of_seed(seed) };
        run(&plan, &mut |_| {}).unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn one_seed_is_one_world() {
    let plan = |seed| Plan { rounds: 2, moments: 5, ..Plan::of_seed(seed) };
    let play = |seed| -> Tally { run(&plan(seed), &mut |_| {}).expect("it holds") };
    assert_eq!(play(1), play(1));
    assert_ne!(play(1).fingerprint, play(9).fingerprint);
}
