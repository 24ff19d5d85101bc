//! Large records, which the network receives straight into their memory.

use crate::wire::{self, Call};
use crate::world::{ONE, TWO, World, limits};
use rpc::{ConnectionId, Limits, Output};

fn world() -> World {
    let mut world = World::new(Limits {
        record_bytes_max: 1 << 20,
        unfinished_bytes_max: 1 << 20,
        connection_input_bytes_max: 2 << 20,
        calls_bytes_max: 4 << 20,
        ..limits()
    });
    world.open(TWO);
    world
}

/// A call with so many bytes of arguments.
fn call(xid: u32, bytes: usize) -> Call {
    let arguments: Vec<u8> = (0..bytes).map(|at| (at / 7) as u8).collect();
    Call::new(xid, wire::COUNT, &arguments)
}

/// The buffer that is asked for, and for how much.
fn asked(world: &mut World) -> Option<(ConnectionId, Vec<u8>, usize)> {
    std::iter::from_fn(|| world.server.next_output()).find_map(|output| match output {
        Output::Fill(id, buffer, count) => Some((id, buffer, count)),
        _ => None,
    })
}

/// Brings all of `bytes`: the first by themselves, then at most `step` at a time, as is asked.
/// Returns how often a buffer was filled.
fn bring(world: &mut World, bytes: &[u8], first: usize, step: usize) -> usize {
    world.server.received(ONE, &bytes[..first]);
    let (mut at, mut fills) = (first, 0);
    while at < bytes.len() {
        let arrived = step.min(bytes.len() - at);
        let Some((id, mut buffer, count)) = asked(world) else {
            world.server.received(ONE, &bytes[at..at + arrived]);
            at += arrived;
            continue;
        };
        let arrived = arrived.min(count);
        buffer.extend_from_slice(&bytes[at..at + arrived]);
        world.server.filled(id, buffer);
        (at, fills) = (at + arrived, fills + 1);
    }
    fills
}

#[test]
fn a_record_is_what_was_sent_however_it_comes() {
    for (first, step) in [(4, 5000), (3000, 70_000), (9000, 1 << 20), (300_000, 1)] {
        let (mut world, large, small) = (world(), call(1, 300_000), call(2, 40));
        let stream = [large.record(), small.record()].concat();
        let fills = bring(&mut world, &stream, first, step);
        assert_eq!(fills > 0, first < 300_000, "{first} {step}");
        let jobs = world.jobs();
        let arguments: Vec<_> = jobs.iter().map(|job| job.call().arguments.to_vec()).collect();
        assert_eq!(arguments, [large.arguments, small.arguments], "{first} {step}");
    }
}

#[test]
fn its_memory_is_not_moved_once_much_of_it_has_arrived() {
    let (mut world, large) = (world(), call(1, 900_000));
    let stream = large.record();
    world.server.received(ONE, &stream[..60_000]);
    let (_, buffer, _) = asked(&mut world).expect("a buffer");
    let place = buffer.as_ptr();
    assert!(buffer.capacity() >= stream.len() - 4);
    world.server.filled(ONE, buffer);
    assert!(asked(&mut world).is_none(), "nothing arrived in it");
    bring(&mut world, &stream[60_000..], 0, 100_000);
    let jobs = world.jobs();
    let arguments = &jobs[0].call().arguments;
    assert_eq!(arguments.as_ptr_range().end, place.wrapping_add(stream.len() - 4));
}

#[test]
fn who_is_silent_with_a_large_buffer_goes_first() {
    let mut world = world();
    world.server.received(ONE, &call(1, 900_000).record()[..60_000]);
    let (_, buffer, _) = asked(&mut world).expect("a buffer");
    world.server.received(TWO, &call(2, 900_000).record()[..60_000]);
    assert!(asked(&mut world).is_some_and(|(id, ..)| id == TWO));
    assert!(world.server.next_output().is_some_and(|output| output == Output::Close(ONE)));
    world.server.filled(ONE, buffer);
    world.server.closed(ONE);
    assert_eq!(world.server.counters().unfinished_closed, 1);
}

#[test]
fn who_has_to_go_at_once_takes_no_memory() {
    let mut world = world();
    let begun = &call(1, 900_000).record()[..60_000];
    for id in (10..110).map(ConnectionId) {
        world.open(id);
        world.server.received(id, begun);
    }
    let (_, buffer, _) = asked(&mut world).expect("a buffer");
    assert!(buffer.capacity() <= 1 << 20);
    assert!(asked(&mut world).is_none(), "there is no room for two");
    assert_eq!(world.server.counters().unfinished_closed, 99);
}

#[test]
fn what_arrives_before_the_record_is_lent_is_a_part_of_it() {
    let (mut world, large) = (world(), call(1, 300_000));
    let stream = large.record();
    world.server.received(ONE, &stream[..60_000]);
    world.server.received(ONE, &stream[60_000..120_000]);
    let (_, mut buffer, _) = asked(&mut world).expect("a buffer");
    assert!(asked(&mut world).is_none(), "once");
    let missing = stream.len() - 4 - buffer.len();
    buffer.extend_from_slice(&stream[120_000..120_000 + missing]);
    world.server.filled(ONE, buffer);
    assert!(world.jobs()[0].call().arguments == large.arguments);
}

#[test]
fn a_part_keeps_no_more_than_it_is() {
    let mut world = world();
    for (xid, beside, is_shared) in [(1, 100, true), (2, 1024, true), (3, 500_000, false)] {
        world.server.received(ONE, &call(xid, 20_000 + beside).record());
        let job = world.jobs().pop().expect("a call");
        let arguments = &job.call().arguments;
        let part = job.call().share(&arguments[60..20_060]);
        assert_eq!(part, arguments[60..20_060]);
        assert_eq!(part.as_ptr() == arguments[60..].as_ptr(), is_shared, "{beside} beside it");
    }
}
