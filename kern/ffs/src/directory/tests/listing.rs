//! Listings in pieces, while names come and go.

use super::world::{World, layouts};
use abi::Errno;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

/// A client that lists the directory from time to time.
pub(super) struct Listing {
    cookie: u64,
    /// Names that were there when it began, and were never away.
    staying: BTreeSet<Vec<u8>>,
    seen: BTreeMap<Vec<u8>, u32>,
}

impl Listing {
    pub(super) fn new(world: &World) -> Self {
        Self { cookie: 0, staying: world.names.keys().cloned().collect(), seen: BTreeMap::new() }
    }

    /// This name is gone.
    pub(super) fn forget(&mut self, name: &[u8]) {
        self.staying.remove(name);
    }

    /// Goes on now and then; says whether the end was reached, with everything seen once.
    pub(super) fn is_over(&mut self, world: &mut World) -> bool {
        if world.luck.below(4) != 0 {
            return false;
        }
        let count = 1 + world.luck.below(20) as usize;
        let (shown, end) = world.list(self.cookie, count).expect("a piece of a listing");
        for entry in shown {
            self.cookie = entry.cookie;
            *self.seen.entry(entry.name).or_default() += 1;
        }
        if end {
            for name in &self.staying {
                assert_eq!(self.seen.get(name), Some(&1), "{}", name.escape_ascii());
            }
        }
        end
    }
}

#[test]
fn a_directory_is_emptied_while_it_is_listed() {
    for layout in layouts() {
        let mut world = World::new(&layout, 1);
        for number in 0..3000 {
            world.enter(format!("entry number {number}").as_bytes()).expect("a name");
        }
        let (mut cookie, mut calls) = (0, 0);
        loop {
            let (shown, end) = world.list(cookie, 50).expect("a listing");
            for entry in shown {
                cookie = entry.cookie;
                if entry.name[0] != b'.' {
                    world.strike(&entry.name).expect("a name less");
                }
            }
            calls += 1;
            if end {
                break;
            }
        }
        assert!(world.names.is_empty() && calls <= 3002 / 50 + 2, "{layout:?}: {calls} calls");
        world.check();
    }
}

#[test]
fn behind_the_end_of_a_directory_that_was_cut_there_is_nothing() {
    let mut world = World::new(&layouts()[0], 1);
    let names: Vec<_> = (0..1000).map(|number| format!("name {number}")).collect();
    for name in &names {
        world.enter(name.as_bytes()).expect("a name");
    }
    let last = world.list(0, usize::MAX).expect("a listing").0.pop().expect("a name").cookie;
    let size = world.size();
    for name in names.iter().rev() {
        world.strike(name.as_bytes()).expect("a name less");
    }
    assert!(world.size() < size / 4 && last > world.size());
    assert_eq!(world.list(last, 9), Ok((Vec::new(), true)));
    assert_eq!(world.list(last + 2, 9), Err(Errno::BadCookie));
    assert_eq!(world.list(1 << 40, 9), Err(Errno::BadCookie));
}
