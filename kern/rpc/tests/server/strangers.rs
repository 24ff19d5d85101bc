//! Datagrams in somebody else's name: what leaves for him, in bytes and virtual time.

use crate::wire::{self, Call};
use crate::world::{ONE, World, address, limits, run};
use rpc::{Output, Peer};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Portmap's list of programs, by version.
const DUMP: u32 = 4;

/// What the networks of one group may have in a second, and all of them.
const GROUP_BYTES: usize = 8 << 10;
const GROUPS: usize = 16;

fn dump(version: u32) -> Call {
    let credential = (0, vec![]);
    Call { program: 100_000, version, credential, ..Call::new(1, DUMP, b"") }
}

/// A client of some network.
fn client(network: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0b00_0007 | network << 8).into()
}

/// The bytes that leave for `client` when it asks `count` times, or somebody who says that he is it.
fn asked(world: &mut World, client: IpAddr, call: &Call, count: usize) -> usize {
    let remote = SocketAddr::new(client, 800);
    let peer = Peer { socket: 5, remote, local: address(111) };
    let mut left_bytes = 0;
    for _ in 0..count {
        world.server.received_datagram(peer, &call.message());
        let job = world.server.next_call().expect("there is room");
        world.server.reply(run(job));
        left_bytes += sent(world.outputs());
    }
    left_bytes
}

fn sent(outputs: Vec<Output>) -> usize {
    let length = |output| match output {
        Output::Datagram(_, pieces) => pieces.concat().len(),
        other => panic!("{other:?}"),
    };
    outputs.into_iter().map(length).sum()
}

#[test]
fn a_victim_is_sent_little_and_others_are_answered() {
    let mut world = World::new(limits());
    let victim = client(1);
    let one = asked(&mut world, client(2), &dump(4), 1);
    assert!(one > 2 * dump(4).message().len(), "{one} bytes are worth a lie");
    let mut left_bytes = 0;
    for second in 1..=10 {
        world.set_time(second);
        left_bytes += asked(&mut world, victim, &dump(4), 1000);
    }
    assert!(left_bytes <= 11 * (GROUP_BYTES + one), "{left_bytes}");
    assert!(left_bytes >= 10 * (GROUP_BYTES - one), "honest clients are answered: {left_bytes}");
    let dropped = world.server.counters().reflections_dropped as usize;
    assert_eq!(dropped + left_bytes / one, 10_000);
    let others = (100..200).filter(|&one| asked(&mut world, client(one), &dump(2), 1) > 0).count();
    assert!(others > 80, "{others} of 100 other networks");
    world.set_time(12);
    assert_eq!(asked(&mut world, victim, &dump(4), 1), one, "it need not wait long");
}

#[test]
fn who_names_many_victims_sends_all_of_them_little() {
    let mut world = World::new(limits());
    world.set_time(1);
    let (largest, mut left_bytes) = (asked(&mut world, client(0), &dump(4), 1), 0);
    for network in 1..5000 {
        left_bytes += asked(&mut world, client(network), &dump(4), 1);
    }
    assert!(left_bytes <= GROUPS * (GROUP_BYTES + largest), "{left_bytes}");
}

#[test]
fn answers_that_are_no_lever_are_free() {
    let mut world = World::new(limits());
    let padded = Call { arguments: vec![0; 1000], ..dump(4) };
    let get_port = Call { arguments: vec![0; 16], procedure: 3, ..dump(2) };
    // It takes what no stranger has: the name of a user, or a handle.
    let large = Call::new(1, wire::PAYLOAD, &8000_u32.to_be_bytes());
    let by_handle = Call { version: wire::BY_HANDLE, credential: (0, vec![]), ..large.clone() };
    for call in [padded, get_port, Call::new(1, wire::NULL, b""), large, by_handle] {
        let one = asked(&mut world, client(1), &call, 1);
        assert_eq!(asked(&mut world, client(1), &call, 1000), 1000 * one, "{call:?}");
    }
    for _ in 0..1000 {
        assert_eq!(world.exchange(ONE, &dump(4).record()).len(), 1, "whoever connects is there");
        world.server.sent(ONE, 1 << 20);
    }
    assert_eq!(world.server.counters().reflections_dropped, 0);
}
