//! One call a datagram.

use crate::wire::{self, Call, Outcome, Reply};
use crate::world::{World, limits, peer};
use rpc::{Limits, Output};

/// What IPv4 and UDP carry, less some room for options.
const REPLY_BYTES_MAX: usize = 65_000;

fn exchange(world: &mut World, message: &[u8]) -> Vec<Reply> {
    world.server.received_datagram(peer(800), message);
    world.run_all();
    let replies = world.outputs().into_iter().map(|output| match output {
        Output::Datagram(to, pieces) if to == peer(800) => wire::parse_message(&pieces.concat()),
        other => panic!("{other:?}"),
    });
    replies.collect()
}

#[test]
fn a_datagram_is_answered_with_one() {
    let mut world = World::new(limits());
    let call = Call::new(1, wire::ECHO, b"echo");
    assert_eq!(exchange(&mut world, &call.message()), [Reply::success(1, b"echo")]);
    let unknown = Call { program: 5, ..call };
    let outcome = Outcome::ProgramUnavailable;
    assert_eq!(exchange(&mut world, &unknown.message()), [Reply { xid: 1, outcome }]);
}

#[test]
fn garbage_is_not_answered() {
    let mut world = World::new(limits());
    let message = Call::new(1, wire::ECHO, b"").message();
    for length in 0..message.len() {
        assert!(exchange(&mut world, &message[..length]).is_empty());
    }
    assert_eq!(world.server.counters().garbage, message.len() as u64);
}

#[test]
fn a_reply_that_fits_no_datagram_is_an_error() {
    let mut world = World::new(limits());
    let payload =
        |length: usize| Call::new(1, wire::PAYLOAD, &(length as u32).to_be_bytes()).message();
    let fits = REPLY_BYTES_MAX - 28;
    let replies = exchange(&mut world, &payload(fits));
    assert!(matches!(&replies[0].outcome, Outcome::Success(result) if result.len() == fits + 4));
    let replies = exchange(&mut world, &payload(fits + 1));
    assert_eq!(replies[0].outcome, Outcome::SystemError);
}

#[test]
fn datagrams_beyond_the_limit_are_dropped() {
    let mut world = World::new(Limits { calls_max: 3, ..limits() });
    for xid in 0..5 {
        let message = Call::new(xid, wire::ECHO, b"echo").message();
        world.server.received_datagram(peer(800), &message);
    }
    assert_eq!(world.jobs().len(), 3);
    assert_eq!(world.server.counters().datagrams_dropped, 2);
}
