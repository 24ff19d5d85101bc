//! How the window grows after a loss: as the cube of the time since, yet no slower than Reno would
//! (RFC 9438 §4).
//!
//! Bytes and whole numbers only: the cube's origin is known to the millisecond.

use abi::Instant;
use core::time::Duration;

/// What stays of the window after a loss, in tenths (β, §4.6).
pub const KEPT_TENTHS: u64 = 7;

/// The constant C of the cube, in tenths of packets per cubic second.
const CUBE_TENTHS: u64 = 4;

/// What Reno's line gains per window, in thousandths of a packet, to be as fair as Reno while it
/// loses less at each loss (α, §4.3).
const LINE_THOUSANDTHS: u64 = 529;

/// Windows are smaller than this (RFC 7323 §2.3), which bounds the cube's origin.
const WINDOW_BYTES_MAX: u64 = 1 << 30;

/// The curve of one stretch between two losses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cubic {
    /// The window at which the curve is flat: where the last loss was, or below.
    plateau_bytes: u64,
    epoch: Option<Epoch>,
}

#[derive(Clone, Debug, PartialEq)]
struct Epoch {
    start: Instant,
    /// From the start until the plateau is reached.
    to_plateau: Duration,
    /// What Reno would have.
    line_bytes: u64,
    /// Above this, Reno's line is as steep as Reno's own.
    line_prior_bytes: u64,
    /// What the divisions left over.
    curve_rest: u64,
    line_rest: u64,
}

impl Cubic {
    /// A loss ends a stretch at a window of `window_bytes`. Whoever had less than before leaves room
    /// for others (fast convergence, §4.7).
    pub fn lost(&mut self, window_bytes: u64) {
        let shrinking = window_bytes < self.plateau_bytes;
        let tenths = if shrinking { 10 + KEPT_TENTHS } else { 20 };
        self.plateau_bytes = window_bytes * tenths / 20;
        self.epoch = None;
    }

    /// No loss, but the stretch begins anew from here: after slow start without loss.
    pub fn restart(&mut self) {
        self.epoch = None;
    }

    /// Nothing was sent for a while, in which the curve stands still (§5.8).
    pub fn idle(&mut self, time: Duration) {
        if let Some(epoch) = &mut self.epoch {
            epoch.start = epoch.start + time;
        }
    }

    /// The window after `acknowledged_bytes` more have arrived.
    pub fn grown(
        &mut self,
        window_bytes: u64,
        acknowledged_bytes: u64,
        mss: u64,
        trip: Duration,
        now: Instant,
    ) -> u64 {
        if self.epoch.is_none() {
            self.plateau_bytes = self.plateau_bytes.max(window_bytes);
        }
        let plateau_bytes = self.plateau_bytes;
        let begin = || Epoch::new(window_bytes, plateau_bytes, mss, now);
        let epoch = self.epoch.get_or_insert_with(begin);
        let line_bytes = epoch.line(window_bytes, acknowledged_bytes, mss);
        let target = epoch.curve(plateau_bytes, mss, now.since(epoch.start) + trip);
        let target = target.clamp(window_bytes, window_bytes * 3 / 2);
        let gain = epoch.gain(target - window_bytes, acknowledged_bytes, window_bytes);
        (window_bytes + gain).max(line_bytes).min(WINDOW_BYTES_MAX)
    }
}

impl Epoch {
    fn new(window_bytes: u64, plateau_bytes: u64, mss: u64, now: Instant) -> Self {
        // K of §4.2 in milliseconds: the cube root of (plateau - window) / C, scaled by 10^9.
        let below = (plateau_bytes - window_bytes).min(WINDOW_BYTES_MAX);
        let to_plateau_ms = cube_root(below * (10_000_000_000 / CUBE_TENTHS) / mss);
        Self {
            start: now,
            to_plateau: Duration::from_millis(to_plateau_ms),
            line_bytes: window_bytes,
            line_prior_bytes: plateau_bytes,
            curve_rest: 0,
            line_rest: 0,
        }
    }

    /// The cube at `time` from the start (§4.2).
    fn curve(&self, plateau_bytes: u64, mss: u64, time: Duration) -> u64 {
        let microseconds = time.abs_diff(self.to_plateau).as_micros().min(1 << 31);
        let cube = microseconds.pow(3) * u128::from(mss * CUBE_TENTHS) / 10_u128.pow(19);
        let offset = u64::try_from(cube).unwrap_or(u64::MAX);
        if time < self.to_plateau {
            plateau_bytes.saturating_sub(offset)
        } else {
            plateau_bytes.saturating_add(offset)
        }
    }

    /// Reno's line after `acknowledged_bytes` more (§4.3).
    fn line(&mut self, window_bytes: u64, acknowledged_bytes: u64, mss: u64) -> u64 {
        let steep = self.line_bytes >= self.line_prior_bytes;
        let thousandths = if steep { 1000 } else { LINE_THOUSANDTHS };
        self.line_rest += acknowledged_bytes * mss * thousandths;
        let unit = window_bytes * 1000;
        self.line_bytes = (self.line_bytes + self.line_rest / unit).min(WINDOW_BYTES_MAX);
        self.line_rest %= unit;
        self.line_bytes
    }

    /// The share of the way to the target that one acknowledgement stands for (§4.4).
    fn gain(&mut self, way_bytes: u64, acknowledged_bytes: u64, window_bytes: u64) -> u64 {
        self.curve_rest += way_bytes * acknowledged_bytes;
        let gain = self.curve_rest / window_bytes;
        self.curve_rest %= window_bytes;
        gain.min(way_bytes)
    }
}

/// The greatest number whose cube is at most `cube`.
fn cube_root(cube: u64) -> u64 {
    let (mut below, mut above) = (0_u64, 2_642_246);
    while above - below > 1 {
        let middle = below.midpoint(above);
        if u128::from(middle).pow(3) <= u128::from(cube) {
            below = middle;
        } else {
            above = middle;
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    const MSS: u64 = 1000;
    const TRIP: Duration = Duration::from_millis(100);

    /// Windows after each of so many round trips in which a whole window was acknowledged.
    fn windows(cubic: &mut Cubic, mut window: u64, trips: u64) -> u64 {
        for trip in 1..=trips {
            let now = Instant(0) + TRIP * trip as u32;
            for _ in 0..window / MSS {
                window = cubic.grown(window, MSS, MSS, TRIP, now);
            }
        }
        window
    }

    #[test]
    fn the_old_window_is_back_when_the_formula_says_and_the_curve_flat_there() {
        let mut cubic = Cubic::default();
        cubic.lost(1_000_000);
        // K = cbrt(300 packets / 0.4) = 9.08 s: 91 round trips.
        let before = windows(&mut cubic.clone(), 700_000, 45);
        let there = windows(&mut cubic.clone(), 700_000, 91);
        let beyond = windows(&mut cubic.clone(), 700_000, 91 + 91);
        assert!((930_000..970_000).contains(&before), "{before}");
        assert!((990_000..1_010_000).contains(&there), "{there}");
        assert!((1_250_000..1_400_000).contains(&beyond), "{beyond}");
    }

    #[test]
    fn a_small_window_grows_as_reno() {
        let mut cubic = Cubic::default();
        cubic.lost(10 * MSS);
        let window = windows(&mut cubic, 7 * MSS, 10);
        // Half a packet per round trip, a whole one beyond the old window.
        assert!((11_500..14_500).contains(&window), "{window}");
    }

    #[test]
    fn who_shrinks_leaves_room() {
        let mut cubic = Cubic::default();
        cubic.lost(100_000);
        cubic.lost(80_000);
        assert_eq!(cubic.plateau_bytes, 68_000);
    }

    proptest! {
        #[test]
        fn nothing_overflows(window in 1..1_u64 << 30, acknowledged in 0..1_u64 << 30, mss in 1..65535_u64,
                             lost in 0..1_u64 << 30, at in any::<u64>()) {
            let mut cubic = Cubic::default();
            cubic.lost(lost);
            let first = cubic.grown(window, acknowledged, mss, TRIP, Instant(0));
            let grown = cubic.grown(first, acknowledged, mss, TRIP, Instant(at));
            prop_assert!(window <= first && first <= grown && grown <= 1 << 30);
        }

        #[test]
        fn a_root_is_the_greatest(cube in any::<u64>()) {
            let root = u128::from(cube_root(cube));
            prop_assert!(root.pow(3) <= u128::from(cube) && u128::from(cube) < (root + 1).pow(3));
        }
    }
}
