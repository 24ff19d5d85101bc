//! How fast a service may work: calls and bytes in a second.
//!
//! Each rate is a pace at which its allowance comes: what is used is paid for in time, and nothing
//! more is begun until that time has come. A service that was idle may go ahead of its pace by
//! [`AHEAD_MAX`], so that short bursts are not held up.

use abi::Instant;
use core::time::Duration;

/// How much of a rate may be used at once.
const AHEAD_MAX: Duration = Duration::from_millis(100);

/// What a service may do in a second; `None` is as much as it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Calls.
    pub operations_per_second: Option<u64>,
    /// Bytes of arguments and of replies.
    pub bytes_per_second: Option<u64>,
}

/// See the top of the file.
pub(crate) struct Rates {
    operations: Pace,
    bytes: Pace,
}

impl Rates {
    /// These from now on, whatever was used before.
    pub(crate) fn new(rate: Rate) -> Self {
        let pace = |per_second| Pace { per_second, paid_until: Instant(0) };
        Self { operations: pace(rate.operations_per_second), bytes: pace(rate.bytes_per_second) }
    }

    /// A call was begun.
    pub(crate) fn begun(&mut self, argument_bytes: usize, now: Instant) {
        self.operations.pay(1, now);
        self.bytes.pay(argument_bytes, now);
    }

    /// It was answered.
    pub(crate) fn answered(&mut self, reply_bytes: usize, now: Instant) {
        self.bytes.pay(reply_bytes, now);
    }

    /// Whether another call may be begun.
    pub(crate) fn allow(&self, now: Instant) -> bool {
        self.next() <= now
    }

    /// When another call may be begun; long ago if at once.
    pub(crate) fn next(&self) -> Instant {
        self.operations.paid_until.max(self.bytes.paid_until)
    }
}

/// One rate.
struct Pace {
    per_second: Option<u64>,
    /// Nothing more may be begun before.
    paid_until: Instant,
}

impl Pace {
    fn pay(&mut self, count: usize, now: Instant) {
        let Some(per_second) = self.per_second else { return };
        let nanoseconds = count as u128 * 1_000_000_000 / u128::from(per_second.max(1));
        let price = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let ahead = Instant(now.0.saturating_sub(AHEAD_MAX.as_nanos() as u64));
        self.paid_until = self.paid_until.max(ahead) + price;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant(1 << 40);

    /// How many calls begin in so many milliseconds, if there are always some.
    fn begun(rates: &mut Rates, from: Instant, milliseconds: u64) -> u64 {
        let moments = (0..milliseconds).map(|at| from + Duration::from_millis(at));
        moments.fold(0, |count, now| {
            let mut here = 0;
            while here < 1000 && rates.allow(now) {
                rates.begun(100, now);
                here += 1;
            }
            count + here
        })
    }

    #[test]
    fn a_rate_is_kept_and_a_burst_is_a_tenth_of_it() {
        let rate = Rate { operations_per_second: Some(200), bytes_per_second: None };
        let mut rates = Rates::new(rate);
        assert_eq!(begun(&mut rates, START, 1), 21);
        let later = START + Duration::from_secs(100);
        assert_eq!(begun(&mut rates, later, 10_000), 20 + 2000);
    }

    #[test]
    fn what_is_answered_counts() {
        let rate = Rate { operations_per_second: None, bytes_per_second: Some(1000) };
        let mut rates = Rates::new(rate);
        rates.begun(100, START);
        rates.answered(900, START);
        assert_eq!(rates.next(), START + Duration::from_millis(900));
        let mut unbounded = Rates::new(Rate::default());
        assert_eq!(begun(&mut unbounded, START, 1), 1000);
    }
}
