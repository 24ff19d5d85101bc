//! Scenarios: two stacks on a wire, and a stranger that sends what it likes.

mod configuration;
mod floods;
mod gateways;
mod listening;
mod streams;
mod wire;

use super::*;
use crate::frame::{Draft, pieces_bytes};
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;
use hyper::{ChecksumPlace, Cut, DatagramPeer, LinkFamily, LinkOffload};
use proptest::prelude::{any, prop, proptest};
use wire::{Host, World, address, config, ping};

#[test]
fn datagrams_are_carried_over_both_families() {
    for (from, to) in
        [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2"), ("fe80::ff:fe00:1", "fe80::ff:fe00:2")]
    {
        let mut world = World::new();
        world.run(Duration::from_secs(3));
        let most = if to.contains(':') { 65_527 } else { 65_507 };
        for length in [0, 1, 1472, 1473, 9000, most] {
            let data: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            world.send(0, from, to, vec![Bytes::from(data.clone())]);
            world.run(Duration::from_secs(3));
            let peer = DatagramPeer {
                socket: 0,
                remote: SocketAddr::new(address(from), 2049),
                local: SocketAddr::new(address(to), 2049),
            };
            assert_eq!(world.hosts[1].heard.pop(), Some((peer, data)), "{length} bytes to {to}");
        }
    }
}

#[test]
fn pings_are_answered_with_what_they_brought() {
    for (from, to) in [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")] {
        let mut world = World::new();
        world.run(Duration::from_secs(3));
        for length in [0, 56, 3000, 60_000] {
            let now = world.now;
            ping(&mut world.hosts[0].stack, address(from), address(to), length, now);
            world.run(Duration::from_secs(3));
            let replies = core::mem::take(&mut world.hosts[0].replies);
            assert_eq!(replies, [(address(to), length + 8)], "{length} bytes to {to}");
        }
    }
}

#[test]
fn closed_ports_and_unknown_protocols_are_refused() {
    for (from, to) in [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")] {
        let mut world = World::new();
        world.run(Duration::from_secs(3));
        let now = world.now;
        let (from, to) = (address(from), address(to));
        world.hosts[0].stack.send_udp((from, 2049).into(), (to, 4).into(), vec![Bytes::new()], now);
        world.hosts[0].stack.ask_questions(now);
        world.run(Duration::from_secs(1));
        assert_eq!(
            world.hosts[0].errors.pop(),
            Some((to, if from.is_ipv4() { (3, 3) } else { (1, 4) }))
        );
        let unknown = Draft::new(from, to, 132.into(), 20);
        world.hosts[0].stack.route(unknown, now);
        world.run(Duration::from_secs(1));
        assert_eq!(
            world.hosts[0].errors.pop(),
            Some((to, if from.is_ipv4() { (3, 2) } else { (4, 1) }))
        );
    }
}

#[test]
fn fragments_survive_reordering_and_datagrams_their_loss() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    world.send(0, "10.0.0.1", "10.0.0.2", vec![Bytes::new()]);
    world.run(Duration::from_secs(1));
    world.hosts[1].heard.clear();
    (world.reorders, world.loses_every) = (true, Some(997));
    for number in 0..100_u8 {
        let data = vec![Bytes::from(vec![number; 7]), Bytes::from(vec![number; 60_000])];
        let (from, to) =
            if number % 2 == 0 { ("10.0.0.1", "10.0.0.2") } else { ("fd00::1", "fd00::2") };
        world.send(0, from, to, data);
        world.run(Duration::from_secs(2));
    }
    let heard = core::mem::take(&mut world.hosts[1].heard);
    assert!(heard.len() >= 80 && heard.len() < 100, "{} of 100 arrived", heard.len());
    for (_, bytes) in heard {
        assert!(bytes.len() == 60_007 && bytes.iter().all(|byte| *byte == bytes[0]));
    }
    world.run(Duration::from_secs(120));
    assert_eq!(world.hosts[1].stack.reassembly.held(), (0, 0), "what is lost is given up");
}

#[test]
fn who_sent_pieces_to_us_alone_is_told_that_some_are_missing() {
    let (us, everybody) = ([2, 0, 0, 0, 0, 2], [0xff; 6]);
    for (from, to, station, told) in [
        ("10.0.0.1", "10.0.0.2", us, Some((11, 1))),
        ("10.0.0.1", "10.0.0.255", everybody, None),
        ("10.0.0.1", "10.0.0.2", everybody, None),
        ("fd00::1", "fd00::2", us, Some((3, 1))),
        ("fd00::1", "ff02::1", everybody, None),
    ] {
        let mut world = World::new();
        world.run(Duration::from_secs(3));
        let ([first, second], now) = (&mut world.hosts, world.now);
        let mut draft = Draft::new(address(from), address(to), IpProtocol::Udp, 8);
        draft.payload.push(Bytes::from(vec![1; 3000]));
        first.stack.send_to_station(draft, station, now);
        let piece = wire::check(&first.stack.next_frame(now).unwrap());
        while first.stack.next_frame(now).is_some() {}
        second.stack.frame(&piece, false, now, &mut |_| {});
        let kept = second.stack.held().reassemblies;
        assert_eq!(kept, usize::from(told.is_some()), "what is sent to many is kept by none");
        world.run(Duration::from_secs(70));
        let errors: Vec<_> = world.hosts[0].errors.iter().map(|(_, error)| *error).collect();
        assert_eq!(errors, Vec::from_iter(told), "{to}");
    }
}

#[test]
fn problems_are_pointed_at() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    world.send(0, "fd00::1", "fd00::2", vec![Bytes::new()]);
    world.run(Duration::from_secs(1));
    for (header, bytes, code, place) in [
        (IpProtocol::Ipv6Opts, [200, 0, 1, 4, 0, 0, 0, 0], 1, 40_u32),
        (IpProtocol::Ipv6Frag, [200, 0, 0, 0, 0, 0, 0, 1], 1, 40),
        (IpProtocol::Ipv6Frag, [17, 0, 0xff, 0xf8, 0, 0, 0, 2], 0, 42),
        (IpProtocol::Ipv6Frag, [17, 0, 0, 1, 0, 0, 0, 3], 0, 4),
    ] {
        let ([first, second], now) = (&mut world.hosts, world.now);
        let mut draft = Draft::new(address("fd00::1"), address("fd00::2"), header, 8);
        draft.transport().copy_from_slice(&bytes);
        draft.payload.push(Bytes::from_static(b"what is behind"));
        first.stack.route(draft, now);
        let frame = wire::check(&first.stack.next_frame(now).unwrap());
        second.stack.frame(&frame, false, now, &mut |_| {});
        let told = wire::check(&second.stack.next_frame(now).unwrap());
        assert_eq!((told[54], told[55]), (4, code), "{header:?} {bytes:?}");
        assert_eq!(told[58..62], place.to_be_bytes(), "{header:?} {bytes:?}");
    }
}

#[test]
fn a_link_that_fills_checksums_is_left_to() {
    let offload = LinkOffload { checksums: true, ..LinkOffload::default() };
    let mut world = World::with_offload(offload);
    world.run(Duration::from_secs(3));
    for to in ["10.0.0.2", "fd00::2"] {
        let from = if to.contains(':') { "fd00::1" } else { "10.0.0.1" };
        for length in [100, 5000] {
            world.send(0, from, to, vec![Bytes::from(vec![1; length])]);
            world.run(Duration::from_secs(1));
            assert_eq!(world.hosts[1].heard.pop().map(|(_, bytes)| bytes.len()), Some(length));
        }
    }
    assert_eq!(world.left_to_link, 2, "whole datagrams are, fragments cannot be");
}

#[test]
fn a_link_that_cuts_is_told_how() {
    let offload = LinkOffload { checksums: true, segments_v4: true, ..LinkOffload::default() };
    let mut world = World::with_offload(offload);
    world.run(Duration::from_secs(3));
    let stack = &mut world.hosts[0].stack;
    let (from, to) = (address("10.0.0.1"), address("10.0.0.2"));
    stack.neighbours.heard(to, [2; 6], world.now, &mut stack.wire);
    let mut draft = Draft::new(from, to, IpProtocol::Tcp, 20);
    let cut = Cut { family: LinkFamily::V4, segment_bytes: 1460, head_bytes: 54, cwr: false };
    draft.payload.push(Bytes::from(vec![1; 40_000]));
    (draft.checksum_offset_bytes, draft.is_whole, draft.ecn) = (Some(16), true, 2);
    let too_long = draft.clone();
    draft.cut = Some(cut);
    stack.route(draft, world.now);
    let frame = stack.next_frame(world.now).unwrap();
    assert_eq!((frame.cut, frame.bytes()), (Some(cut), 54 + 40_000));
    assert_eq!(frame.checksum, Some(ChecksumPlace { start_bytes: 34, offset_bytes: 16 }));
    assert_eq!((frame.head[15], frame.head[20]), (2, 0x40), "congestion can be told, not cut");
    stack.route(too_long, world.now);
    assert_eq!(stack.next_frame(world.now), None, "rather lost than cut into fragments");
}

#[test]
fn payload_is_shared_not_copied() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    let page = Bytes::from(vec![7; 4000]);
    world.send(0, "10.0.0.1", "10.0.0.2", vec![page.clone()]);
    world.run(Duration::from_secs(1));
    world.send(0, "10.0.0.1", "10.0.0.2", vec![page.clone()]);
    let inside = page.as_ptr_range();
    let mut shared = 0;
    while let Some(frame) = world.hosts[0].stack.next_frame(world.now) {
        let pieces = frame.payload.iter().filter(|piece| inside.contains(&piece.as_ptr()));
        shared += pieces.map(Bytes::len).sum::<usize>();
    }
    assert_eq!(shared, 4000);
}

/// Has the second host tell the first that a datagram of 1500 bytes to it, from such a port, did not
/// fit.
fn datagram_was_too_big(world: &mut World, from: IpAddr, to: IpAddr, port: u16, mtu_bytes: u16) {
    let mut quoted = match (from, to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            [&[0x60, 0, 0, 0, 5, 180, 17, 64], &from.octets()[..], &to.octets()].concat()
        }
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let header = [0x45, 0, 5, 220, 0, 0, 0x40, 0, 64, 17, 0, 0];
            [&header, &from.octets()[..], &to.octets()].concat()
        }
        _ => panic!("addresses of two families"),
    };
    quoted.extend([port.to_be_bytes(), [0; 2], [0; 2], [0; 2]].concat());
    let kind = if from.is_ipv4() { [3, 4] } else { [2, 0] };
    let error = [&kind, &[0; 4][..], &mtu_bytes.to_be_bytes(), &quoted].concat();
    let (teller, now) = (if from.is_ipv4() { "10.0.0.2" } else { "fd00::2" }, world.now);
    wire::icmp(&mut world.hosts[1].stack, address(teller), from, &error, now);
    world.run(Duration::from_secs(1));
}

/// In how many frames so many bytes leave for the second host.
fn frames_for(world: &mut World, to: IpAddr, bytes: usize) -> usize {
    let from = if to.is_ipv4() { "10.0.0.1" } else { "fd00::1" };
    world.send(0, from, &to.to_string(), vec![Bytes::from(vec![1; bytes])]);
    let frames = core::iter::from_fn(|| world.hosts[0].stack.next_frame(world.now));
    frames.filter(|frame| frame.bytes() > 200).count()
}

#[test]
fn too_big_is_believed_of_datagrams_that_just_left() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    let (from, to) = (address("fd00::1"), address("fd00::2"));
    world.send(0, "fd00::1", "fd00::2", vec![Bytes::new()]);
    world.run(Duration::from_secs(1));
    for (port, mtu_bytes, frames) in [(9, 1300, 1), (2049, 1200, 1), (2049, 1300, 2)] {
        assert_eq!(frames_for(&mut world, to, 1400), 1);
        datagram_was_too_big(&mut world, from, to, port, mtu_bytes);
        assert_eq!(frames_for(&mut world, to, 1400), frames, "{port}, {mtu_bytes}");
    }
    assert_eq!(world.hosts[0].stack.mtu_bytes(to), 1500, "segments were not spoken of");
}

#[test]
fn nobody_narrows_a_path_by_datagrams_that_never_left() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    let (from, to) = (address("fd00::1"), address("fd00::2"));
    for (victim, length_bytes) in [(to, 0), (to, 1200), (address("10.0.0.2"), 1400)] {
        let own = if victim.is_ipv4() { address("10.0.0.1") } else { from };
        frames_for(&mut world, victim, length_bytes);
        datagram_was_too_big(&mut world, own, victim, 2049, 1300);
        assert_eq!(frames_for(&mut world, victim, 1400), 1, "{victim} after {length_bytes}");
        world.run(Duration::from_secs(20));
        datagram_was_too_big(&mut world, own, victim, 2049, 1300);
        assert_eq!(frames_for(&mut world, victim, 1400), 1, "that left long ago");
        world.run(Duration::from_secs(20));
    }
    // Somebody who invents datagrams to everybody does not drive out what was learnt of one.
    frames_for(&mut world, to, 1400);
    datagram_was_too_big(&mut world, from, to, 2049, 1300);
    for last in 3..400_u16 {
        let other = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last).into();
        datagram_was_too_big(&mut world, from, other, 2049, 1280);
        assert_eq!(world.hosts[0].stack.path_mtus.for_datagrams(other), None);
    }
    assert_eq!(frames_for(&mut world, to, 1400), 2);
}

#[test]
fn a_gateway_takes_what_is_not_on_the_link() {
    let mut host = Host::new(1, LinkOffload::default());
    let start = Instant(1_000_000_000);
    host.stack.advance(start, &mut |_| {});
    while host.stack.next_frame(start).is_some() {}
    let (from, far) = (address("10.0.0.1"), address("192.0.2.7"));
    let gateway = Host::new(9, LinkOffload::default()).stack.wire.mac;
    host.stack.neighbours.heard(address("10.0.0.9"), gateway, start, &mut host.stack.wire);
    host.stack.send_udp((from, 2049).into(), (far, 9).into(), vec![], start);
    let frame = host.stack.next_frame(start).unwrap();
    assert_eq!(frame.head[..6], gateway);
}

proptest! {
    #[test]
    fn random_and_mutated_frames_are_survived(
        frames in prop::collection::vec((0..4_usize, prop::collection::vec(any::<u8>(), 0..200), prop::collection::vec((0..120_usize, any::<u8>()), 0..4)), 1..60),
    ) {
        let samples = wire::samples();
        let mut host = Host::new(2, LinkOffload::default());
        let mut now = Instant(1_000_000_000);
        for (kind, noise, mutations) in frames {
            let mut bytes = match kind {
                0 => noise,
                1 => [&samples[noise.len() % samples.len()][..14], &noise].concat(),
                _ => samples[noise.len() % samples.len()].clone(),
            };
            for (at, value) in mutations {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            host.stack.frame(&bytes, kind == 3, now, &mut |_| {});
            now = now + Duration::from_millis(200);
            host.stack.advance(now, &mut |_| {});
            while let Some(frame) = host.stack.next_frame(now) {
                wire::check(&frame);
                assert!(pieces_bytes(&frame.payload) + frame.head.len() <= 1514);
            }
        }
    }
}

#[test]
fn configuration_is_bounded() {
    let mut config = Config { detects_duplicates: false, ..config(1) };
    for number in 0..=255_u8 {
        let prefix = Prefix { address: [10, 1, number, 1].into(), bits: 24 };
        config.addresses.push(AddressSource::Fixed(prefix));
    }
    let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
    let stack = Stack::new(config, &link, [0; 16], Instant(0));
    assert_eq!(stack.addresses.prefixes().count(), crate::limits::ADDRESSES_MAX);
}
