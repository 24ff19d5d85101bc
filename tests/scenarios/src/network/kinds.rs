//! Which scenarios there are: a table of what can be played with a seed.

use super::attacker::play_attacked;
use super::liar::play_lied_to;
use super::moving::play_moving;
use super::narrow::{play_black_hole, play_narrow};
use super::pace::play_calls;
use super::play::{Played, play};
use super::with_stranger::play_with_stranger;

/// Plays the scenario of a seed.
type Play = fn(u64) -> Result<Played, String>;

/// Name and meaning. A row's place is part of every number of a scenario: new ones come last.
const KINDS: &[(&str, Play)] = &[
    ("talk", play),
    ("moving", play_moving),
    ("calls", play_calls),
    ("stranger", play_with_stranger),
    ("attacked", play_attacked),
    ("lied to", play_lied_to),
    ("narrow", play_narrow),
    ("black hole", play_black_hole),
];

/// A scenario's number holds its kind in so many of its lowest bits.
const KIND_BITS: u32 = 3;

/// The numbers of all kinds with a seed.
pub fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    (0..KINDS.len() as u64).map(move |kind| seed << KIND_BITS | kind)
}

/// Plays the scenario of a number.
///
/// # Errors
/// The rule that was broken.
pub fn play_numbered(number: u64) -> Result<Played, String> {
    let kind = number as usize & ((1 << KIND_BITS) - 1);
    let (_, play) = KINDS.get(kind).ok_or_else(|| format!("{number}: there is no such kind"))?;
    play(number >> KIND_BITS)
}

/// Plays many of a kind, for tests. Returns what was played in all.
///
/// # Panics
/// If there is no such kind, or a rule was broken: with what to do to have that again.
pub fn must_hold(name: &str, seeds: std::ops::Range<u64>) -> Played {
    let kind = KINDS.iter().position(|(kind, _)| *kind == name);
    let kind = kind.unwrap_or_else(|| panic!("no scenario is called {name}")) as u64;
    let mut total = Played::default();
    for seed in seeds {
        let number = seed << KIND_BITS | kind;
        // Shown if the scenario panics.
        println!("to have it again: cargo xtask sim --network {number}");
        total.add(&play_numbered(number).unwrap_or_else(|why| panic!("{name} {seed}: {why}")));
    }
    total
}
