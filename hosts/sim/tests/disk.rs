//! The simulated disk keeps its contract, fails as told, and its past can be had again.

use abi::Errno;
use bytes::{Bytes, BytesMut};
use hyper::{AlwaysOpen, Disk, DiskOperation, DiskRequest, testkit};
use sim::{Drawer, Fault, Image, Kind, Luck, Pace, PowerDisk, Survivors, VirtualClock, When};
use std::rc::Rc;
use std::time::Duration;

const SLOW: Pace = Pace::Within(Duration::from_millis(5));

fn disk(clock: &VirtualClock, pace: Pace, seed: u64) -> PowerDisk {
    PowerDisk::new(Image::zeroed(2 << 20), clock.clone(), Luck::new(seed), pace)
}

fn submit(disk: &PowerDisk, token: u64, operation: DiskOperation) {
    disk.submit(DiskRequest { token, operation });
}

fn write(disk: &PowerDisk, token: u64, sector: u64, byte: u8) {
    let data = vec![Bytes::from(vec![byte; 512])];
    submit(disk, token, DiskOperation::Write { offset_bytes: sector * 512, data });
}

/// Waits for everything under way, and says what succeeded.
fn settle(disk: &PowerDisk, clock: &VirtualClock) -> Vec<(u64, Result<(), Errno>)> {
    let mut ends = Vec::new();
    while let Some(due) = disk.next_due() {
        clock.reach(due);
        let end = disk.next_completion().expect("it is due");
        ends.push((end.token, end.result.map(drop)));
    }
    ends
}

#[test]
fn a_drawer_keeps_the_contract_of_backings() {
    for pace in [Pace::Immediate, SLOW] {
        let clock = VirtualClock::default();
        let disk = Rc::new(disk(&clock, pace, 1));
        let mut wait = || clock.pass(Duration::from_millis(1));
        let drawer = Drawer::new(disk.clone());
        testkit::check_backing(&drawer, &mut wait);
        assert_eq!(drawer.openings(), 3);
        testkit::check_backing(&AlwaysOpen::new(disk), &mut wait);
    }
}

#[test]
fn it_keeps_the_contract_of_disks() {
    for pace in [Pace::Immediate, SLOW] {
        let clock = VirtualClock::default();
        let disk = disk(&clock, pace, 1);
        testkit::check_disk(&disk, &mut || clock.pass(Duration::from_millis(1)));
    }
    let clock = VirtualClock::default();
    let image = Image::zeroed(2 << 20);
    let disk = PowerDisk::with_protection(image, clock.clone(), Luck::new(1), SLOW, true);
    testkit::check_disk(&disk, &mut || clock.pass(Duration::from_millis(1)));
}

#[test]
fn requests_overtake_each_other_by_seed() {
    let order = |seed| {
        let clock = VirtualClock::default();
        let disk = disk(&clock, SLOW, seed);
        (0..20).for_each(|token| write(&disk, token, token, 1));
        let ends: Vec<_> = settle(&disk, &clock).into_iter().map(|(token, _)| token).collect();
        (ends, disk.tape().fingerprint())
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
    assert!(!order(1).0.is_sorted());
}

#[test]
fn faults_strike_the_operation_they_name() {
    let clock = VirtualClock::default();
    let disk = disk(&clock, Pace::Immediate, 3);
    disk.fail(Fault { kind: Kind::Write, when: When::Nth(2), errno: Errno::NoSpace });
    disk.fail(Fault { kind: Kind::Flush, when: When::From(2), errno: Errno::Io });
    (0..3).for_each(|token| write(&disk, token, token, 1));
    (3..6).for_each(|token| submit(&disk, token, DiskOperation::Flush));
    let failed = |ends: Vec<(u64, Result<(), Errno>)>| -> Vec<_> {
        ends.into_iter().filter_map(|(token, end)| end.err().map(|errno| (token, errno))).collect()
    };
    let ends = failed(settle(&disk, &clock));
    assert_eq!(ends, [(1, Errno::NoSpace), (4, Errno::Io), (5, Errno::Io)]);
    disk.heal();
    submit(&disk, 6, DiskOperation::Flush);
    assert!(failed(settle(&disk, &clock)).is_empty());
    let counters = disk.counters();
    assert_eq!((counters.writes, counters.flushes, counters.reads), (3, 4, 0));
}

#[test]
fn a_failed_flush_makes_nothing_durable() {
    let clock = VirtualClock::default();
    let disk = disk(&clock, Pace::Immediate, 3);
    disk.fail(Fault { kind: Kind::Flush, when: When::Nth(1), errno: Errno::Io });
    write(&disk, 0, 0, 7);
    settle(&disk, &clock);
    submit(&disk, 1, DiskOperation::Flush);
    settle(&disk, &clock);
    assert_eq!(disk.cut(Survivors::None, &Luck::new(1)), Image::zeroed(2 << 20));
    submit(&disk, 2, DiskOperation::Flush);
    settle(&disk, &clock);
    assert_eq!(disk.cut(Survivors::None, &Luck::new(1)), disk.present());
}

#[test]
fn the_past_is_what_it_was() {
    let clock = VirtualClock::default();
    let disk = disk(&clock, SLOW, 5);
    let mut moments = Vec::new();
    for round in 0..30 {
        write(&disk, round, round % 7, round as u8);
        if round % 5 == 0 {
            submit(&disk, 100 + round, DiskOperation::Flush);
        }
        clock.pass(Duration::from_millis(1));
        while disk.next_completion().is_some() {}
        let cut = disk.cut(Survivors::Any, &Luck::new(round));
        moments.push((disk.position(), round, cut));
    }
    let tape = disk.tape();
    let mut replay = tape.replay();
    for (position, round, cut) in moments {
        replay.reach(position);
        assert!(replay.cut(Survivors::Any, &Luck::new(round)) == cut, "round {round}");
    }
}

#[test]
fn reads_see_what_has_completed() {
    let clock = VirtualClock::default();
    let disk = disk(&clock, Pace::Immediate, 1);
    write(&disk, 0, 1, 9);
    settle(&disk, &clock);
    let buffers = vec![BytesMut::zeroed(1024)];
    submit(&disk, 1, DiskOperation::Read { offset_bytes: 256, buffers });
    let read = disk.next_completion().and_then(|end| end.result.ok()).expect("a read");
    assert!(read[0][..256].iter().all(|&byte| byte == 0));
    assert!(read[0][256..768].iter().all(|&byte| byte == 9));
}
