//! Calls and their replies on streams: framing, refusals, garbage.

use crate::wire::{self, Call, Outcome, Reply};
use crate::world::{ONE, TWO, World, limits};
use bytes::Bytes;
use rpc::{ConnectionId, Output};

/// The one reply to one call.
fn outcome(call: &Call) -> Outcome {
    let mut replies = World::new(limits()).exchange(ONE, &call.record());
    assert_eq!(replies.len(), 1, "{call:?}");
    let reply = replies.remove(0);
    assert_eq!(reply.xid, call.xid);
    reply.outcome
}

fn echo(xid: u32) -> Call {
    Call::new(xid, wire::ECHO, format!("echo{xid:04}").as_bytes())
}

#[test]
fn every_split_of_a_stream_gives_the_same_replies() {
    let second = echo(2).message();
    let stream = [
        echo(1).record(),
        wire::fragment(false, &second[..30]),
        wire::fragment(false, &[]),
        wire::fragment(true, &second[30..]),
        echo(3).record(),
    ]
    .concat();
    let expected: Vec<Reply> =
        (1..=3).map(|xid| Reply::success(xid, &echo(xid).arguments)).collect();
    for first in 0..=stream.len() {
        for second in [first, (first + 1).min(stream.len()), stream.len()] {
            let mut world = World::new(limits());
            let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
            let replies: Vec<Reply> =
                pieces.iter().flat_map(|piece| world.exchange(ONE, piece)).collect();
            assert_eq!(replies, expected, "split at {first} and {second}");
        }
    }
}

#[test]
fn byte_by_byte() {
    let mut world = World::new(limits());
    let stream = [echo(1).record(), echo(2).record()].concat();
    let replies: Vec<Reply> = stream.chunks(1).flat_map(|byte| world.exchange(ONE, byte)).collect();
    assert_eq!(replies.len(), 2);
}

#[test]
fn calls_that_arrive_together_are_answered_with_one_buffer() {
    let mut world = World::new(limits());
    let stream: Vec<u8> = (0..8).flat_map(|xid| echo(xid).record()).collect();
    world.server.received(ONE, &stream);
    world.run_all();
    let sends = world.sends(ONE);
    assert_eq!(sends.len(), 1, "one send");
    assert_eq!(sends[0].len(), 1, "of one piece");
    assert_eq!(wire::parse_stream(&sends[0][0]).len(), 8);
}

#[test]
fn payload_is_shared_between_joined_headers() {
    let mut world = World::new(limits());
    let payload = |xid| Call::new(xid, wire::PAYLOAD, &10_001_u32.to_be_bytes()).record();
    world.server.received(ONE, &[payload(1), payload(2)].concat());
    world.run_all();
    let sends = world.sends(ONE);
    let lengths: Vec<usize> = sends[0].iter().map(Bytes::len).collect();
    assert_eq!(lengths, [32, 10_001, 3 + 32, 10_001, 3]);
    assert_eq!(wire::parse_stream(&sends.concat().concat()).len(), 2);
}

#[test]
fn calls_are_answered_as_they_finish() {
    let mut world = World::new(limits());
    world.server.received(ONE, &[echo(1).record(), echo(2).record()].concat());
    let mut jobs = world.jobs();
    let second = jobs.pop().unwrap();
    world.finish(second);
    assert_eq!(world.replies(ONE)[0].xid, 2);
    world.finish(jobs.pop().unwrap());
    assert_eq!(world.replies(ONE)[0].xid, 1);
}

#[test]
fn refusals_say_why() {
    let base = Call::new(9, wire::ECHO, b"");
    let with = |change: fn(&mut Call)| {
        let mut call = base.clone();
        change(&mut call);
        outcome(&call)
    };
    assert_eq!(with(|call| call.rpc_version = 3), Outcome::RpcMismatch(2, 2));
    assert_eq!(with(|call| call.program = 1), Outcome::ProgramUnavailable);
    assert_eq!(with(|call| call.version = 3), Outcome::ProgramMismatch(1, 2));
    assert_eq!(with(|call| call.procedure = 6), Outcome::ProcedureUnavailable);
    assert_eq!(with(|call| call.procedure = u32::MAX), Outcome::ProcedureUnavailable);
    assert_eq!(with(|call| call.credential.1.truncate(12)), Outcome::AuthError(1));
    assert_eq!(with(|call| call.credential = (2, vec![0; 4])), Outcome::AuthError(2));
    assert_eq!(with(|call| call.credential = (6, vec![0; 4])), Outcome::AuthError(1));
    assert_eq!(with(|call| call.credential = (1, vec![0; 404])), Outcome::AuthError(1));
    assert_eq!(with(|call| call.verifier = (1, vec![0; 4])), Outcome::AuthError(3));
    assert_eq!(with(|call| call.verifier = (0, vec![0; 404])), Outcome::AuthError(3));
}

/// RFC 5531 §9: nothing behind the version is as this version has it.
#[test]
fn another_version_of_rpc_is_refused_whatever_follows() {
    for words in [&[7, 0, 3][..], &[7, 0, 3, u32::MAX, u32::MAX, u32::MAX, u32::MAX]] {
        let message: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let replies = World::new(limits()).exchange(ONE, &wire::record(&message));
        assert_eq!(replies, [Reply { xid: 7, outcome: Outcome::RpcMismatch(2, 2) }]);
    }
}

#[test]
fn where_users_are_asked_for_only_null_needs_no_credentials() {
    let mut call = Call { credential: (0, vec![]), ..Call::new(1, wire::NULL, b"") };
    assert_eq!(outcome(&call), Outcome::Success(vec![]));
    call.procedure = wire::ECHO;
    assert_eq!(outcome(&call), Outcome::AuthError(5));
    call.version = wire::BY_HANDLE;
    assert_eq!(outcome(&call), Outcome::Success(vec![]), "the program may say no");
}

#[test]
fn what_a_failed_procedure_wrote_is_forgotten() {
    assert_eq!(outcome(&Call::new(1, wire::GARBAGE, b"")), Outcome::GarbageArguments);
    assert_eq!(outcome(&Call::new(1, wire::PAYLOAD, b"")), Outcome::GarbageArguments);
}

#[test]
fn garbage_closes_the_connection_after_the_replies_before_it() {
    let garbage = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        wire::record(b""),
        Call { direction: 1, ..echo(2) }.record(),
        wire::record(&echo(2).message()[..38]),
        (u32::MAX >> 1).to_be_bytes().to_vec(),
    ];
    for bytes in garbage {
        let mut world = World::new(limits());
        assert_eq!(world.exchange(ONE, &echo(1).record()).len(), 1);
        world.server.received(ONE, &bytes);
        assert_eq!(world.outputs(), [Output::Close(ONE)], "{bytes:?}");
        assert!(world.exchange(ONE, &echo(3).record()).is_empty(), "nothing more is taken");
        let counters = world.server.counters();
        assert_eq!(counters.garbage + counters.oversize, 1);
    }
}

#[test]
fn every_truncation_of_a_header_is_garbage() {
    let whole = echo(1).message();
    let header_bytes = whole.len() - echo(1).arguments.len();
    for length in 0..header_bytes {
        let mut world = World::new(limits());
        world.server.received(ONE, &wire::record(&whole[..length]));
        assert_eq!(world.outputs(), [Output::Close(ONE)]);
    }
}

#[test]
fn replies_for_a_connection_that_is_gone_go_nowhere() {
    let mut world = World::new(limits());
    world.server.received(ONE, &echo(1).record());
    let job = world.jobs().remove(0);
    world.server.closed(ONE);
    world.finish(job);
    assert!(world.outputs().is_empty());
    assert!(world.server.is_idle());
}

#[test]
fn events_of_unknown_connections_are_ignored() {
    let mut world = World::new(limits());
    let stranger = ConnectionId(99);
    world.server.received(stranger, &echo(1).record());
    world.server.sent(stranger, 10);
    world.server.closed(stranger);
    assert!(world.jobs().is_empty() && world.outputs().is_empty());
}

#[test]
fn calls_are_counted_by_procedure() {
    let mut world = World::new(limits());
    let records: Vec<u8> = (0..3).flat_map(|xid| echo(xid).record()).collect();
    world.exchange(ONE, &records);
    world.exchange(ONE, &Call::new(4, wire::GARBAGE, b"").record());
    let find = |name| world.server.procedures().iter().find(|row| row.procedure == name).copied();
    assert_eq!(find("ECHO").map(|row| (row.calls, row.faults)), Some((3, 0)));
    assert_eq!(find("GARBAGE").map(|row| (row.calls, row.faults)), Some((1, 1)));
    assert_eq!(world.server.counters().calls, 4);
}

#[test]
fn a_peer_that_has_said_its_last_gets_its_replies_first() {
    let mut world = World::new(limits());
    let calls: Vec<u8> = (1..=20).flat_map(|xid| echo(xid).record()).collect();
    world.server.received(ONE, &calls);
    world.server.ended(ONE);
    assert!(!world.outputs().contains(&Output::Close(ONE)), "20 calls are not answered");
    world.run_all();
    let outputs = world.outputs();
    let Output::Send(ONE, pieces) = &outputs[0] else { panic!("replies first: {outputs:?}") };
    assert_eq!(wire::parse_stream(&pieces.concat()).len(), 20);
    assert!(!outputs.contains(&Output::Close(ONE)), "replies have not left");
    world.server.sent(ONE, pieces.concat().len());
    assert_eq!(world.outputs(), [Output::Close(ONE)]);
    world.server.ended(TWO);
    assert!(world.outputs().is_empty(), "nobody has ended");
}
