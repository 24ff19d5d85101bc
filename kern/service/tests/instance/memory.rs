//! What a service, a connection and a call cost in memory and in allocations.

use crate::lan::{Lan, identity};
use crate::nfs_calls::created;
use crate::rpc_client::{get_attributes, read, write};
use crate::world::{Asked, World, config, memory};
use allocation_counter::measure;
use hyper::{StreamEvent, StreamId};
use service::{Config, Network, Next, Service, State};

/// Allocations of one GETATTR from received bytes to sent bytes: arguments, task, the
/// procedure's future, the vnode and its future, the reply, its pieces.
const GET_ATTRIBUTES_ALLOCATIONS_MAX: u64 = 8;

/// Bytes of an idle service that has answered.
const IDLE_BYTES_MAX: i64 = 16 << 10;

/// Allocations of one GETATTR among many that arrive together: the reply's buffer and pieces are
/// shared.
const JOINED_ALLOCATIONS_MAX: u64 = 6;

/// Bytes of an idle connection: its entry in a table that may be half empty.
const IDLE_CONNECTION_BYTES_MAX: i64 = 704;

#[test]
fn get_attributes_allocates_little() {
    let mut world = World::memory();
    let root = world.mount();
    let call = get_attributes(2, &root);
    for _ in 0..10 {
        world.ask(&call);
    }
    world.network.asked.borrow_mut().reserve(1);
    let cost = measure(|| {
        world.receive(&call);
        world.service.turn();
    });
    assert_eq!(world.sent().len(), 1);
    assert!(cost.count_total <= GET_ATTRIBUTES_ALLOCATIONS_MAX, "{cost:?}");
}

#[test]
fn calls_received_together_share_allocations() {
    let mut world = World::memory();
    let root = world.mount();
    let calls: Vec<u8> = (0..100).flat_map(|xid| get_attributes(xid, &root)).collect();
    world.exchange(&calls);
    let cost = measure(|| {
        world.receive(&calls);
        world.service.turn();
    });
    assert!(cost.count_total <= 100 * JOINED_ALLOCATIONS_MAX + 16, "{cost:?}");
}

#[test]
fn an_idle_service_is_small() {
    let mut world = None;
    let cost = measure(|| world = Some(World::memory()));
    assert!(cost.bytes_current <= IDLE_BYTES_MAX, "{cost:?}");
    drop(world);
}

#[test]
fn an_idle_service_with_a_stack_of_its_own_is_small() {
    let lan = Lan::new();
    let link = lan.cable.clone();
    let mut own = None;
    let cost = measure(|| {
        let network = Network::Own { link, config: identity(3) };
        let config = Config { network, ..config(memory()) };
        let mut service = Service::new(lan.host(), config);
        service.turn();
        own = Some(service);
    });
    assert!(cost.bytes_current <= IDLE_BYTES_MAX, "{cost:?}");
    assert!(own.is_some_and(|own| matches!(own.state(), State::Serving(_))));
    lan.cable.frames.take();
}

#[test]
fn an_idle_connection_is_small() {
    const CONNECTIONS: u64 = 1000;
    let mut world = World::memory();
    let root = world.mount();
    let call = get_attributes(1, &root);
    let cost = measure(|| {
        for id in 2..2 + CONNECTIONS {
            let stream = StreamId(id);
            world.open(stream);
            world.service.stream_event(StreamEvent::Received { stream, bytes: &call });
            world.turn_until_idle();
            world.sent();
        }
    });
    let each = cost.bytes_current / CONNECTIONS as i64;
    assert!(each <= IDLE_CONNECTION_BYTES_MAX, "{each}");
}

#[test]
fn a_burst_leaves_little_behind() {
    const BURST_BYTES_MAX: i64 = 2 << 10;
    let mut world = World::memory();
    let root = world.mount();
    let calls: Vec<u8> = (0..128).flat_map(|xid| get_attributes(xid, &root)).collect();
    let cost = measure(|| {
        for id in 2..10 {
            let stream = StreamId(id);
            world.open(stream);
            world.service.stream_event(StreamEvent::Received { stream, bytes: &calls });
        }
        let Next::At(_) = world.service.turn() else { panic!("there is memory to give back") };
        assert_eq!(world.sent().len(), 8);
        (2..10).for_each(|id| {
            world.service.stream_event(StreamEvent::Closed { stream: StreamId(id) });
        });
        world.clock.pass(2);
        assert_eq!(world.service.turn(), Next::Idle);
    });
    assert!(cost.bytes_current <= BURST_BYTES_MAX, "{cost:?}");
}

#[test]
fn large_calls_leave_nothing_behind() {
    let mut world = World::new(config(memory()));
    let root = world.mount();
    let large = [0; 100_000];
    // Writing to a directory is refused, after the whole call was taken.
    let round = |world: &mut World| {
        let call = write(3, &root, 0, &large);
        world.receive(&call[..50_000]);
        assert_ne!(world.ask(&call[50_000..]).status(), 0);
        assert_ne!(world.ask(&read(4, &root, 0, 100_000)).status(), 0);
    };
    round(&mut world);
    let cost = measure(|| round(&mut world));
    assert!(cost.bytes_current <= 1024, "{cost:?}");
}

/// Sixteen new connections with a burst of the largest READs each, none of which is ever taken.
#[test]
fn replies_that_nobody_takes_are_bounded_over_all_connections() {
    let mut world = World::memory();
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    world.ask(&write(3, &file, 0, &[7; 1 << 20])).success();
    let burst: Vec<u8> = (0..128).flat_map(|xid| read(xid, &file, 0, 1 << 20)).collect();
    for id in 2..18 {
        let stream = StreamId(id);
        world.open(stream);
        world.service.stream_event(StreamEvent::Received { stream, bytes: &burst });
    }
    world.turn_until_idle();
    let sends = world.asked().into_iter().map(|asked| match asked {
        Asked::Send(_, data) => data.iter().map(bytes::Bytes::len).sum(),
        _ => 0,
    });
    let sent: usize = sends.sum();
    assert!(sent <= rpc::Limits::default().output_bytes_max, "{sent}");
    assert!(matches!(world.service.turn(), Next::At(_)), "it will close who takes nothing");
}
