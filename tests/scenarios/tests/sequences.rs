//! Short sequences of operations, cut off at every other moment: all pairs, and some triples.
//! (`cargo xtask sim` plays as many as there is time for, at every moment.)

use scenarios::job::Job;
use scenarios::layouts::Layout;
use scenarios::sequences::{Beginning, count};

/// Those of these sequences whose turn it is on this layout. The number of cuts.
fn play(layout: u64, length: u32, step: usize) -> u64 {
    let beginning = Beginning::new(Layout::numbered(layout)).unwrap_or_else(|why| panic!("{why}"));
    let all = (0..count(length)).step_by(step);
    let mine = all.filter(|number| number / step as u64 % 8 == layout);
    mine.map(|number| {
        let cuts = beginning.run(length, number, 2);
        cuts.unwrap_or_else(|why| {
            let job = Job::sequence(length.into(), layout, number);
            panic!("{why}\nto have it again: {}", job.command())
        })
    })
    .sum()
}

/// Every pair, and as many triples as there is time for: the layouts take turns.
fn pairs_and_triples(layout: u64) {
    assert!(play(layout, 2, 1) > count(2) / 8);
    assert!(play(layout, 3, 997) > 10);
}

macro_rules! layouts {
    ($($name:ident = $number:literal,)*) => {
        $(#[test] fn $name() { pairs_and_triples($number); })*
    };
}

layouts! {
    ufs2_little_endian_with_a_log = 0,
    ufs1_little_endian_with_a_log = 1,
    ufs2_big_endian_with_a_log = 2,
    ufs1_big_endian_with_a_log = 3,
    ufs2_little_endian_without_a_log = 4,
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
    ufs1_big_endian_without_a_log = 7,
}
