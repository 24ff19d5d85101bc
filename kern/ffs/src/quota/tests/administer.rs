//! What an administrator sees and sets.

use super::world::{NO_LIMITS, World, layouts};
use crate::layout::{Field, QuotaValue};
use crate::quota::{LimitChange, QuotaKind, Quotas};
use crate::testing::{Mounted, NOW};
use abi::{Errno, Result, SetAttributes, Timestamp};
use alloc::vec::Vec;
use ffscheck::newfs::Options as Made;

const UNCHANGED: LimitChange = LimitChange { hard: None, soft: None, grace_seconds: None };

impl World {
    fn quotas(&self, kind: QuotaKind) -> Result<Quotas> {
        self.wait(self.ffs.quotas(kind)).map(|quotas| quotas.expect("quotas"))
    }

    fn limit(&self, owner: Option<u32>, changes: [LimitChange; 2]) {
        let now = Timestamp { seconds: NOW.seconds + 5000, nanoseconds: 0 };
        let set = self.wait(self.ffs.set_limits(QuotaKind::User, owner, changes, now));
        set.expect("set");
    }
}

#[test]
fn everybody_is_shown() {
    for made in layouts() {
        let world = World::new(&made, NO_LIMITS);
        for id in 1..150 {
            world.create(alloc::format!("{id}").as_bytes(), 150 - id, 7).expect("a file");
        }
        let users = world.quotas(QuotaKind::User).expect("users");
        let owners: Vec<u32> = users.entries.iter().map(|entry| entry.owner).collect();
        assert_eq!(owners, (0..150).collect::<Vec<_>>());
        assert!(users.entries.iter().all(|entry| entry.values[1].used == 1));
        let groups = world.quotas(QuotaKind::Group).expect("groups");
        let used: Vec<_> = groups.entries.iter().map(|entry| entry.values[1].used).collect();
        assert_eq!(used, [1, 149]);
    }
}

#[test]
fn limits_are_set_and_hold() {
    for made in layouts() {
        let world = World::new(&made, NO_LIMITS);
        let file = world.create(b"file", 5, 6).expect("a file");
        world.write(file, 0, 100_000).expect("written");
        world.limit(Some(5), [LimitChange { hard: Some(100), ..UNCHANGED }, UNCHANGED]);
        assert_eq!(world.write(file, 200_000, 5000), Err(Errno::QuotaExceeded));
        let less = SetAttributes { size_bytes: Some(0), ..SetAttributes::default() };
        world.change(file, less).expect("cut");
        world.write(file, 0, 40_000).expect("room again");
        world.limit(None, [UNCHANGED, LimitChange { hard: Some(1), ..UNCHANGED }]);
        world.create(b"first", 8, 6).expect("a file");
        assert_eq!(world.create(b"second", 8, 6), Err(Errno::QuotaExceeded));
        world.check();
        world.judge();
    }
}

#[test]
fn grace_begins_with_a_new_soft_limit() {
    let world = World::new(&Made::new(8 << 20), NO_LIMITS);
    world.create(b"file", 5, 6).expect("a file");
    let soft = LimitChange { soft: Some(0), grace_seconds: Some(60), ..UNCHANGED };
    world.limit(Some(5), [UNCHANGED, soft]);
    let value = world.entry(QuotaKind::User, 5).values[1];
    let expected = QuotaValue {
        hard_limit: u64::MAX,
        soft_limit: 0,
        used: 1,
        grace_end: NOW.seconds + 5060,
        grace_seconds: 60,
    };
    assert_eq!(value, expected);
    world.limit(Some(5), [UNCHANGED, LimitChange { hard: Some(9), ..UNCHANGED }]);
    assert_eq!(world.entry(QuotaKind::User, 5).values[1].grace_end, expected.grace_end);
}

/// A list that leads to itself, and one that leads out of the file.
#[test]
fn damaged_lists_are_an_error() {
    for next in [None, Some(u64::MAX - 7), Some(1 << 40)] {
        let world = World::new(&Made::new(8 << 20), NO_LIMITS);
        world.create(b"file", 5, 6).expect("a file");
        let broken = world.transact(|one| {
            let file = one.quota_file(QuotaKind::User)?.expect("quotas");
            let crate::quota::file::Found::Entry((page, at)) = one.find_entry(&file, 5)? else {
                return Ok(());
            };
            let order = one.ffs.geometry.order;
            let own = u64::get(&one.page(page)?[file.head(5)..], order);
            next.unwrap_or(own).put(one.metadata_mut(page, at + 80..at + 88)?, order);
            Ok(())
        });
        broken.expect("broken");
        assert_eq!(world.quotas(QuotaKind::User).map(|_| ()), Err(Errno::Io));
        assert_eq!(world.damage().len(), 1);
    }
}

#[test]
fn a_file_system_without_quotas_has_none() {
    let mounted = Mounted::new(&Made::new(8 << 20));
    let none = mounted.wait(alloc::boxed::Box::pin(mounted.ffs.quotas(QuotaKind::Group)));
    assert_eq!(none, Ok(None));
    let set = mounted.ffs.set_limits(QuotaKind::Group, None, [UNCHANGED; 2], NOW);
    assert_eq!(mounted.wait(alloc::boxed::Box::pin(set)), Err(Errno::NotSupported));
}
