//! Mounting, failing, stopping.

use crate::rpc_client::{mount, null};
use crate::world::{World, config, memory};
use abi::Errno;
use bytes::{BufMut, BytesMut};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};
use service::{ImageOptions, Next, Source, State};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A disk whose answers arrive when the test lets them.
#[derive(Default)]
struct SlowDisk {
    broken: bool,
    submitted: RefCell<VecDeque<DiskRequest>>,
    completed: RefCell<VecDeque<DiskCompletion>>,
}

impl SlowDisk {
    fn complete_all(&self) {
        for DiskRequest { token, operation } in self.submitted.take() {
            let DiskOperation::Read { buffers, .. } = operation else { panic!("only reads") };
            let filled = |mut buffer: BytesMut| {
                let length = buffer.len();
                buffer.clear();
                buffer.put_bytes(0, length);
                buffer
            };
            let zeros = || buffers.into_iter().map(filled).collect();
            let result = if self.broken { Err(Errno::Io) } else { Ok(zeros()) };
            self.completed.borrow_mut().push_back(DiskCompletion { token, result });
        }
    }
}

impl Disk for SlowDisk {
    fn geometry(&self) -> Geometry {
        Geometry { size_bytes: 1 << 20, sector_bytes: 512, read_only: true }
    }

    fn submit(&self, request: DiskRequest) {
        self.submitted.borrow_mut().push_back(request);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completed.borrow_mut().pop_front()
    }
}

fn failure(disk: SlowDisk) -> String {
    let disk = Rc::new(disk);
    let mut world = World::new(config(Source::disk(disk.clone(), ImageOptions::default())));
    for _ in 0..10 {
        assert_eq!(world.service.turn(), Next::Idle);
        disk.complete_all();
    }
    match world.service.state() {
        State::Failed(reason) => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn memory_is_described() {
    let world = World::memory();
    let State::Serving(description) = world.service.state() else { panic!("it serves") };
    assert_eq!((description.format.as_str(), description.size_bytes), ("memory", 64 << 20));
    assert_eq!(
        (description.exports.as_slice(), &description.read_only),
        (&["/".into()][..], &None)
    );
}

#[test]
fn calls_that_come_before_the_mount_wait_for_it() {
    let disk = Rc::new(SlowDisk::default());
    let mut world = World::new(config(Source::disk(disk, ImageOptions::default())));
    world.receive(&null(1));
    assert_eq!(world.service.turn(), Next::Idle);
    assert_eq!(world.service.state(), &State::Mounting);
    assert!(world.asked().is_empty());

    let mut world = World::new(config(memory()));
    assert_eq!(world.ask(&null(1)).xid, 1);
}

#[test]
fn an_image_without_a_file_system_says_where_it_was_looked_for() {
    let reason = failure(SlowDisk::default());
    assert!(reason.contains("superblock"), "{reason}");
}

#[test]
fn a_broken_disk_is_named() {
    let reason = failure(SlowDisk { broken: true, ..SlowDisk::default() });
    assert!(reason.contains("cannot read"), "{reason}");
}

#[test]
fn exports_that_disagree_fail_the_service() {
    let mut config = config(memory());
    config.exports.clear();
    let mut world = World::new(config);
    world.turn_until_idle();
    assert!(matches!(world.service.state(), State::Failed(_)));
}

#[test]
fn an_export_that_is_not_there_fails_the_service_by_name() {
    let mut config = config(memory());
    config.exports = vec!["/missing".parse().unwrap()];
    let mut world = World::new(config);
    world.turn_until_idle();
    let State::Failed(reason) = world.service.state() else { panic!("it serves") };
    assert!(reason.contains("cannot export /missing: no such file"), "{reason}");
}

#[test]
fn stopping_waits_for_replies_to_leave() {
    let mut world = World::memory();
    world.receive(&null(1));
    world.service.turn();
    world.service.stop();
    assert!(!world.service.is_stopped(), "the reply has not left");
    assert_eq!(world.sent().len(), 1);
    assert!(!world.service.is_stopped(), "the file system is not closed");
    world.turn_until_idle();
    assert!(world.service.is_stopped());
    world.receive(&mount(2, "/"));
    world.turn_until_idle();
    assert!(world.sent().is_empty(), "nothing more is answered");
}

#[test]
fn calls_are_counted() {
    let mut world = World::memory();
    world.mount();
    world.ask(&null(1));
    let counted = world.service.procedures().iter().filter(|row| row.calls > 0);
    let names: Vec<_> = counted.map(|row| (row.version, row.procedure)).collect();
    assert_eq!(names, [(3, "NULL"), (3, "MNT")]);
    assert_eq!(world.service.counters().calls, 2);
}
