//! A service that is a network host of its own: the same calls, through frames.

use crate::lan::Lan;
use crate::rpc_client::{call, create, mount, null, read, write_unstable};
use hyper::{Disk, DiskCompletion, DiskRequest, Geometry, LinkEvent};
use service::{ImageOptions, Next, Source, State};
use std::rc::Rc;
use xdr::{Reader, Writer};

const HOSTS: [&str; 2] = ["10.1.0.2", "fd00::2"];
const PORTMAP: u32 = 100_000;
const NFS: u32 = 100_003;
const MOUNT: u32 = 100_005;

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The handle of the root.
fn root(lan: &mut Lan, stream: hyper::StreamId) -> Vec<u8> {
    let reply = lan.ask(stream, &mount(1, "/"));
    reply.success().opaque(64).expect("a handle").to_vec()
}

/// A new file.
fn file(lan: &mut Lan, stream: hyper::StreamId, root: &[u8], name: &str) -> Vec<u8> {
    let reply = lan.ask(stream, &create(2, root, name));
    let mut reader = reply.success();
    assert_eq!(reader.u32(), Ok(1), "a handle follows");
    reader.opaque(64).expect("a handle").to_vec()
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index % 251) as u8).collect()
}

/// The data in the answer to READ.
fn data(result: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(result);
    reader.fixed(4 + 4 + 84 + 8).expect("a status, attributes, a count and whether it is the end");
    reader.opaque(1 << 20).expect("data").to_vec()
}

#[test]
fn files_are_written_and_read_over_tcp_of_both_families() {
    for host in HOSTS {
        let mut lan = Lan::new();
        let stream = lan.connect(host, 2049);
        let root = root(&mut lan, stream);
        let file = file(&mut lan, stream, &root, "file");
        let content = pattern(300_000);
        lan.ask(stream, &write_unstable(3, &file, 0, &content)).success();
        let reply = lan.ask(stream, &read(4, &file, 0, 300_000));
        assert!(data(&reply.result) == content, "{host}");
    }
}

#[test]
fn files_are_written_and_read_over_udp_of_both_families() {
    for host in HOSTS {
        let mut lan = Lan::new();
        let reply = lan.ask_by_datagram(host, 2049, &mount(1, "/"));
        let root = reply.success().opaque(64).expect("a handle").to_vec();
        let reply = lan.ask_by_datagram(host, 2049, &create(2, &root, "file"));
        let mut reader = reply.success();
        let file = reader.u32().and_then(|_| reader.opaque(64)).expect("a handle").to_vec();
        let content = pattern(30_000);
        lan.ask_by_datagram(host, 2049, &write_unstable(3, &file, 0, &content)).success();
        let reply = lan.ask_by_datagram(host, 2049, &read(4, &file, 0, 30_000));
        assert!(data(&reply.result) == content, "{host}, in fragments");
    }
}

#[test]
fn whoever_has_a_handle_reads_by_datagram_as_much_as_he_likes_in_no_time() {
    let mut lan = Lan::new();
    let stream = lan.connect(HOSTS[0], 2049);
    let root = root(&mut lan, stream);
    let file = file(&mut lan, stream, &root, "file");
    let content = pattern(30_000);
    lan.ask(stream, &write_unstable(3, &file, 0, &content)).success();
    let calls = (4..104).map(|xid| read(xid, &file, 0, 30_000));
    let answers = calls.map(|call| lan.ask_by_datagram(HOSTS[0], 2049, &call).result);
    assert!(answers.into_iter().all(|answer| data(&answer) == content));
}

#[test]
fn portmap_is_found_where_it_always_is_and_names_the_port_of_nfs() {
    let port_of =
        |program, protocol| call(9, (PORTMAP, 2), 3, &numbers(&[program, 3, protocol, 0]));
    let mut lan = Lan::new();
    for (host, address) in [(HOSTS[0], "10.1.0.2.8.1"), (HOSTS[1], "fd00::2.8.1")] {
        let stream = lan.connect(host, 111);
        for (program, expected) in [(NFS, 2049), (MOUNT, 2049), (PORTMAP, 111), (4711, 0)] {
            for protocol in [6, 17] {
                let call = port_of(program, protocol);
                assert_eq!(lan.ask(stream, &call).result, numbers(&[expected]));
                assert_eq!(lan.ask_by_datagram(host, 111, &call).result, numbers(&[expected]));
            }
        }
        let mut asked = Writer::default();
        [NFS, 3].into_iter().for_each(|number| asked.u32(number));
        [b"tcp" as &[u8], b"", b""].into_iter().for_each(|text| asked.opaque(text));
        let asked = asked.into_pieces().concat();
        for version in [3, 4] {
            let reply = lan.ask(stream, &call(10, (PORTMAP, version), 3, &asked));
            assert_eq!(Reader::new(&reply.result).opaque(100), Ok(address.as_bytes()));
        }
        lan.close(stream);
    }
}

#[test]
fn who_has_said_its_last_still_gets_its_answer() {
    let mut lan = Lan::new();
    let stream = lan.connect(HOSTS[0], 2049);
    let call = null(5);
    lan.send(stream, &call[..20]);
    lan.settle();
    lan.send(stream, &call[20..]);
    lan.finish(stream);
    lan.until(|lan| lan.heard(stream).closed);
    assert_eq!(lan.heard(stream).bytes.len(), 4 + 24, "a reply to NULL");
    assert_eq!(lan.service.connection_count(), 0);
}

/// A disk that never answers.
struct SilentDisk;

impl Disk for SilentDisk {
    fn geometry(&self) -> Geometry {
        Geometry { size_bytes: 1 << 20, sector_bytes: 512, read_only: true }
    }

    fn submit(&self, _: DiskRequest) {}

    fn next_completion(&self) -> Option<DiskCompletion> {
        None
    }
}

#[test]
fn nobody_is_let_in_before_there_is_something_to_serve() {
    let options = ImageOptions::default();
    let mut lan = Lan::of(Source::disk(Rc::new(SilentDisk), options));
    assert_eq!(lan.service.state(), &State::Mounting);
    let stream = lan.try_connect(HOSTS[0], 2049);
    lan.until(|lan| lan.client.streams.contains_key(&stream));
    let heard = lan.heard(stream);
    assert!(heard.closed && !heard.opened, "refused");
}

#[test]
fn stopping_says_goodbye_and_waits_for_the_other_side() {
    let mut lan = Lan::new();
    let streams = HOSTS.map(|host| lan.connect(host, 2049));
    for stream in streams {
        lan.ask(stream, &null(1));
    }
    lan.service.stop();
    lan.turn();
    lan.until(|lan| streams.iter().all(|stream| lan.heard(*stream).ended));
    assert!(streams.iter().all(|stream| !lan.heard(*stream).closed), "in order, not by a reset");
    assert!(!lan.service.is_stopped(), "they have said nothing yet");
    let late = lan.try_connect(HOSTS[0], 2049);
    lan.until(|lan| lan.client.streams.contains_key(&late));
    assert!(!lan.heard(late).opened, "nobody new is let in");
    streams.into_iter().for_each(|stream| lan.close(stream));
    lan.until(|lan| lan.service.is_stopped());
    lan.until(|lan| streams.iter().all(|stream| lan.heard(*stream).closed));
}

#[test]
fn who_never_says_goodbye_is_given_up() {
    let mut lan = Lan::new();
    let stream = lan.connect(HOSTS[0], 2049);
    lan.ask(stream, &null(1));
    lan.service.stop();
    let begun = lan.clock.time();
    lan.until(|lan| lan.service.is_stopped());
    lan.until(|lan| lan.heard(stream).closed);
    let seconds = lan.clock.time().since(begun).as_secs();
    assert!((1..5).contains(&seconds), "after {seconds} s, before the host loses patience");
}

#[test]
fn what_a_full_link_does_not_take_leaves_later() {
    let mut lan = Lan::new();
    let stream = lan.connect(HOSTS[0], 2049);
    let root = root(&mut lan, stream);
    let file = file(&mut lan, stream, &root, "file");
    let content = pattern(500_000);
    lan.ask(stream, &write_unstable(3, &file, 0, &content)).success();
    lan.cable.frames_max.set(0);
    lan.send(stream, &read(4, &file, 0, 500_000));
    for bytes in lan.client_frames() {
        lan.service.link_event(LinkEvent::Received { bytes: &bytes, checked: false });
    }
    for _ in 0..5 {
        lan.turn();
        let is_patient = match lan.next {
            Next::Again => false,
            Next::At(moment) => moment > lan.clock.time(),
            Next::Idle => true,
        };
        assert!(is_patient, "it waits for room, and does not ask for it: {:?}", lan.next);
    }
    assert!(lan.cable.frames.borrow().is_empty());
    lan.cable.frames_max.set(7);
    lan.client.streams.entry(stream).or_default().bytes.clear();
    lan.deliver();
    lan.turn();
    lan.until(|lan| lan.heard(stream).bytes.len() > 500_000);
    let reply = crate::rpc_client::replies(&lan.heard(stream).bytes).remove(0);
    assert!(data(&reply.result) == content);
}

#[test]
fn garbage_changes_nothing() {
    let mut lan = Lan::new();
    let stream = lan.connect(HOSTS[0], 2049);
    let root = root(&mut lan, stream);
    let file = file(&mut lan, stream, &root, "file");
    let mut luck = fastrand::Rng::with_seed(7);
    lan.send(stream, &write_unstable(3, &file, 0, &pattern(20_000)));
    let seen = lan.client_frames();
    let header = &seen[0][..14];
    for round in 0..20_000 {
        let bytes = match round % 2 {
            0 => {
                let length = luck.usize(..100);
                [header, &std::iter::repeat_with(|| luck.u8(..)).take(length).collect::<Vec<_>>()]
                    .concat()
            }
            _ => {
                let mut bytes = seen[luck.usize(..seen.len())].clone();
                let at = luck.usize(14..bytes.len().min(80));
                bytes[at] ^= 1 << luck.u8(..8);
                bytes
            }
        };
        lan.service.link_event(LinkEvent::Received { bytes: &bytes, checked: false });
        if round % 64 == 0 {
            lan.turn();
            lan.cable.frames.take();
        }
    }
    lan.client.streams.entry(stream).or_default().bytes.clear();
    lan.until(|lan| lan.heard(stream).bytes.len() >= 4);
    let other = lan.connect(HOSTS[1], 2049);
    let reply = lan.ask(other, &read(4, &file, 0, 20_000));
    assert!(data(&reply.result) == pattern(20_000));
}

#[test]
fn the_log_tells_by_which_addresses_it_can_be_mounted() {
    let lan = Lan::new();
    let lines = lan.log.lines.borrow();
    assert_eq!(
        lines.as_slice(),
        [
            "test: 10.1.0.2 is its address: mount -t nfs 10.1.0.2:/ /mnt",
            "test: fd00::2 is its address: mount -t nfs '[fd00::2]:/' /mnt",
        ]
    );
}

#[test]
fn the_time_is_asked_for_once_in_a_short_turn_and_once_for_all_events_between_two() {
    let mut lan = Lan::new();
    let stream = lan.connect(HOSTS[0], 2049);
    lan.settle();
    (0..100).for_each(|xid| lan.send(stream, &null(xid)));
    let frames = lan.client_frames();
    let before = lan.clock.readings.get();
    for bytes in &frames {
        lan.service.link_event(LinkEvent::Received { bytes, checked: false });
    }
    lan.turn();
    assert!(frames.len() > 1);
    let polls_at_once = 32;
    assert_eq!(lan.clock.readings.get() - before, 3 + 100 / polls_at_once);
}
