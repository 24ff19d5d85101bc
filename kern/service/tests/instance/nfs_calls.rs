//! NFS calls through every room.

use crate::rpc_client::{self, create, get_attributes, lookup, null, read, remove, write};
use crate::world::{Asked, CLIENT, World, address};
use hyper::{DatagramPeer, StreamEvent, StreamId};
use service::Next;
use xdr::Reader;

/// The handle in the answer to CREATE.
pub fn created(world: &mut World, root: &[u8], name: &str) -> Vec<u8> {
    let reply = world.ask(&create(50, root, name));
    let mut reader = reply.success();
    assert_eq!(reader.u32(), Ok(1), "a handle follows");
    reader.opaque(64).expect("a handle").to_vec()
}

/// The data in the answer to READ.
fn data(result: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(result);
    let attributes_bytes = 4 + 4 + 84;
    reader.fixed(attributes_bytes).expect("a status and attributes");
    assert!(reader.u32().is_ok() && reader.u32().is_ok(), "a count and whether it is the end");
    reader.opaque(1 << 20).expect("data").to_vec()
}

#[test]
fn null_mount_and_get_attributes() {
    let mut world = World::memory();
    assert!(world.ask(&null(1)).result.is_empty());
    let root = world.mount();
    let reply = world.ask(&get_attributes(2, &root));
    let directory = 2;
    assert_eq!(reply.success().u32(), Ok(directory));
}

#[test]
fn a_hundred_calls_received_together_leave_with_one_send() {
    let mut world = World::memory();
    let root = world.mount();
    let calls: Vec<u8> = (0..100).flat_map(|xid| get_attributes(xid, &root)).collect();
    world.receive(&calls);
    assert_ne!(world.service.turn(), Next::Again);
    let sends = world.sent();
    assert_eq!((sends.len(), sends[0].len()), (1, 1), "one send of one piece");
    let replies = rpc_client::replies(&sends[0][0]);
    assert_eq!(replies.len(), 100);
    assert!(replies.iter().all(|reply| reply.status() == 0));
}

#[test]
fn what_is_written_is_read_by_reference() {
    let mut world = World::memory();
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    let content: Vec<u8> = (0..200_000_u32).map(|index| (index % 251) as u8).collect();
    world.ask(&write(3, &file, 0, &content)).success();
    world.receive(&[read(4, &file, 0, 200_000), read(5, &file, 100, 100_000)].concat());
    world.turn_until_idle();
    let sends = world.sent();
    assert_eq!(sends.len(), 1, "both replies leave together");
    let largest = sends[0].iter().map(bytes::Bytes::len).max();
    assert!(largest >= Some(4096), "pages travel whole, not copied into the reply");
    let replies = rpc_client::replies(&sends.concat().concat());
    assert!(data(&replies[0].result) == content);
    assert!(data(&replies[1].result) == content[100..100_100]);
}

#[test]
fn a_retransmitted_remove_succeeds_again() {
    let mut world = World::memory();
    let root = world.mount();
    created(&mut world, &root, "file");
    let call = remove(9, &root, "file");
    let first = world.ask(&call);
    first.success();
    assert_eq!(world.ask(&call), first);
    let absent = 2;
    assert_eq!(world.ask(&lookup(10, &root, "file")).status(), absent);
}

#[test]
fn remembered_replies_age_by_the_clock() {
    let mut world = World::memory();
    let root = world.mount();
    created(&mut world, &root, "file");
    assert!(matches!(world.service.turn(), Next::At(_)));
}

#[test]
fn every_split_of_a_call_is_the_same_call() {
    let mut world = World::memory();
    let root = world.mount();
    let call = get_attributes(2, &root);
    let whole = world.ask(&call);
    for at in 1..call.len() {
        world.receive(&call[..at]);
        world.turn_until_idle();
        assert_eq!(world.ask(&call[at..]), whole, "split at {at}");
    }
}

#[test]
fn datagrams_are_answered_where_they_came_from() {
    let mut world = World::memory();
    let peer = DatagramPeer { socket: 3, remote: address(900), local: address(2049) };
    let message = &null(77)[4..];
    world.service.stream_event(StreamEvent::Datagram { peer, bytes: message });
    world.turn_until_idle();
    let asked = world.asked();
    let [Asked::Datagram(to, data)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(*to, peer);
    assert_eq!(data.concat()[..8], [0, 0, 0, 77, 0, 0, 0, 1]);
}

#[test]
fn more_calls_than_the_window_are_all_answered() {
    let mut world = World::memory();
    let root = world.mount();
    let calls: Vec<u8> = (0..3000).flat_map(|xid| get_attributes(xid, &root)).collect();
    let mut xids: Vec<u32> = Vec::new();
    for bytes in calls.chunks(10_000) {
        xids.extend(world.exchange(bytes).iter().map(|reply| reply.xid));
    }
    xids.sort_unstable();
    assert!(xids.into_iter().eq(0..3000));
}

#[test]
fn garbage_closes_only_its_own_connection() {
    let mut world = World::memory();
    let other = StreamId(2);
    world.open(other);
    let bytes = b"GET / HTTP/1.1\r\n\r\n";
    world.service.stream_event(StreamEvent::Received { stream: other, bytes });
    world.turn_until_idle();
    assert_eq!(world.asked(), [Asked::Close(other)]);
    world.service.stream_event(StreamEvent::Closed { stream: other });
    assert_eq!(world.service.connection_count(), 1);
    world.receive(&null(1));
    world.turn_until_idle();
    assert!(matches!(world.asked().as_slice(), [Asked::Send(to, _)] if *to == CLIENT));
}
