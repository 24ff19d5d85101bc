//! The output of all connections together.

use crate::wire::{self, Call, Reply};
use crate::world::{ONE, World, limits};
use bytes::Bytes;
use rpc::{ConnectionId, Output};

const GUEST: ConnectionId = ConnectionId(50);

fn payload(xid: u32) -> Call {
    Call::new(xid, wire::PAYLOAD, &30_000_u32.to_be_bytes())
}

/// Sixteen connections that ask for much and take nothing, and how much they were sent.
fn hogs(world: &mut World) -> usize {
    let burst: Vec<u8> = (0..8).flat_map(|xid| payload(xid).record()).collect();
    for id in 2..18 {
        world.open(ConnectionId(id));
        world.server.received(ConnectionId(id), &burst);
    }
    world.run_all();
    let sent = world.outputs().into_iter().map(|output| match output {
        Output::Send(_, pieces) => pieces.iter().map(Bytes::len).sum(),
        _ => 0,
    });
    sent.sum()
}

fn closed(world: &mut World) -> Vec<ConnectionId> {
    let closed = world.outputs().into_iter().filter_map(|output| match output {
        Output::Close(id) => Some(id),
        _ => None,
    });
    closed.collect()
}

/// Waits until those that take nothing are closed, and serves those that waited.
fn close_stalled(world: &mut World) {
    let before = world.server.counters().stalled_closed;
    let deadline = world.server.deadline().expect("others wait").0;
    world.set_time(deadline.div_ceil(1_000_000_000));
    let hogs = closed(world);
    assert_eq!(hogs.len() as u64, world.server.counters().stalled_closed - before);
    assert!(!hogs.is_empty() && !hogs.contains(&GUEST));
    hogs.into_iter().for_each(|id| world.server.closed(id));
    world.run_all();
}

#[test]
fn the_first_burst_of_a_connection_is_foreseen() {
    let mut world = World::new(limits());
    let burst: Vec<u8> = (0..8).flat_map(|xid| payload(xid).record()).collect();
    world.server.received(ONE, &burst);
    assert_eq!(world.jobs().len(), 3, "the limit, and the one that exceeds it");
}

#[test]
fn all_connections_together_are_bounded() {
    let mut world = World::new(limits());
    let sent = hogs(&mut world);
    assert!(sent <= limits().output_bytes_max, "{sent}");
    assert!(sent > limits().output_bytes_max - 31_000, "{sent}");
}

#[test]
fn who_owes_nothing_has_a_small_call_whatever_others_hold() {
    let mut world = World::new(limits());
    hogs(&mut world);
    world.open(GUEST);
    for xid in 0..100 {
        let echo = Call::new(xid, wire::ECHO, b"echo");
        assert_eq!(world.exchange(GUEST, &echo.record()), [Reply::success(xid, b"echo")]);
        world.server.sent(GUEST, 32);
    }
}

#[test]
fn who_takes_nothing_while_others_wait_is_closed() {
    for fragment_bytes in [20, 1000] {
        let mut world = World::new(limits());
        hogs(&mut world);
        world.open(GUEST);
        let message = payload(9).message();
        for body in message.chunks(fragment_bytes) {
            world.server.received(GUEST, &wire::fragment(false, body));
        }
        assert!(world.exchange(GUEST, &wire::fragment(true, b"")).is_empty(), "it waits");
        // Others stood in line before it: they have their turn, and take nothing either.
        (0..2).for_each(|_| close_stalled(&mut world));
        assert_eq!(world.replies(GUEST)[0].xid, 9);
    }
}

#[test]
fn who_takes_something_now_and_then_is_not_closed() {
    let mut world = World::new(limits());
    hogs(&mut world);
    let deadline = world.server.deadline().expect("others wait").0 / 1_000_000_000;
    world.set_time(deadline - 1);
    (2..18).for_each(|id| world.server.sent(ConnectionId(id), 1));
    world.set_time(deadline);
    assert!(closed(&mut world).is_empty());
}

#[test]
fn nobody_is_closed_while_there_is_room() {
    let mut world = World::new(limits());
    assert_eq!(world.exchange(ONE, &payload(1).record()).len(), 1);
    world.set_time(1_000_000);
    assert!(closed(&mut world).is_empty());
    assert_eq!(world.server.deadline(), None);
}
