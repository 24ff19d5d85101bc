//! Memory that all services of a process share.
//!
//! ```text
//!  Budget ◄── Account, cloned to every room that takes ──► Grant, Grant, ... each back when dropped
//!    │ one for each service
//!    └──► what the host counts for the process; dropped with the service, whatever became of it
//! ```
//! There is one budget for each kind of memory. Nobody waits for another service's share: who may
//! not take more frees what it holds itself, and the least that a service needs is always granted.

use alloc::rc::Rc;
use core::fmt;

/// One service's part in a budget of the process.
///
/// What a service has taken is given back at the latest when the budget is dropped.
pub trait Budget {
    /// The most that this service may hold at this moment, in bytes; less than it holds if others
    /// have come meanwhile.
    fn share_bytes(&self) -> u64;

    /// Takes `bytes` more if the service then holds no more than its share. Says whether it did.
    fn take(&self, bytes: u64) -> bool;

    /// Takes `bytes` more, whatever the share is: for what cannot be put off.
    fn take_anyway(&self, bytes: u64);

    /// Gives back what was taken.
    fn give_back(&self, bytes: u64);
}

/// How a budget is divided among services: plain arithmetic, the same on every host.
///
/// A service may hold its fair share, the budget divided by those who hold something; or more, as
/// long as it leaves as much to others as it holds itself. So one alone has all of it, and who
/// comes later finds room at once. An eighth is kept for the least that everybody is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// What all services together should hold at most, in bytes.
    pub total_bytes: u64,
    /// What a service may always hold, in bytes.
    pub least_bytes: u64,
}

/// What is taken of a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// By all services together, in bytes.
    pub all_bytes: u64,
    /// How many services hold something.
    pub holders: u64,
}

impl Division {
    /// What services share beyond the least of each, in bytes.
    pub fn common_bytes(&self) -> u64 {
        self.total_bytes - self.total_bytes / 8
    }

    /// The most that a service may hold that holds `held_bytes` now.
    pub fn share_bytes(&self, taken: Taken, held_bytes: u64) -> u64 {
        let free_bytes = self.common_bytes().saturating_sub(taken.all_bytes);
        let holders = taken.holders + u64::from(held_bytes == 0);
        let fair_bytes = self.common_bytes() / holders.max(1);
        let share_bytes = fair_bytes.max(free_bytes).min(held_bytes + free_bytes);
        share_bytes.max(self.least_bytes)
    }
}

/// A service's account with a budget. Cheap to clone: each room that takes from it has one.
#[derive(Clone)]
pub struct Account(Rc<dyn Budget>);

impl Account {
    /// With `budget`.
    pub fn new(budget: Rc<dyn Budget>) -> Self {
        Self(budget)
    }

    /// See [`Budget::share_bytes`].
    pub fn share_bytes(&self) -> u64 {
        self.0.share_bytes()
    }

    /// Takes `bytes`, if that is within the share.
    pub fn take(&self, bytes: u64) -> Option<Grant> {
        self.0.take(bytes).then(|| Grant { account: self.clone(), bytes })
    }

    /// Takes `bytes`, whatever the share is.
    pub fn take_anyway(&self, bytes: u64) -> Grant {
        self.0.take_anyway(bytes);
        Grant { account: self.clone(), bytes }
    }
}

/// An account without bounds: for programs that are no service.
impl Default for Account {
    fn default() -> Self {
        Self(Rc::new(Boundless))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Account(share of {} bytes)", self.share_bytes())
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Account {}

/// What was taken, until it is dropped.
#[derive(Debug)]
pub struct Grant {
    account: Account,
    bytes: u64,
}

impl Grant {
    /// How much it is, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes `bytes` more, if that is within the share. Says whether it did.
    pub fn grow(&mut self, bytes: u64) -> bool {
        let is_granted = self.account.0.take(bytes);
        self.bytes += if is_granted { bytes } else { 0 };
        is_granted
    }

    /// Makes it `bytes`, whatever the share is.
    pub fn set(&mut self, bytes: u64) {
        if bytes > self.bytes {
            self.account.0.take_anyway(bytes - self.bytes);
        } else if bytes < self.bytes {
            self.account.0.give_back(self.bytes - bytes);
        }
        self.bytes = bytes;
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// The budget of [`Account::default`].
struct Boundless;

impl Budget for Boundless {
    fn share_bytes(&self) -> u64 {
        u64::MAX
    }

    fn take(&self, _: u64) -> bool {
        true
    }

    fn take_anyway(&self, _: u64) {}

    fn give_back(&self, _: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIVISION: Division = Division { total_bytes: 800, least_bytes: 10 };

    fn share(all_bytes: u64, holders: u64, held_bytes: u64) -> u64 {
        DIVISION.share_bytes(Taken { all_bytes, holders }, held_bytes)
    }

    #[test]
    fn one_alone_has_all() {
        assert_eq!((share(0, 0, 0), share(100, 1, 100), share(700, 1, 700)), (700, 700, 700));
    }

    #[test]
    fn who_comes_later_finds_room_and_the_first_comes_down() {
        assert_eq!(share(700, 1, 0), 10, "the least, at once");
        assert_eq!(share(710, 2, 700), 350, "the first has to come down");
        assert_eq!((share(400, 2, 350), share(400, 2, 50)), (350, 350));
    }

    #[test]
    fn the_little_that_many_hold_does_not_bind_the_busy() {
        assert_eq!(share(100, 101, 0), 600);
        assert_eq!(share(100 + 300, 101, 300), 300, "as much as it leaves to others");
    }

    #[test]
    fn everybody_has_the_least() {
        assert_eq!((share(700, 70, 0), share(u64::MAX, u64::MAX - 1, 0)), (10, 10));
    }
}
