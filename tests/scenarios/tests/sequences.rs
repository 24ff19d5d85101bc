//! Short sequences of operations, cut off at every third moment of the last: all singles and pairs,
//! and some triples. (`cargo xtask sim --long` plays all triples, at every moment.)

use scenarios::job::Job;
use scenarios::layouts::Layout;
use scenarios::sequences::{Beginning, all};

/// Those of these sequences whose turn it is on this layout, every `step`-th. The number of them.
fn play(layout: u64, length: u32, step: usize) -> usize {
    let beginning = Beginning::new(Layout::numbered(layout)).unwrap_or_else(|why| panic!("{why}"));
    let all = all(length);
    let mine: Vec<_> = all.iter().skip(layout as usize * step).step_by(8 * step).collect();
    for &&number in &mine {
        if let Err(why) = beginning.run(length, number, 3) {
            let job = Job::sequence(length.into(), layout, number);
            panic!("{why}\nto have it again: {}", job.command());
        }
    }
    mine.len()
}

/// Every single, every pair, and as many triples as there is time for: the layouts take turns.
fn short_sequences(layout: u64) {
    assert!(play(layout, 1, 1) > 3);
    assert!(play(layout, 2, 1) > 100);
    assert!(play(layout, 3, 307) > 10);
}

macro_rules! layouts {
    ($($name:ident = $number:literal,)*) => {
        $(#[test] fn $name() { short_sequences($number); })*
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
