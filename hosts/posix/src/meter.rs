//! Whose time it is: the clock is read when the tenant changes that the worker is busy with, and at
//! both ends of that. So one tenant alone costs two readings a loop, however much it does.

use abi::Instant;

/// See the top of the file.
pub(crate) struct Meter {
    current: Option<usize>,
    since: Instant,
}

impl Default for Meter {
    fn default() -> Self {
        Self { current: None, since: Instant(0) }
    }
}

impl Meter {
    /// The worker is busy with this tenant from now on, or with none. Returns who it was busy with,
    /// and for how many nanoseconds, if that was somebody else.
    pub(crate) fn attend(
        &mut self,
        tenant: Option<usize>,
        now: impl FnOnce() -> Instant,
    ) -> Option<(usize, u64)> {
        if self.current == tenant {
            return None;
        }
        let now = now();
        let before = std::mem::replace(&mut self.since, now);
        let past = std::mem::replace(&mut self.current, tenant);
        past.map(|past| (past, now.since(before).as_nanos() as u64))
    }

    /// When that began.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_booked_when_the_tenant_changes() {
        let mut meter = Meter::default();
        let mut readings = 0;
        let mut attend = |tenant, time| {
            let booked = meter.attend(tenant, || {
                readings += 1;
                Instant(time)
            });
            (booked, readings)
        };
        assert_eq!(attend(Some(1), 100), (None, 1));
        assert_eq!(attend(Some(1), 150), (None, 1));
        assert_eq!(attend(Some(2), 170), (Some((1, 70)), 2));
        assert_eq!(attend(None, 175), (Some((2, 5)), 3));
        assert_eq!(attend(None, 500), (None, 3));
        assert_eq!(attend(Some(1), 600), (None, 4));
        assert_eq!(meter.since(), Instant(600));
    }
}
