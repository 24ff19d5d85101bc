//! What a service tells of itself.

use crate::image_disk::{ImageDisk, Shelf};
use crate::nfs_calls::created;
use crate::rpc_client::{get_attributes, null, read, write_unstable};
use crate::world::{World, address, config};
use hyper::{StreamEvent, StreamId};
use service::{
    Client, Config, ImageOptions, Latency, Limits, ProcedureStatistics, SlowCall, Source, State,
    Statistics,
};
use std::rc::Rc;
use std::time::Duration;

/// A service of an image, ready.
fn on_image(disk: &Rc<ImageDisk>) -> World {
    let backing = Shelf::new(disk.clone());
    let source = Source::Image { backing, options: ImageOptions::default() };
    let exports = vec!["/:all_squash,anonuid=0,anongid=0".parse().expect("an export")];
    let rest_after = Some(Duration::from_secs(60));
    let limits = Limits { rest_after, ..Limits::default() };
    let mut world = World::new(Config { exports, limits, ..config(source) });
    let disk = disk.clone();
    world.disk_is_done = Box::new(move || !disk.completed.borrow().is_empty());
    world.turn_until_idle();
    world
}

fn procedure<'a>(statistics: &'a Statistics, name: &str) -> &'a ProcedureStatistics {
    let mut all = statistics.procedures.iter();
    all.find(|one| one.count.procedure == name).unwrap_or_else(|| panic!("{name} was called"))
}

#[test]
fn what_was_done_is_counted() {
    let disk = ImageDisk::new();
    let mut world = on_image(&disk);
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    world.ask(&write_unstable(20, &file, 0, &[7; 65536])).success();
    (0..10).for_each(|xid| drop(world.ask(&read(xid, &file, 0, 65536))));
    let statistics = world.service.statistics();
    assert!(matches!(statistics.state, State::Serving(_)));
    assert_eq!((statistics.rpc.calls, statistics.connections), (13, 1));
    assert!(statistics.rpc.received_bytes > 65536 && statistics.rpc.sent_bytes > 655_360);
    assert_eq!((statistics.calls_at_work, statistics.calls_waiting), (0, 0));
    assert!(statistics.memory.dirty >= 65536 && statistics.memory.remembered > 0);
    assert!(statistics.memory.total() >= 65536);
    assert!(statistics.cache.hits > 10 && statistics.cache.misses > 0);
    assert!(statistics.disk.is_some_and(|disk| disk.reads > 0));
    let reads = procedure(&statistics, "READ");
    assert_eq!((reads.count.calls, reads.latency.calls.iter().sum::<u64>()), (10, 10));
    assert_eq!(statistics.procedures.len(), 4, "others were not called");

    world.clock.pass(5);
    world.turn_until_idle();
    world.clock.pass(61);
    world.turn_until_idle();
    let later = world.service.statistics();
    assert_eq!((&later.state, later.since), (&State::Resting, world.clock.time()));
    assert_eq!((later.memory.dirty, later.memory.cache), (0, 0));
    assert!(later.cache.hits >= statistics.cache.hits, "counts outlive the image's being open");
    assert!(later.disk.map(|disk| disk.writes) > statistics.disk.map(|disk| disk.writes));
}

#[test]
fn what_waits_is_counted_and_what_took_long_is_told() {
    let mut world = World::memory();
    let root = world.mount();
    world.service.pause();
    world.receive(&[get_attributes(2, &root), get_attributes(3, &root)].concat());
    world.turn_until_idle();
    let statistics = world.service.statistics();
    assert_eq!((statistics.is_paused, statistics.calls_waiting), (true, 2));
    world.service.resume();
    world.turn_until_idle();
    // The clock moves between the turn that begins a call and the one that ends it.
    let disk = ImageDisk::new();
    let mut world = on_image(&disk);
    let root = world.mount();
    world.receive(&read(4, &root, 0, 100));
    world.turn_until_idle();
    let statistics = world.service.statistics();
    let names: Vec<_> = statistics.slowest.iter().map(|slow| slow.procedure).collect();
    assert_eq!(names, ["MNT", "READ"]);
    let SlowCall { program, version, client, .. } = statistics.slowest[1];
    assert_eq!((program, version, client), ("nfs", 3, address(701)));
    world.clock.pass(601);
    world.turn_until_idle();
    assert!(world.service.statistics().slowest.is_empty(), "that was long ago");
}

#[test]
fn clients_are_told_by_their_addresses() {
    let mut world = World::memory();
    let root = world.mount();
    world.clock.pass(3);
    let stream = StreamId(9);
    world.open(stream);
    world.service.stream_event(StreamEvent::Received { stream, bytes: &get_attributes(2, &root) });
    world.turn_until_idle();
    world.sent();
    let clients = world.service.clients();
    let [client] = clients.as_slice() else { panic!("{clients:?}") };
    let Client { address: from, connections, mounted, calls, bytes, last_call } = client;
    assert_eq!(
        (*from, *connections, mounted.as_slice(), *calls),
        (address(1).ip(), 2, &["/".to_owned()][..], 2)
    );
    assert!(*bytes > 100 && *last_call == Some(world.clock.time()));
    for stream in [StreamId(1), stream] {
        world.service.stream_event(StreamEvent::Closed { stream });
    }
    assert_eq!(world.service.clients()[0].connections, 0, "MOUNT's list remembers");
}

#[test]
fn statistics_may_leave_their_thread() {
    fn plain<T: Send + Clone + 'static>() {}
    plain::<(Statistics, Client, Latency)>();
    let mut world = World::memory();
    assert!(world.ask(&null(1)).result.is_empty());
    let statistics = world.service.statistics();
    assert_eq!(procedure(&statistics, "NULL").count.calls, 1);
}
