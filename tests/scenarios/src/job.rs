//! One piece of a long simulation: a number that stands for a scenario or a sequence.

use crate::layouts::Layout;
use crate::network::kinds::{numbers, play_numbered};
use crate::scenario::{self, Plan, Tally};
use crate::sequences::{self, Beginning};

/// Something to be played by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The scenario of this seed.
    Scenario(u64),
    /// A short sequence: its length in the two lowest bits, its layout in the next three, and its
    /// number among those.
    Sequence(u64),
    /// The scenario of the network of this number.
    Network(u64),
}

/// Steps through all sequences in an order that mixes them: a prime that divides no count of them.
const STRIDE: usize = 7919;

impl Job {
    /// Every sequence of one and of two operations on each layout, and every one of three on one
    /// layout with a log and on one without.
    pub fn all_sequences() -> Vec<Self> {
        (1..=3).flat_map(Self::sequences).collect()
    }

    fn sequences(length: u32) -> impl Iterator<Item = Self> {
        (0..).zip(sequences::all(length)).flat_map(move |(turn, number)| {
            let layouts = if length < 3 { vec![0, 1, 2, 3, 4, 5, 6, 7] } else { pair(turn) };
            layouts.into_iter().map(move |layout| Self::sequence(length.into(), layout, number))
        })
    }

    /// Scenarios of the network of so many seeds, of all kinds.
    pub fn all_network(seeds: u64) -> Vec<Self> {
        (0..seeds).flat_map(numbers).map(Self::Network).collect()
    }

    /// Scenarios and some of `sequences` by turns.
    pub fn numbered(number: u64, sequences: &[Self]) -> Self {
        let turn = number / 2;
        match number.is_multiple_of(2) {
            true => Self::Scenario(turn),
            false => sequences[(turn as usize).wrapping_mul(STRIDE) % sequences.len()],
        }
    }

    /// A sequence of this length, on this layout, of this number.
    pub fn sequence(length: u64, layout: u64, number: u64) -> Self {
        Self::Sequence(number << 5 | (layout & 7) << 2 | length & 3)
    }

    /// The command that plays it again.
    pub fn command(self) -> String {
        match self {
            Self::Scenario(seed) => format!("cargo xtask sim --seed {seed}"),
            Self::Sequence(packed) => format!("cargo xtask sim --sequence {packed}"),
            Self::Network(number) => format!("cargo xtask sim --network {number}"),
        }
    }
}

/// Formats and byte orders take turns: the layouts of a triple, with and without a log.
fn pair(turn: u64) -> Vec<u64> {
    vec![turn % 4, 4 + (turn / 4 + turn) % 4]
}

/// Plays jobs, one after the other; sequences on the same layout share their beginning.
#[derive(Default)]
pub struct Player {
    beginnings: [Option<Beginning>; 8],
}

impl Player {
    /// Plays a job; `on_cut` is told of every power cut.
    ///
    /// # Errors
    /// The rule that was broken.
    pub fn play(&mut self, job: Job, on_cut: &mut dyn FnMut(u64)) -> Result<Tally, String> {
        match job {
            Job::Scenario(seed) => scenario::run(&Plan::of_seed(seed), on_cut),
            Job::Sequence(packed) => {
                let length = (packed & 3) as u32;
                let cuts = self.beginning(packed >> 2 & 7)?.run(length, packed >> 5, 1)?;
                on_cut(cuts);
                Ok(Tally { cuts, calls: length.into(), ..Tally::default() })
            }
            Job::Network(number) => play_numbered(number).map(|_| Tally::default()),
        }
    }

    fn beginning(&mut self, layout: u64) -> Result<&Beginning, String> {
        let place = &mut self.beginnings[layout as usize & 7];
        match place {
            Some(beginning) => Ok(beginning),
            None => Ok(place.insert(Beginning::new(Layout::numbered(layout))?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn jobs_differ_and_cover_both_kinds() {
        let all: Vec<_> = Job::sequences(2).collect();
        let jobs: Vec<_> = (0..2000).map(|number| Job::numbered(number, &all)).collect();
        let commands: BTreeSet<_> = jobs.iter().map(|job| job.command()).collect();
        assert_eq!(commands.len(), jobs.len());
        assert!(jobs.contains(&Job::Scenario(0)) && jobs.contains(&all[0]));
    }

    #[test]
    fn triples_meet_all_layouts() {
        let pairs: BTreeSet<_> = (0..16).map(pair).collect();
        assert_eq!(pairs.len(), 16);
    }
}
