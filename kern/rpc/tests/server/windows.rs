//! Limits: a connection's window, the server's, and what an idle connection keeps.

use crate::wire::{self, Call};
use crate::world::{ONE, TWO, World, limits};
use bytes::Bytes;
use rpc::{ConnectionId, Limits, Output, Ports};

fn echo(xid: u32) -> Vec<u8> {
    Call::new(xid, wire::ECHO, &[7; 400]).record()
}

fn echoes(count: u32) -> Vec<u8> {
    (0..count).flat_map(echo).collect()
}

fn xids(world: &mut World) -> Vec<u32> {
    world.replies(ONE).iter().map(|reply| reply.xid).collect()
}

#[test]
fn a_full_window_pauses_and_half_a_window_resumes() {
    let mut world = World::new(limits());
    world.server.received(ONE, &echoes(30));
    assert_eq!(world.outputs(), [Output::Pause(ONE, true)]);
    let mut jobs = world.jobs();
    assert_eq!(jobs.len(), 8, "the window");
    let mut pauses = Vec::new();
    while !jobs.is_empty() {
        world.finish(jobs.remove(0));
        jobs.extend(world.jobs());
        assert!(jobs.len() <= 8);
        for output in world.outputs() {
            match output {
                Output::Send(id, pieces) => {
                    let length = pieces.iter().map(Bytes::len).sum();
                    world.server.sent(id, length);
                }
                other => pauses.push((other, jobs.len())),
            }
        }
    }
    assert_eq!(pauses, [(Output::Pause(ONE, false), 4)]);
    assert_eq!(world.server.counters().calls, 30);
}

#[test]
fn bytes_that_arrive_after_the_pause_are_kept_in_order() {
    let mut world = World::new(limits());
    let stream = echoes(40);
    let (first, rest) = stream.split_at(stream.len() / 2 + 3);
    let (second, third) = rest.split_at(rest.len() - 1);
    [first, second, third].iter().for_each(|bytes| world.server.received(ONE, bytes));
    world.run_all();
    assert_eq!(xids(&mut world), (0..40).collect::<Vec<u32>>());
}

#[test]
fn a_client_earns_its_window_by_taking_replies() {
    let mut world = World::new(Limits {
        connection_output_bytes_max: 8 << 20,
        connection_calls_max: 1000,
        calls_max: 1000,
        calls_bytes_max: 1 << 20,
        connection_input_bytes_max: 1 << 20,
        output_bytes_max: 64 << 20,
        ..limits()
    });
    let payload = |xid| Call::new(xid, wire::PAYLOAD, &30_000_u32.to_be_bytes()).record();
    let stream: Vec<u8> = (0..400).flat_map(payload).collect();
    world.server.received(ONE, &stream);
    let mut batch = |taken: usize| {
        world.server.sent(ONE, taken);
        world.run_all();
        world.sends(ONE).concat().iter().map(Bytes::len).sum::<usize>()
    };
    let first = batch(0);
    assert!(first <= (256 << 10) + 31_000, "{first} bytes to one that never read");
    let second = batch(first);
    assert!(second > first, "{second} bytes to one that does");
}

#[test]
fn a_client_that_takes_no_replies_is_served_no_more() {
    let mut world = World::new(limits());
    let payload = |xid| Call::new(xid, wire::PAYLOAD, &30_000_u32.to_be_bytes()).record();
    let stream: Vec<u8> = (0..200).flat_map(payload).collect();
    world.server.received(ONE, &stream);
    world.run_all();
    let sent = |world: &mut World| world.sends(ONE).concat().iter().map(Bytes::len).sum();
    let first: usize = sent(&mut world);
    assert!(first <= 64 * 1024 + 31_000, "{first} bytes: the limit and one reply");
    world.run_all();
    assert_eq!(sent(&mut world), 0);
    let mut total = first;
    let mut unsent = first;
    while unsent > 0 {
        world.server.sent(ONE, unsent);
        world.run_all();
        unsent = sent(&mut world);
        assert!(unsent <= 64 * 1024 + 31_000, "{unsent} bytes");
        total += unsent;
    }
    assert_eq!(total, 200 * (32 + 30_000));
}

#[test]
fn arguments_at_work_are_bounded_in_bytes() {
    let limits = Limits {
        connection_input_bytes_max: 50_000,
        connection_output_bytes_max: 1 << 20,
        ..limits()
    };
    let mut world = World::new(limits);
    let large: Vec<u8> =
        (0..6).flat_map(|xid| Call::new(xid, wire::ECHO, &[0; 30_000]).record()).collect();
    world.server.received(ONE, &large);
    let jobs = world.jobs();
    assert_eq!(jobs.len(), 2);
    jobs.into_iter().for_each(|job| world.finish(job));
    world.run_all();
    assert_eq!(world.server.counters().calls, 6);
}

#[test]
fn connections_that_wait_for_the_server_take_turns() {
    let mut world = World::new(Limits { calls_max: 4, ..limits() });
    world.open(TWO);
    world.server.received(ONE, &echoes(12));
    world.server.received(TWO, &echoes(12));
    let mut order = Vec::new();
    let mut jobs = world.jobs();
    assert_eq!(jobs.len(), 4);
    while !jobs.is_empty() {
        let job = jobs.remove(0);
        order.push(job.call().remote.port());
        world.finish(job);
        jobs.extend(world.jobs());
        assert!(jobs.len() <= 4);
    }
    assert_eq!(order.len(), 24);
    assert_eq!(order[..4], [701; 4]);
    assert!(order[4..20].windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");
}

#[test]
fn whoever_sends_anew_waits_behind_those_who_wait() {
    let mut world = World::new(Limits { calls_max: 4, ..limits() });
    world.open(TWO);
    world.server.received(ONE, &echoes(4));
    world.server.received(TWO, &echoes(2));
    world.jobs().into_iter().for_each(|job| world.finish(job));
    world.server.received(ONE, &echoes(4));
    let ports: Vec<u16> = world.jobs().iter().map(|job| job.call().remote.port()).collect();
    assert_eq!(ports, [702, 701, 702, 701]);
}

#[test]
fn a_closed_server_takes_nothing_and_an_opened_one_catches_up() {
    let mut world = World::new(limits());
    world.server.received(ONE, &echo(1));
    world.server.close();
    world.server.received(ONE, &echo(2));
    assert!(!world.server.is_idle());
    let jobs = world.jobs();
    assert_eq!(jobs.len(), 1);
    jobs.into_iter().for_each(|job| world.finish(job));
    let replies = world.sends(ONE).concat().concat();
    assert!(!world.server.is_idle(), "the reply has not left");
    world.server.sent(ONE, replies.len());
    assert!(world.server.is_idle());
    world.server.open(vec![], Ports::one(1));
    world.run_all();
    assert_eq!(xids(&mut world), [2]);
}

#[test]
fn whoever_stops_in_the_middle_of_a_record_goes_first() {
    let mut world = World::new(Limits { unfinished_bytes_max: 140_000, ..limits() });
    // What is counted is the memory taken, which doubles as a record grows.
    let part = |length: usize| wire::record(&[0; 60_000])[..length].to_vec();
    for id in 2..5 {
        world.open(ConnectionId(id));
        world.server.received(ConnectionId(id), &part(30_000));
    }
    assert!(world.outputs().is_empty());
    world.server.received(TWO, &[0; 5_000]);
    let closed = ConnectionId(3);
    world.server.received(ConnectionId(4), &[0; 5_000]);
    assert_eq!(world.outputs(), [Output::Close(closed)], "silent longest");
    assert_eq!(world.server.counters().unfinished_closed, 1);
}

#[test]
fn an_oversize_record_closes_the_connection_at_its_header() {
    let mut world = World::new(limits());
    let header = (limits().record_bytes_max + 1) | 1 << 31;
    world.server.received(ONE, &header.to_be_bytes());
    assert_eq!(world.outputs(), [Output::Close(ONE)]);
    assert_eq!(world.server.counters().oversize, 1);
}
