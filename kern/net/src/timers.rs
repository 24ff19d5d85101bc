//! One wheel for all that is due some time: setting, moving and cancelling a deadline cost the same
//! however many there are.
//!
//! ```text
//!  level 7   64 slots of 2⁵⁸ ns                  a deadline lies on the level of the highest digit
//!    ...                                         (of six bits) in which it differs from the time
//!  level 1   64 slots of 2²² ns  (4.2 ms)        that was reached, and comes down a level whenever
//!  level 0   64 slots of 2¹⁶ ns  (66 µs)         the time reaches its slot
//! ```
//! Hierarchical timing wheels are Varghese's and Lauck's (1987). Nothing fires early; a deadline may
//! be one slot of level 0 late. A deadline that moves to later, as that of a connection does with
//! every acknowledgement, stays where it is until its slot comes up. The wheel never asks the time.

use abi::Instant;
use alloc::boxed::Box;
use alloc::vec::Vec;

const TICK_BITS: u32 = 16;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = 8;
/// The last moment that is the start of a slot.
const LAST: Instant = Instant(u64::MAX << TICK_BITS);
const NOBODY: u32 = u32::MAX;
const NOWHERE: u16 = u16::MAX;

const _: () = assert!(TICK_BITS + SLOT_BITS * LEVELS as u32 == u64::BITS, "every time has a slot");

/// Deadlines of users known by the keys of a table: small numbers, used again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wheel {
    reached_tick: u64,
    users: Vec<User>,
    levels: [Level; LEVELS],
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct User {
    deadline: Instant,
    previous: u32,
    next: u32,
    place: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Level {
    occupied: u64,
    first: Option<Box<[u32; SLOTS]>>,
}

impl Wheel {
    /// Sets the one deadline of a user, whether there was one or not.
    pub fn set(&mut self, key: u32, deadline: Instant) {
        let index = self.user(key);
        let deadline = deadline.min(LAST);
        let user = &mut self.users[index];
        let is_later = user.place != NOWHERE && user.deadline <= deadline;
        user.deadline = deadline;
        if !is_later {
            self.unlink(key);
            self.link(key);
        }
    }

    /// Takes a user's deadline away, if there is one.
    pub fn cancel(&mut self, key: u32) {
        self.unlink(key);
    }

    /// A user whose deadline has come; it has none afterwards. Ask again until there is nobody.
    pub fn expired(&mut self, now: Instant) -> Option<u32> {
        let now_tick = now.0 >> TICK_BITS;
        while let Some((level, slot_tick)) = self.first_slot().filter(|slot| slot.1 <= now_tick) {
            self.reached_tick = self.reached_tick.max(slot_tick);
            let key = self.head(level, slot_of(level, slot_tick));
            if level == 0 && self.users[key as usize].deadline <= now {
                self.unlink(key);
                return Some(key);
            }
            self.sort(level, slot_of(level, slot_tick), key);
        }
        self.reached_tick = self.reached_tick.max(now_tick);
        None
    }

    /// When to ask next: never after the earliest deadline has come, but maybe before.
    pub fn next(&self) -> Option<Instant> {
        self.first_slot().map(|(_, tick)| Instant(tick << TICK_BITS))
    }

    fn user(&mut self, key: u32) -> usize {
        let nowhere = User { deadline: Instant(0), previous: NOBODY, next: NOBODY, place: NOWHERE };
        let index = key as usize;
        if self.users.len() <= index {
            self.users.resize(index + 1, nowhere);
        }
        index
    }

    /// The slot that comes up first. All of a lower level come before those of a higher one.
    fn first_slot(&self) -> Option<(usize, u64)> {
        let level = self.levels.iter().position(|level| level.occupied != 0)?;
        let slot = u64::from(self.levels[level].occupied.trailing_zeros());
        let shift = SLOT_BITS * level as u32;
        let above = self.reached_tick >> shift >> SLOT_BITS << SLOT_BITS;
        Some((level, (above | slot) << shift))
    }

    /// Gives all of a slot, whose first user is `key`, the places that are theirs by now.
    fn sort(&mut self, level: usize, slot: usize, mut key: u32) {
        self.set_head(level, slot, NOBODY);
        while key != NOBODY {
            let next = self.users[key as usize].next;
            self.link(key);
            key = next;
        }
    }

    fn head(&self, level: usize, slot: usize) -> u32 {
        self.levels[level].first.as_ref().map_or(NOBODY, |first| first[slot])
    }

    fn link(&mut self, key: u32) {
        let deadline = self.users[key as usize].deadline.0;
        let tick =
            (deadline.saturating_add((1 << TICK_BITS) - 1) >> TICK_BITS).max(self.reached_tick);
        let differs = (tick ^ self.reached_tick) | (SLOTS as u64 - 1);
        let level = (differs.ilog2() / SLOT_BITS) as usize;
        let slot = slot_of(level, tick);
        let next = self.head(level, slot);
        if next != NOBODY {
            self.users[next as usize].previous = key;
        }
        let user = &mut self.users[key as usize];
        (user.previous, user.next) = (NOBODY, next);
        user.place = (level * SLOTS + slot) as u16;
        self.set_head(level, slot, key);
    }

    fn unlink(&mut self, key: u32) {
        let Some(user) = self.users.get_mut(key as usize).filter(|user| user.place != NOWHERE)
        else {
            return;
        };
        let place = usize::from(core::mem::replace(&mut user.place, NOWHERE));
        let (previous, next) = (user.previous, user.next);
        if next != NOBODY {
            self.users[next as usize].previous = previous;
        }
        if previous == NOBODY {
            self.set_head(place / SLOTS, place % SLOTS, next);
        } else {
            self.users[previous as usize].next = next;
        }
    }

    fn set_head(&mut self, level: usize, slot: usize, key: u32) {
        let level = &mut self.levels[level];
        level.first.get_or_insert_with(|| Box::new([NOBODY; SLOTS]))[slot] = key;
        let bit = 1 << slot;
        level.occupied = if key == NOBODY { level.occupied & !bit } else { level.occupied | bit };
    }
}

fn slot_of(level: usize, tick: u64) -> usize {
    (tick >> (SLOT_BITS * level as u32)) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

    const TICK: u64 = 1 << TICK_BITS;

    fn all_expired(wheel: &mut Wheel, now: Instant) -> Vec<u32> {
        let mut keys: Vec<u32> = core::iter::from_fn(|| wheel.expired(now)).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn a_deadline_comes_once_and_never_early() {
        let mut wheel = Wheel::default();
        wheel.set(3, Instant(1_000_000_000));
        assert_eq!(wheel.expired(Instant(999_999_999)), None);
        assert_eq!(wheel.expired(Instant(1_000_000_000 + TICK)), Some(3));
        assert_eq!(wheel.expired(Instant(u64::MAX)), None);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn a_deadline_that_moves_stays_in_its_slot_until_it_comes_up() {
        let mut wheel = Wheel::default();
        wheel.set(0, Instant(10 * TICK));
        wheel.set(0, Instant(5_000 * TICK));
        assert_eq!(wheel.next(), Some(Instant(10 * TICK)));
        assert_eq!(wheel.expired(Instant(20 * TICK)), None);
        assert_eq!(wheel.expired(Instant(5_000 * TICK)), Some(0));
        wheel.set(0, Instant(9_000 * TICK));
        wheel.set(0, Instant(7_000 * TICK));
        assert_eq!(wheel.expired(Instant(7_000 * TICK)), Some(0));
    }

    #[test]
    fn the_far_end_of_time_has_a_slot() {
        let mut wheel = Wheel::default();
        wheel.set(0, Instant(u64::MAX));
        wheel.cancel(7);
        assert_eq!(wheel.expired(Instant(u64::MAX / 2)), None);
        assert_eq!(wheel.expired(Instant(u64::MAX - 1)), Some(0));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u32, u64),
        Cancel(u32),
        Pass(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let after = prop_oneof![0..TICK * 3, 0..TICK << 14, 0..1_u64 << 50];
        let pass = prop_oneof![0..TICK * 3, 0..TICK << 14, 0..1_u64 << 44];
        let step = prop_oneof![
            (0..20_u32, after).prop_map(|(key, after)| Step::Set(key, after)),
            (0..20_u32).prop_map(Step::Cancel),
            pass.prop_map(Step::Pass),
        ];
        prop::collection::vec(step, 0..200)
    }

    /// What the wheel must do, by a map. All times are whole ticks, on which neither is late.
    fn compare(start: u64, steps: Vec<Step>) {
        let (mut wheel, mut model) = (Wheel::default(), BTreeMap::new());
        let mut now = start / TICK * TICK;
        for step in steps {
            match step {
                Step::Set(key, after) => {
                    let deadline = Instant((now + after) / TICK * TICK);
                    wheel.set(key, deadline);
                    model.insert(key, deadline);
                }
                Step::Cancel(key) => {
                    wheel.cancel(key);
                    model.remove(&key);
                }
                Step::Pass(after) => now = (now + after) / TICK * TICK,
            }
            let earliest = model.values().min();
            assert!(earliest.is_none_or(|&earliest| wheel.next().unwrap() <= earliest));
            let due: Vec<u32> =
                model.extract_if(.., |_, deadline| deadline.0 <= now).map(|(key, _)| key).collect();
            assert_eq!(all_expired(&mut wheel, Instant(now)), due);
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_map(start in any::<u32>(), steps in steps()) {
            compare(u64::from(start) << 20, steps);
        }
    }
}
