//! Short sequences of operations, cut off at every fifth moment of the last: all singles and pairs,
//! and some triples. (`cargo xtask sim --long` plays all triples, at every moment.)

use scenarios::job::Job;
use scenarios::layouts::Layout;
use scenarios::sequences::{Beginning, all, is_one};

/// Plays those of these sequences whose turn it is on this layout. How many there are.
fn play(layout: u64, length: u32, sequences: impl Iterator<Item = u64>) -> usize {
    let beginning = Beginning::new(Layout::numbered(layout)).unwrap_or_else(|why| panic!("{why}"));
    let mine: Vec<_> = sequences.skip(layout as usize).step_by(8).collect();
    for &number in &mine {
        if let Err(why) = beginning.run(length, number, 5) {
            let job = Job::sequence(length.into(), layout, number);
            panic!("{why}\nto have it again: {}", job.command());
        }
    }
    mine.len()
}

/// Numbers of triples, few enough to be tried in a test, by a prime that divides no count of them.
fn some_triples() -> impl Iterator<Item = u64> {
    (0..NUMBERS_MAX).step_by(491).filter(|&number| is_one(3, number))
}

/// As many numbers as there are triples of steps.
const NUMBERS_MAX: u64 = 132 * 132 * 132;

/// Every single, every pair, and as many triples as there is time for: the layouts take turns.
fn short_sequences(layout: u64) {
    assert!(play(layout, 1, all(1).into_iter()) > 3);
    assert!(play(layout, 2, all(2).into_iter()) > 100);
    assert!(play(layout, 3, some_triples()) > 5);
}

scenarios::test_layouts! {
    short_sequences:
    ufs2_little_endian_with_a_log = 0,
    ufs1_little_endian_with_a_log = 1,
    ufs2_big_endian_with_a_log = 2,
    ufs1_big_endian_with_a_log = 3,
    ufs2_little_endian_without_a_log = 4,
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
    ufs1_big_endian_without_a_log = 7,
}
