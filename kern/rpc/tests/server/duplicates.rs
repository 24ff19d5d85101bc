//! Retransmissions of a procedure that must not run twice.

use crate::wire::{self, Call, Reply};
use crate::world::{ONE, TWO, World, limits, peer};
use rpc::Output;

fn count(xid: u32) -> Vec<u8> {
    Call::new(xid, wire::COUNT, b"make").record()
}

fn ran(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

#[test]
fn a_duplicate_of_a_call_at_work_is_dropped() {
    let mut world = World::new(limits());
    world.server.received(ONE, &[count(1), count(1)].concat());
    world.server.received(ONE, &count(1));
    assert_eq!(world.server.counters().duplicates_dropped, 2);
    world.run_all();
    assert_eq!(world.replies(ONE), [Reply::success(1, &ran(1))]);
}

#[test]
fn a_duplicate_of_a_finished_call_gets_the_same_reply() {
    let mut world = World::new(limits());
    let first = world.exchange(ONE, &count(1));
    assert_eq!(world.exchange(ONE, &count(1)), first);
    assert_eq!(world.exchange(ONE, &count(2)), [Reply::success(2, &ran(2))]);
    assert_eq!((world.state.runs.get(), world.server.counters().replayed), (2, 1));
}

#[test]
fn a_new_connection_finds_the_reply() {
    let mut world = World::new(limits());
    let first = world.exchange(ONE, &count(1));
    world.server.closed(ONE);
    world.open(TWO);
    assert_eq!(world.exchange(TWO, &count(1)), first);
    assert_eq!(world.state.runs.get(), 1);
}

#[test]
fn the_reply_to_a_call_at_work_follows_to_the_new_connection() {
    let mut world = World::new(limits());
    world.server.received(ONE, &count(1));
    let job = world.jobs().remove(0);
    world.server.closed(ONE);
    world.open(TWO);
    world.server.received(TWO, &count(1));
    world.finish(job);
    assert_eq!(world.replies(TWO), [Reply::success(1, &ran(1))]);
}

#[test]
fn the_reply_moves_even_if_the_first_connection_seems_open() {
    let mut world = World::new(limits());
    world.open(TWO);
    world.server.received(ONE, &count(1));
    let job = world.jobs().remove(0);
    world.server.received(TWO, &count(1));
    world.finish(job);
    let outputs = world.outputs();
    assert!(matches!(outputs.as_slice(), [Output::Send(id, _)] if *id == TWO), "{outputs:?}");
}

#[test]
fn other_users_and_arguments_are_other_calls() {
    let mut world = World::new(limits());
    world.exchange(ONE, &count(1));
    let other = Call { credential: (1, wire::auth_sys(7)), ..Call::new(1, wire::COUNT, b"make") };
    assert_eq!(world.exchange(ONE, &other.record()), [Reply::success(1, &ran(2))]);
    let other = Call::new(1, wire::COUNT, b"fake");
    assert_eq!(world.exchange(ONE, &other.record()), [Reply::success(1, &ran(3))]);
}

#[test]
fn a_fault_is_not_remembered() {
    let mut world = World::new(limits());
    let garbage = Call::new(1, wire::GARBAGE, b"").record();
    let first = world.exchange(ONE, &garbage);
    assert_eq!(world.exchange(ONE, &garbage), first);
    assert_eq!(world.server.counters().replayed, 0);
}

#[test]
fn a_flood_of_writes_does_not_push_out_a_removal() {
    let mut world = World::new(limits());
    let write = |xid| Call::new(xid, wire::WRITE, b"data").record();
    let first = world.exchange(ONE, &count(1));
    for xid in 2..5002 {
        let sent = world.exchange(ONE, &write(xid));
        world.server.sent(ONE, 32);
        assert_eq!(sent.len(), 1);
    }
    assert_eq!(world.exchange(ONE, &count(1)), first);
    world.server.sent(ONE, 32);
    let latest = world.exchange(ONE, &write(5001));
    assert_eq!(latest, [Reply::success(5001, &ran(5001))], "a late write is not done twice");
}

#[test]
fn harmless_procedures_run_again() {
    let mut world = World::new(limits());
    let echo = Call::new(1, wire::ECHO, b"echo").record();
    assert_eq!(world.exchange(ONE, &[echo.clone(), echo].concat()).len(), 2);
}

#[test]
fn datagrams_are_remembered_too() {
    let mut world = World::new(limits());
    let message = Call::new(1, wire::COUNT, b"make").message();
    let send = |world: &mut World, port| {
        world.server.received_datagram(peer(port), &message);
        world.run_all();
        world.outputs()
    };
    let first = send(&mut world, 800);
    let [Output::Datagram(to, pieces)] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!(*to, peer(800));
    assert_eq!(send(&mut world, 801), [Output::Datagram(peer(801), pieces.clone())]);
    assert_eq!(world.state.runs.get(), 1);
}

#[test]
fn old_replies_are_forgotten_in_time() {
    let mut world = World::new(limits());
    world.exchange(ONE, &count(1));
    let deadline = world.server.deadline().expect("a reply is remembered");
    world.set_time(deadline.0 / 1_000_000_000);
    assert_eq!(world.server.deadline(), None);
    assert_eq!(world.exchange(ONE, &count(1)), [Reply::success(1, &ran(2))]);
}
