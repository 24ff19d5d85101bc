//! Time that passes only when somebody lets it.

use abi::{Instant, Timestamp};
use hyper::Clock;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// When every simulation begins, in seconds since 1970: 2023-11-14.
const BEGINNING_SECONDS: i64 = 1_700_000_000;

/// Both clocks of a world. Cheap to clone; all clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Rc<Cell<u64>>);

impl VirtualClock {
    /// Lets time pass.
    pub fn pass(&self, duration: Duration) {
        self.reach(self.now() + duration);
    }

    /// Lets time pass until `moment`, unless that has been.
    pub fn reach(&self, moment: Instant) {
        self.0.set(self.0.get().max(moment.0));
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        Instant(self.0.get())
    }

    fn wall(&self) -> Timestamp {
        const SECOND: u64 = 1_000_000_000;
        let now = self.0.get();
        let seconds = BEGINNING_SECONDS + (now / SECOND) as i64;
        Timestamp { seconds, nanoseconds: (now % SECOND) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_move_together_and_only_forward() {
        let clock = VirtualClock::default();
        let before = clock.wall();
        clock.clone().pass(Duration::from_millis(2500));
        clock.reach(Instant(7));
        assert_eq!(clock.now(), Instant(2_500_000_000));
        let wall = clock.wall();
        assert_eq!((wall.seconds - before.seconds, wall.nanoseconds), (2, 500_000_000));
    }
}
