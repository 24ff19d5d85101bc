//! The loss grid: one connection over paths of every length and loss, ours and the kernel's in turn.

use super::path::{Competitor, Direction, Terms, goodput};
use crate::bench::results::median;
use crate::bench::servers::Programs;
use crate::bench::settings::Settings;
use serde::Serialize;
use std::path::Path;

/// Round trips, in microseconds.
pub const RTTS_US: [u64; 2] = [200, 10_000];
/// Parts of frames that are lost.
pub const LOSSES: [f64; 4] = [0.0, 0.0001, 0.001, 0.01];
/// Both ways.
pub const DIRECTIONS: [Direction; 2] = [Direction::Sending, Direction::Receiving];

/// Goodput over one path, in 10^6 bits in a second, run by run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The path.
    pub terms: Terms,
    /// Which way.
    pub direction: Direction,
    /// Of our stack.
    pub ours_mbit: Vec<f64>,
    /// Of the host's kernel.
    pub kernel_mbit: Vec<f64>,
}

impl Cell {
    /// The medians.
    pub fn medians(&self) -> (f64, f64) {
        (median(self.ours_mbit.clone()), median(self.kernel_mbit.clone()))
    }

    /// Ours to the kernel's.
    pub fn ratio(&self) -> f64 {
        let (ours, kernel) = self.medians();
        ours / kernel
    }
}

/// Runs all of it. Every round has a seed of its own, the same for both.
pub fn run(programs: &Programs, folder: &Path, settings: &Settings) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (direction, rtt_us, loss) in all() {
        let terms = Terms { rtt_us, loss };
        let mut cell = Cell { terms, direction, ours_mbit: Vec::new(), kernel_mbit: Vec::new() };
        let seconds = seconds(settings, rtt_us);
        for seed in 1..=settings.repeats {
            let run = |who| {
                let run = goodput(programs, folder, who, (terms, direction), (seconds, seed));
                run.unwrap_or_else(nothing)
            };
            cell.ours_mbit.push(run(Competitor::Ours));
            cell.kernel_mbit.push(run(Competitor::Kernel));
        }
        eprintln!("{direction:?} {rtt_us} µs {loss}: {:?}, {:.2}", cell.medians(), cell.ratio());
        cells.push(cell);
    }
    cells
}

/// A run that failed moved nothing: it counts, and the reason is told.
fn nothing(why: String) -> f64 {
    eprintln!("bench: a run failed: {why}");
    0.0
}

/// Three times as long as other measurements: a connection has to find its rate. Twice that where
/// a round trip is long, and losses are few.
fn seconds(settings: &Settings, rtt_us: u64) -> f64 {
    settings.seconds * if rtt_us > RTTS_US[0] { 6.0 } else { 3.0 }
}

fn all() -> impl Iterator<Item = (Direction, u64, f64)> {
    DIRECTIONS.into_iter().flat_map(|direction| {
        RTTS_US.into_iter().flat_map(move |rtt_us| LOSSES.map(|loss| (direction, rtt_us, loss)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_one_of_medians() {
        let cell = Cell {
            terms: Terms { rtt_us: 200, loss: 0.0 },
            direction: Direction::Sending,
            ours_mbit: vec![90.0, 10.0, 100.0],
            kernel_mbit: vec![100.0, 500.0, 60.0],
        };
        assert_eq!((cell.medians(), cell.ratio()), ((90.0, 100.0), 0.9));
        assert_eq!(all().count(), 16);
        assert_eq!((median(vec![1.0, 4.0]), median(vec![])), (2.5, 0.0));
    }
}
