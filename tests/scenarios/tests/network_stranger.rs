//! A stack by another hand at the other end of the cable.

use hyper::{Clock, LinkOffload, LinkProperties};
use scenarios::network::kinds::must_hold;
use scenarios::network::station::address;
use scenarios::network::with_stranger::Pair;
use sim::{Conditions, Delivery, Luck};
use smoltcp::socket::{icmp, udp};
use smoltcp::wire::{
    Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr, IpAddress, IpEndpoint, Ipv6Address,
};
use std::net::IpAddr;
use std::time::Duration;

const DATA: [u8; 300] = [0x5a; 300];

#[test]
fn a_stranger_is_heard_and_hears() {
    let played = must_hold("stranger", 0..200);
    assert!(played.heard_bytes > 1 << 20);
}

fn pair() -> Pair {
    let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
    let near = Conditions { delay: Duration::from_micros(100), ..Conditions::default() };
    Pair::new(link, Delivery::Plain, [near; 2], &Luck::new(1))
}

/// Until the stranger's socket has heard something.
fn wait(pair: &mut Pair, has_heard: impl Fn(&Pair) -> bool) {
    let end = pair.clock.now() + Duration::from_secs(3);
    let has_heard = pair.run(end, |pair| has_heard(pair)).expect("nothing happens that must not");
    assert!(has_heard, "an answer within seconds");
}

#[test]
fn a_stranger_finds_and_pings_us() {
    for is_v6 in [false, true] {
        let mut pair = pair();
        let buffer =
            || icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; 2], vec![0; 2000]);
        let mut socket = icmp::Socket::new(buffer(), buffer());
        socket.bind(icmp::Endpoint::Ident(7)).expect("a name for pings");
        let to = address(0, is_v6);
        let ping = echo_request(to);
        socket.send_slice(&ping, IpAddress::from(to)).expect("room for a ping");
        let handle = pair.stranger.sockets.add(socket);
        wait(&mut pair, |pair| pair.stranger.sockets.get::<icmp::Socket<'_>>(handle).can_recv());
        let socket = pair.stranger.sockets.get_mut::<icmp::Socket<'_>>(handle);
        let (reply, from) = socket.recv().expect("an answer");
        assert_eq!(from, IpAddress::from(to));
        assert_eq!((&reply[4..], reply[0]), (&ping[4..], if is_v6 { 129 } else { 0 }));
    }
}

/// A ping; the stranger fills in checksums.
fn echo_request(to: IpAddr) -> Vec<u8> {
    let sums = smoltcp::phy::ChecksumCapabilities::ignored();
    match to {
        IpAddr::V4(_) => {
            let ping = Icmpv4Repr::EchoRequest { ident: 7, seq_no: 1, data: &DATA };
            let mut bytes = vec![0; ping.buffer_len()];
            ping.emit(&mut Icmpv4Packet::new_unchecked(&mut bytes), &sums);
            bytes
        }
        IpAddr::V6(to) => {
            let ping = Icmpv6Repr::EchoRequest { ident: 7, seq_no: 1, data: &DATA };
            let mut bytes = vec![0; ping.buffer_len()];
            let from = Ipv6Address::UNSPECIFIED;
            ping.emit(&from, &to, &mut Icmpv6Packet::new_unchecked(&mut bytes), &sums);
            bytes
        }
    }
}

#[test]
fn a_stranger_is_sent_its_datagrams_back() {
    for is_v6 in [false, true] {
        let mut pair = pair();
        pair.station.stack.open_datagrams(7).expect("a port for datagrams");
        let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 2], vec![0; 2000]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        socket.bind(700).expect("a port");
        let to = IpEndpoint::new(address(0, is_v6).into(), 7);
        socket.send_slice(&DATA, to).expect("room for a datagram");
        let handle = pair.stranger.sockets.add(socket);
        wait(&mut pair, |pair| pair.stranger.sockets.get::<udp::Socket<'_>>(handle).can_recv());
        let socket = pair.stranger.sockets.get_mut::<udp::Socket<'_>>(handle);
        let (reply, from) = socket.recv().expect("an answer");
        assert_eq!((reply, from.endpoint), (&DATA[..], to));
    }
}
