//! The contract of [`Budget`](crate::Budget).

use crate::{Account, Budget, Division};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// Services that share a budget in a check.
const MANY: u64 = 1000;

/// Checks what [`Budget`] promises. `open` makes the account of one more service with one budget,
/// of which nobody holds anything; `taken_bytes` says what all hold together.
///
/// # Panics
/// If a promise is broken.
pub fn check_budget(
    division: Division,
    open: &mut dyn FnMut() -> Rc<dyn Budget>,
    taken_bytes: &dyn Fn() -> u64,
) {
    let mut check = Check { division, open, taken_bytes };
    check.one_alone_has_all();
    check.what_cannot_be_put_off_is_counted();
    check.a_flood_leaves_room(1);
    check.a_flood_leaves_room(MANY);
    check.nobody_is_starved(2);
    check.nobody_is_starved(MANY);
    check.what_is_dropped_is_given_back();
}

struct Check<'a> {
    division: Division,
    open: &'a mut dyn FnMut() -> Rc<dyn Budget>,
    taken_bytes: &'a dyn Fn() -> u64,
}

impl Check<'_> {
    fn is_empty(&self) {
        assert_eq!((self.taken_bytes)(), 0, "everything was given back");
    }

    /// The most that may be taken while `count` services want some.
    fn common_and_least(&self, count: u64) -> u64 {
        let Division { total_bytes, least_bytes } = self.division;
        total_bytes.max(self.division.common_bytes() + count * least_bytes)
    }

    fn one_alone_has_all(&mut self) {
        let (one, common) = ((self.open)(), self.division.common_bytes());
        assert_eq!(one.share_bytes(), common, "one alone may have all");
        assert!(one.take(common) && !one.take(1), "all, and no more");
        assert_eq!((one.share_bytes(), (self.taken_bytes)()), (common, common));
        one.give_back(common);
        self.is_empty();
    }

    fn what_cannot_be_put_off_is_counted(&mut self) {
        let (one, common) = ((self.open)(), self.division.common_bytes());
        one.take_anyway(2 * common);
        assert_eq!((self.taken_bytes)(), 2 * common);
        assert!(!one.take(1), "nothing is left");
        one.give_back(2 * common);
        assert!(one.take(1), "what was given back can be taken again");
        drop(one);
        self.is_empty();
    }

    /// One holds everything when others come, each of whom wants the least and gets it.
    fn a_flood_leaves_room(&mut self, others: u64) {
        let least_bytes = self.division.least_bytes;
        let greedy = (self.open)();
        while greedy.take(least_bytes) {}
        let others: Vec<_> = (0..others).map(|_| (self.open)()).collect();
        for (at, other) in others.iter().enumerate() {
            assert!(other.take(least_bytes), "the least is there for number {at}");
            let bound = self.common_and_least(at as u64 + 1);
            assert!((self.taken_bytes)() <= bound, "at most the least of each beyond");
            assert!(!greedy.take(1), "not for the one that has most");
        }
        drop((greedy, others));
        self.is_empty();
    }

    /// One has everything before the others come. Nobody is told of others: who wants more finds
    /// out that it has to come down.
    fn nobody_is_starved(&mut self, count: u64) {
        let Division { total_bytes, least_bytes } = self.division;
        let fair = (self.division.common_bytes() / count).max(least_bytes);
        let step = least_bytes / 32;
        let mut floods: Vec<_> = (0..count).map(|_| Flood::new((self.open)(), step)).collect();
        for _ in 0..2 * count.ilog2() + 4 {
            floods.iter_mut().for_each(Flood::want_more);
            let bound = self.common_and_least(count);
            assert!((self.taken_bytes)() <= bound, "at most the least of each beyond");
        }
        assert!((self.taken_bytes)() <= total_bytes.max(count * least_bytes), "within the total");
        for (at, &Flood { held_bytes, .. }) in floods.iter().enumerate() {
            let is_fair = held_bytes >= fair / 2;
            assert!(is_fair, "number {at} of {count} has {held_bytes} bytes, {fair} are fair");
        }
        drop(floods);
        self.is_empty();
    }

    fn what_is_dropped_is_given_back(&mut self) {
        let account = Account::new((self.open)());
        let mut grant = account.take(1).expect("nobody else is there");
        assert!(grant.grow(2) && grant.bytes() == 3);
        let other = account.take_anyway(4);
        grant.set(1);
        assert_eq!((self.taken_bytes)(), 5);
        drop(grant);
        assert_eq!((self.taken_bytes)(), 4);
        drop((account, other));
        self.is_empty();
    }
}

/// A service that wants all it can get.
struct Flood {
    budget: Rc<dyn Budget>,
    held_bytes: u64,
    step_bytes: u64,
}

impl Flood {
    fn new(budget: Rc<dyn Budget>, step_bytes: u64) -> Self {
        Self { budget, held_bytes: 0, step_bytes }
    }

    fn want_more(&mut self) {
        let excess_bytes = self.held_bytes.saturating_sub(self.budget.share_bytes());
        self.budget.give_back(excess_bytes);
        self.held_bytes -= excess_bytes;
        while self.budget.take(self.step_bytes) {
            self.held_bytes += self.step_bytes;
        }
    }
}
