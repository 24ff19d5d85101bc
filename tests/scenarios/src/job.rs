//! One piece of a long simulation: a number that stands for a scenario or a sequence.

use crate::layouts::Layout;
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
}

/// Steps through all sequences in an order that mixes them: a prime that divides no count of them.
const STRIDE: u64 = 7919;

impl Job {
    /// Scenarios and sequences by turns; every third sequence is a pair.
    pub fn numbered(number: u64) -> Self {
        let turn = number / 2;
        if number.is_multiple_of(2) {
            return Self::Scenario(turn);
        }
        let length = if turn.is_multiple_of(3) { 2 } else { 3 };
        let mixed = turn.wrapping_mul(STRIDE) % (sequences::count(length as u32) * 8);
        Self::sequence(length, mixed % 8, mixed / 8)
    }

    /// A sequence of this length, on this layout, of this number.
    pub fn sequence(length: u64, layout: u64, number: u64) -> Self {
        Self::Sequence(number << 5 | (layout & 7) << 2 | length & 3)
    }

    /// Plays it; `on_cut` is told of every power cut.
    ///
    /// # Errors
    /// The rule that was broken.
    pub fn run(self, on_cut: &mut dyn FnMut(u64)) -> Result<Tally, String> {
        match self {
            Self::Scenario(seed) => scenario::run(&Plan::of_seed(seed), on_cut),
            Self::Sequence(packed) => {
                let beginning = Beginning::new(Layout::numbered(packed >> 2 & 7))?;
                let cuts = beginning.run((packed & 3) as u32, packed >> 5, 1)?;
                on_cut(cuts);
                Ok(Tally { cuts, calls: packed & 3, ..Tally::default() })
            }
        }
    }

    /// The command that plays it again.
    pub fn command(self) -> String {
        match self {
            Self::Scenario(seed) => format!("cargo xtask sim --seed {seed}"),
            Self::Sequence(packed) => format!("cargo xtask sim --sequence {packed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_differ_and_cover_both_kinds() {
        let jobs: Vec<_> = (0..2000).map(Job::numbered).collect();
        let mut commands: Vec<_> = jobs.iter().map(|job| job.command()).collect();
        commands.sort();
        commands.dedup();
        assert_eq!(commands.len(), jobs.len());
        assert!(jobs.contains(&Job::Scenario(0)) && jobs.contains(&Job::sequence(2, 0, 0)));
    }
}
