//! Streams between two hosts: opened, filled, cut short, carried elsewhere.

use super::wire::{Host, World};
use super::*;
use crate::limits::RECEIVED_BYTES_MAX;
use alloc::rc::Rc;
use core::cell::Cell;
use hyper::{Account, Budget, StreamId};

const FAMILIES: [&str; 2] = ["10.0.0.2", "fd00::2"];

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

/// Two hosts with a stream from the first to the second: its name at either.
fn connected(to: &str, offload: LinkOffload) -> (World, [StreamId; 2]) {
    let mut world = World::with_offload(offload);
    world.run(Duration::from_secs(3));
    let remote = SocketAddr::new(address(to), 2049);
    let stream = world.hosts[0].stack.connect(remote, world.now).unwrap();
    world.run(Duration::from_secs(1));
    assert_eq!(world.hosts[0].news.opened, [stream]);
    let there = world.hosts[1].news.opened[0];
    (world, [stream, there])
}

fn send(world: &mut World, host: usize, stream: StreamId, data: &[u8]) {
    let now = world.now;
    world.hosts[host].stack.send(stream, vec![Bytes::copy_from_slice(data)], now);
}

fn close(world: &mut World, host: usize, stream: StreamId) {
    let Host { stack, news, .. } = &mut world.hosts[host];
    stack.close(stream, world.now, &mut |event| news.take(&event));
}

fn pause(world: &mut World, host: usize, stream: StreamId, is_paused: bool) {
    let Host { stack, news, .. } = &mut world.hosts[host];
    stack.pause(stream, is_paused, world.now, &mut |event| news.take(&event));
}

#[test]
fn streams_carry_bytes_both_ways_to_their_ends() {
    let cuts = LinkOffload {
        checksums: true,
        segments_v4: true,
        segments_v6: true,
        segments_bytes_max: 65_536,
    };
    for (to, offload) in
        FAMILIES.into_iter().flat_map(|to| [(to, LinkOffload::default()), (to, cuts)])
    {
        let (mut world, streams) = connected(to, offload);
        let data = pattern(1 << 20);
        for host in [0, 1] {
            send(&mut world, host, streams[host], &data);
        }
        let now = world.now;
        world.hosts[0].stack.finish(streams[0], now);
        world.run(Duration::from_secs(5));
        assert_eq!(world.hosts[1].news.ended, [streams[1]]);
        assert_eq!(world.hosts[0].news.received.len(), data.len(), "the other direction goes on");
        close(&mut world, 1, streams[1]);
        world.run(Duration::from_secs(5));
        close(&mut world, 0, streams[0]);
        for host in &world.hosts {
            assert_eq!(host.news.closed.len(), 1);
            assert_eq!((host.stack.connection_count(), host.stack.held().received_bytes), (0, 0));
        }
        assert!(world.hosts[1].news.received == data, "to {to}");
        assert_eq!(world.hosts[0].news.sent_bytes, data.len());
    }
}

#[test]
fn who_closes_and_is_sent_more_resets() {
    let (mut world, streams) = connected(FAMILIES[0], LinkOffload::default());
    close(&mut world, 0, streams[0]);
    world.run(Duration::from_secs(1));
    send(&mut world, 1, streams[1], &pattern(100));
    world.run(Duration::from_secs(1));
    assert_eq!(world.hosts[1].news.closed, [streams[1]]);
    assert_eq!(world.hosts[0].news.closed, [streams[0]]);
}

#[test]
fn bytes_survive_loss_and_reordering() {
    for to in FAMILIES {
        let (mut world, streams) = connected(to, LinkOffload::default());
        (world.reorders, world.loses_every) = (true, Some(97));
        let data = pattern(2 << 20);
        send(&mut world, 0, streams[0], &data);
        send(&mut world, 1, streams[1], &data);
        world.run(Duration::from_secs(60));
        for host in &world.hosts {
            assert!(host.news.received == data, "{} of {}", host.news.received.len(), data.len());
        }
    }
}

#[test]
fn nobody_listens_there() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    for to in FAMILIES {
        let remote = SocketAddr::new(address(to), 4);
        let stream = world.hosts[0].stack.connect(remote, world.now).unwrap();
        world.run(Duration::from_millis(1));
        assert_eq!(world.hosts[0].news.closed.pop(), Some(stream), "refused at once");
    }
    let remote = SocketAddr::new(address("10.0.0.77"), 4);
    let stream = world.hosts[0].stack.connect(remote, world.now).unwrap();
    world.run(Duration::from_secs(200));
    assert_eq!(world.hosts[0].news.closed, [stream], "nobody answers");
    assert_eq!(world.hosts[0].stack.connection_count(), 0);
}

#[test]
fn a_router_that_lets_less_pass_is_believed_of_what_is_on_its_way() {
    for (to, most_bytes) in [(FAMILIES[0], 1400), (FAMILIES[1], 1300)] {
        let (mut world, streams) = connected(to, LinkOffload::default());
        world.narrow_bytes = Some(most_bytes);
        let data = pattern(300_000);
        send(&mut world, 0, streams[0], &data);
        world.run(Duration::from_secs(2));
        assert_eq!(world.hosts[0].stack.mtu_bytes(address(to)), most_bytes);
        assert!(world.hosts[1].news.received == data);
    }
}

#[test]
fn a_connection_goes_on_in_another_stack() {
    for after in [0, 1, 3, 20, 200] {
        let (mut world, streams) = connected(FAMILIES[0], LinkOffload::default());
        let data = pattern(3 << 20);
        send(&mut world, 0, streams[0], &data);
        send(&mut world, 1, streams[1], &data);
        (0..after).for_each(|_| world.step());
        let now = world.now;
        let conversation = world.hosts[0].stack.export(streams[0], now).unwrap();
        assert_eq!(world.hosts[0].stack.connection_count(), 0);
        let news = core::mem::take(&mut world.hosts[0].news);
        world.hosts[0] = Host { news, ..Host::new(1, LinkOffload::default()) };
        assert_ne!(world.hosts[0].stack.import(conversation), None);
        world.run(Duration::from_secs(10));
        for host in &world.hosts {
            assert!(host.news.received == data, "after {after}: {}", host.news.received.len());
        }
        assert_eq!(world.hosts[1].news.closed, []);
    }
}

#[test]
fn what_is_held_back_is_bounded_for_all_streams_together() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    let remote = SocketAddr::new(address(FAMILIES[0]), 2049);
    let mut streams = Vec::new();
    for _ in 0..RECEIVED_BYTES_MAX / (64 << 10) + 200 {
        streams.push(world.hosts[0].stack.connect(remote, world.now).unwrap());
        world.run(Duration::from_millis(1));
    }
    let theirs = world.hosts[1].news.opened.clone();
    assert_eq!(theirs.len(), streams.len());
    theirs.iter().for_each(|stream| pause(&mut world, 1, *stream, true));
    let data = pattern(70_000);
    for stream in &streams {
        send(&mut world, 0, *stream, &data);
    }
    world.run(Duration::from_secs(1));
    let held_bytes = world.hosts[1].stack.held().received_bytes;
    let slack_bytes = 64 << 10;
    assert!((RECEIVED_BYTES_MAX..RECEIVED_BYTES_MAX + slack_bytes).contains(&held_bytes));
    theirs.iter().for_each(|stream| pause(&mut world, 1, *stream, false));
    world.run(Duration::from_secs(60));
    assert_eq!(world.hosts[1].news.received.len(), data.len() * streams.len());
    assert_eq!(world.hosts[1].stack.held().received_bytes, 0);
}

#[test]
fn a_service_keeps_no_more_than_its_share() {
    let (mut world, streams) = connected(FAMILIES[0], LinkOffload::default());
    let budget = Rc::new(Third::default());
    world.hosts[1].stack.share_received(Account::new(budget.clone()));
    pause(&mut world, 1, streams[1], true);
    send(&mut world, 0, streams[0], &pattern(60_000));
    world.run(Duration::from_secs(1));
    assert!((20_000..22_000).contains(&budget.0.get()), "{}", budget.0.get());
    pause(&mut world, 1, streams[1], false);
    world.run(Duration::from_secs(10));
    assert_eq!((world.hosts[1].news.received.len(), budget.0.get()), (60_000, 0));
}

/// A budget of a third of what is sent.
#[derive(Default)]
struct Third(Cell<u64>);

impl Budget for Third {
    fn share_bytes(&self) -> u64 {
        20_000
    }

    fn take(&self, bytes: u64) -> bool {
        self.take_anyway(bytes);
        true
    }

    fn take_anyway(&self, bytes: u64) {
        self.0.set(self.0.get() + bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.0.set(self.0.get() - bytes);
    }
}

#[test]
fn who_stops_listening_finishes_what_is_open() {
    let (mut world, streams) = connected(FAMILIES[0], LinkOffload::default());
    let stack = &mut world.hosts[1].stack;
    stack.stop_listening();
    assert_eq!(stack.streams().collect::<Vec<_>>(), [streams[1]]);
    let remote = SocketAddr::new(address(FAMILIES[0]), 2049);
    let late = world.hosts[0].stack.connect(remote, world.now).unwrap();
    send(&mut world, 0, streams[0], &pattern(5000));
    world.run(Duration::from_secs(1));
    assert_eq!(world.hosts[0].news.closed, [late]);
    assert_eq!(world.hosts[1].news.received.len(), 5000);
}

#[test]
fn an_idle_stream_costs_little_and_an_idle_stack_too() {
    let mut hosts = Vec::new();
    let stack = allocation_counter::measure(|| hosts.push(Host::new(1, LinkOffload::default())));
    let stack_bytes = stack.bytes_current as usize;
    assert!(stack_bytes <= 4 << 10, "{stack_bytes} bytes");
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    let remote = SocketAddr::new(address(FAMILIES[0]), 2049);
    let mut open = |count: usize| {
        for _ in 0..count {
            let now = world.now;
            let stream = world.hosts[0].stack.connect(remote, now).unwrap();
            world.run(Duration::from_millis(1));
            send(&mut world, 0, stream, &[1; 200]);
            world.run(Duration::from_millis(50));
        }
    };
    open(1);
    let opened = allocation_counter::measure(|| open(1000));
    // Both ends are here, and so is what the test wrote down: the name at either, and the bytes.
    let each_bytes = opened.bytes_current as usize / 2000;
    assert!(each_bytes <= 2 << 10, "{each_bytes} bytes");
}

#[test]
fn a_stream_that_was_carried_here_has_its_time_though_the_link_is_busy() {
    let (mut world, streams) = connected(FAMILIES[0], LinkOffload::default());
    let now = world.now;
    let conversation = world.hosts[0].stack.export(streams[0], now).unwrap();
    let mut other = Host::new(1, LinkOffload::default()).stack;
    assert_eq!(other.streams.deadline(), None);
    let stream = other.import(conversation).unwrap();
    let asked_at = other.streams.deadline().expect("its peer is asked some time");
    assert!(now < asked_at);
    let mut closed = Vec::new();
    let mut hear = |event: StreamEvent<'_>| {
        if let StreamEvent::Closed { stream } = event {
            closed.push(stream);
        }
    };
    other.send(stream, vec![Bytes::from_static(b"no frame is asked for")], now);
    other.advance(asked_at, &mut hear);
    other.send(stream, vec![Bytes::from_static(b"nor now")], asked_at);
    other.advance(now + Duration::from_secs(301), &mut hear);
    assert_eq!(closed, [stream], "nobody could answer");
}
