//! When slow start ends before it loses anything: once round trips grow (RFC 9406, HyStart++).
//!
//! Growth slows to a quarter first, and is taken up again if the longer round trips were none of ours.

use core::time::Duration;

/// Measurements that make a round's minimum count (§4.3).
const SAMPLES_MIN: u8 = 8;

/// Rounds of slower growth before slow start is over.
const SLOW_ROUNDS: u8 = 5;

/// Growth in those is one of so many.
const SLOW_DIVISOR: u64 = 4;

/// By how much the round trip may grow: an eighth, within these bounds.
const GROWTH_MIN: Duration = Duration::from_millis(4);
const GROWTH_MAX: Duration = Duration::from_millis(16);

/// How slow start goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlowStart {
    /// The round is over when this offset is acknowledged.
    round_end: u64,
    last_minimum: Option<Duration>,
    minimum: Option<Duration>,
    samples: u8,
    slow: Option<Slow>,
}

#[derive(Clone, Debug, PartialEq)]
struct Slow {
    baseline: Duration,
    rounds: u8,
}

impl SlowStart {
    /// `acknowledged` up to there, sent up to `next`, with the round trip measured. Whether slow
    /// start is over.
    pub fn acknowledged(&mut self, acknowledged: u64, next: u64, sample: Option<Duration>) -> bool {
        if let Some(sample) = sample {
            self.minimum = Some(self.minimum.map_or(sample, |minimum| minimum.min(sample)));
            self.samples = self.samples.saturating_add(1);
            self.judge();
        }
        acknowledged >= self.round_end && self.next_round(next)
    }

    fn judge(&mut self) {
        let Some(minimum) = self.minimum.filter(|_| self.samples >= SAMPLES_MIN) else { return };
        match (&self.slow, self.last_minimum) {
            (Some(slow), _) if minimum < slow.baseline => self.slow = None,
            (None, Some(last)) if minimum >= last + (last / 8).clamp(GROWTH_MIN, GROWTH_MAX) => {
                self.slow = Some(Slow { baseline: minimum, rounds: 0 });
            }
            _ => {}
        }
    }

    fn next_round(&mut self, next: u64) -> bool {
        self.round_end = next;
        self.last_minimum = self.minimum.take();
        self.samples = 0;
        self.slow.as_mut().is_some_and(|slow| {
            slow.rounds += 1;
            slow.rounds > SLOW_ROUNDS
        })
    }

    /// By how much the window grows for what was acknowledged.
    pub const fn growth(&self, acknowledged_bytes: u64) -> u64 {
        if self.slow.is_some() { acknowledged_bytes / SLOW_DIVISOR } else { acknowledged_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(start: &mut SlowStart, number: u64, milliseconds: u64) -> bool {
        let over = start.acknowledged(number * 100, (number + 1) * 100, None);
        let sample = Some(Duration::from_millis(milliseconds));
        (0..10).for_each(|_| assert!(!start.acknowledged(number * 100 + 1, 0, sample)));
        over
    }

    #[test]
    fn growing_round_trips_slow_it_down_and_end_it() {
        let mut start = SlowStart::default();
        assert!(!round(&mut start, 0, 20));
        assert!(!round(&mut start, 1, 23));
        assert_eq!(start.growth(4000), 4000);
        assert!(!round(&mut start, 2, 28));
        assert_eq!(start.growth(4000), 1000);
        assert!((3..8).all(|number| !round(&mut start, number, 30)) || start.growth(4) == 1);
        assert!(round(&mut start, 8, 30));
    }

    #[test]
    fn shorter_ones_take_it_up_again() {
        let mut start = SlowStart::default();
        round(&mut start, 0, 20);
        round(&mut start, 1, 28);
        assert_eq!(start.growth(400), 100);
        round(&mut start, 2, 21);
        assert_eq!(start.growth(400), 400);
    }

    #[test]
    fn few_samples_prove_nothing() {
        let mut start = SlowStart::default();
        round(&mut start, 0, 20);
        start.acknowledged(100, 200, Some(Duration::from_millis(90)));
        assert_eq!(start.growth(400), 400);
    }
}
