//! Images that lie.

use super::recount::recount;
use super::world::{Made, World, layouts};
use crate::allocate::Near;
use crate::layout::{CylGroup, CylinderGroup, Field, FragNo, GROUP_HEADER_BYTES, Geometry};
use abi::{Errno, InodeNo};
use alloc::vec;
use alloc::vec::Vec;

const OWNER: InodeNo = InodeNo(2);

type Lie = fn(&mut CylinderGroup);

fn made() -> Made {
    Made { size_bytes: 8 << 20, ..layouts().nth(2).expect("a layout") }
}

/// The same file system with the header of group 1 changed.
fn world(lie: impl Fn(&mut CylinderGroup)) -> World {
    let honest = World::new(&made());
    let order = honest.ffs.geometry.order;
    let mut header = CylinderGroup::get(&honest.group(CylGroup(1)), order);
    lie(&mut header);
    let mut bytes = [0; GROUP_HEADER_BYTES];
    header.put(&mut bytes, order);
    World::changed(&made(), honest.group_bytes(CylGroup(1)), &bytes)
}

#[test]
fn a_damaged_group_is_named_once_and_left_out() {
    let lies: [Lie; 9] = [
        |header| header.magic = 7,
        |header| header.number = 2,
        |header| header.frags -= 1,
        |header| header.inode_map = 8,
        |header| header.inode_map = u32::MAX,
        |header| header.frag_map = 4090,
        |header| header.frag_map = header.inode_map,
        |header| header.cluster_counts = u32::MAX - 2,
        |header| header.cluster_map = header.frag_map,
    ];
    let near = Near { group: CylGroup(1), frag: None };
    for (index, lie) in lies.into_iter().enumerate() {
        let world = world(lie);
        for _ in 0..3 {
            let at = world.transact(|one| one.allocate_block(OWNER, near)).expect("elsewhere");
            assert_ne!(world.ffs.geometry.place_in_group(at).0, CylGroup(1));
            let create = world.transact(|one| one.allocate_inode(OWNER, false));
            create.expect("an inode");
        }
        let lines = world.damage.borrow();
        assert_eq!(lines.len(), 1, "lie {index}: {lines:?}");
        assert!(lines[0].starts_with("cylinder group 1 (block at"), "{lines:?}");
    }
}

#[test]
fn what_is_no_place_for_data_is_never_given_out() {
    let honest = World::new(&made());
    let geometry: Geometry = honest.ffs.geometry;
    let page = honest.group(CylGroup(1));
    let header = CylinderGroup::parse(&page, geometry.order).expect("a group");
    let map = honest.group_bytes(CylGroup(1)) + u64::from(header.frag_map);
    let all = vec![0xff; geometry.frags_per_group as usize / 8];
    let world = World::changed(&made(), map, &all);
    let near = Near { group: CylGroup(1), frag: None };
    while let Ok(at) = world.transact(|one| one.allocate_block(OWNER, near)) {
        assert!(geometry.is_data(at, geometry.frags_per_block()), "{at}");
    }
    assert_eq!(world.damage.borrow().len(), 1);
}

#[test]
fn what_was_not_used_is_not_freed() {
    let world = World::new(&made());
    let before = recount(&world);
    let geometry = &world.ffs.geometry;
    let free = *before.0.first().expect("a free fragment");
    let places = [
        (FragNo(free), 1),
        (FragNo(0), 1),
        (FragNo(u64::MAX), 1),
        (FragNo(geometry.size_frags), 8),
        (FragNo(free / 8 * 8 + 7), 2),
        (geometry.group_block(CylGroup(1)), 8),
    ];
    for (at, frags) in places {
        world.transact(|one| one.free_frags(OWNER, at, frags, true)).expect("nothing");
    }
    assert_eq!(world.damage.borrow().len(), places.len());
    assert_eq!(recount(&world), before);
}

#[test]
fn an_inode_in_use_is_not_given_out() {
    let world = World::new(&made());
    let page = world.group(CylGroup(0));
    let header = CylinderGroup::parse(&page, world.ffs.geometry.order).expect("a group");
    let map = world.group_bytes(CylGroup(0)) + u64::from(header.inode_map);
    let world = World::changed(&made(), map, &[0b011]);
    let numbers: Vec<_> = (0..20)
        .map(|_| world.transact(|one| one.allocate_inode(OWNER, false)).expect("an inode").0)
        .collect();
    assert!(numbers.iter().all(|&number| number > OWNER), "{numbers:?}");
    assert_eq!(world.damage.borrow().len(), 1);
}

#[test]
fn the_reserve_is_for_nobody() {
    let world = World::new(&Made { reserved_percent: 10, ..made() });
    let near = Near { group: CylGroup(0), frag: None };
    let denied = loop {
        if let Err(errno) = world.transact(|one| one.allocate_frags(OWNER, near, 1)) {
            break errno;
        }
    };
    assert_eq!(denied, Errno::NoSpace);
    assert_eq!(world.free_frags() as u64, world.ffs.geometry.data_frags / 10);
}
