//! Frames to many, and who hears them of those who said what they listen to.

use super::*;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use hyper::LinkTopic;
use hyper::LinkTopic::{Datagrams, Group, Lease, Neighbour, Own, Routers};

const ALL_HOSTS: Mac = Mac([1, 0, 0x5e, 0, 0, 1]);
const ALL_NODES: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);

fn v4(number: u16) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 0, high, low).into()
}

fn v6(number: u16) -> IpAddr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number).into()
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn typed(to: Mac, from: Mac, kind: u16, body: &[u8]) -> Vec<u8> {
    [&to.0[..], &from.0, &kind.to_be_bytes(), body].concat()
}

/// A question or an announcement of `from`, who says to have the address `sender`.
fn arp(from: Mac, sender: IpAddr, target: IpAddr) -> Vec<u8> {
    let start = [0, 1, 8, 0, 6, 4, 0, 1];
    let body = [&start[..], &from.0, &bytes(sender), &[0; 6], &bytes(target)].concat();
    typed(EVERYBODY, from, 0x0806, &body)
}

fn control(from: Mac, kind: u8, rest: &[u8]) -> Vec<u8> {
    let start = [0x60, 0, 0, 0, 0, 8 + rest.len() as u8, 58, 255];
    let body = [&start[..], &[0; 32], &[kind, 0, 0, 0, 0, 0, 0, 0], rest].concat();
    typed(ALL_NODES, from, 0x86dd, &body)
}

fn advertisement(from: Mac, target: IpAddr, station: Mac) -> Vec<u8> {
    control(from, 136, &[&bytes(target)[..], &[2, 1], &station.0].concat())
}

fn datagram(to: Mac, from: Mac, port: u16, data: &[u8]) -> Vec<u8> {
    let mut header = [0; 20];
    (header[0], header[9]) = (0x45, 17);
    let udp = [&[0, 67][..], &port.to_be_bytes(), &[0; 4]].concat();
    typed(to, from, 0x0800, &[&header[..], &udp, data].concat())
}

impl World {
    /// A port for a station that listens to these topics.
    fn station(&mut self, number: u16, topics: &[LinkTopic]) -> PortId {
        self.station_in(1, number, topics)
    }

    fn station_in(&mut self, in_vlan: u16, number: u16, topics: &[LinkTopic]) -> PortId {
        let port = self.add(PortSettings::station(vlan(in_vlan), mac(number)));
        self.switch.listen(port, &Listening::Topics(topics.to_vec()));
        port
    }

    /// The ports that hear a frame.
    fn hear(&mut self, from: PortId, frame: &[u8]) -> Vec<PortId> {
        let sent = self.send(from, frame).unwrap_or_default();
        sent.into_iter().map(|(port, _)| port).collect()
    }
}

#[test]
fn who_is_asked_for_hears_it_and_who_is_spoken_for_and_nobody_else() {
    let mut world = World::new(Limits::default());
    let trunk = world.add(PortSettings::trunk());
    let asker = world.station(1, &[Own(v4(1))]);
    let asked = world.station(2, &[Own(v4(2)), Own(v4(3))]);
    let twin = world.station(4, &[Own(v4(1))]);
    let elsewhere = world.station_in(7, 2, &[Own(v4(2))]);
    assert_eq!(world.hear(asker, &arp(mac(1), v4(1), v4(2))), [trunk, asked, twin]);
    assert_eq!(world.hear(asker, &arp(mac(1), v4(0), v4(3))), [trunk, asked], "a probe");
    assert_eq!(world.hear(asker, &arp(mac(1), v4(1), v4(1))), [trunk, twin], "an announcement");
    assert_eq!(world.hear(asked, &arp(mac(2), v4(2), v4(3))), [trunk], "not who sends it");
    assert_eq!(world.hear(trunk, &arp(mac(9), v4(9), v4(2))), [asked]);
    let urgent = [&arp(mac(9), v4(9), v4(2))[..12], &[0x81, 0, 0xe0, 7]].concat();
    let tagged = [&urgent, &arp(mac(9), v4(9), v4(2))[12..]].concat();
    assert_eq!(world.hear(trunk, &tagged), [elsewhere]);
}

#[test]
fn who_knows_a_neighbour_hears_when_that_moves() {
    let mut world = World::new(Limits::default());
    let router = world.access(1);
    let knowing: Vec<_> = (1..200)
        .map(|number| world.station(number, &[Neighbour(v4(999), Some(mac(999).0))]))
        .collect();
    let waiting = world.station(500, &[Neighbour(v4(999), None)]);
    let other = world.station(600, &[Neighbour(v4(998), None), Own(v4(5))]);
    assert_eq!(world.hear(router, &arp(mac(999), v4(999), v4(5))), [waiting, other]);
    let moved = world.hear(router, &arp(mac(998), v4(999), v4(999)));
    assert_eq!(moved, [&knowing[..], &[waiting]].concat());
    world.switch.listen(waiting, &Listening::Topics(vec![]));
    world.switch.remove(knowing[0]);
    let moved = world.hear(router, &arp(mac(998), v4(999), v4(999)));
    assert_eq!(moved, knowing[1..]);
}

#[test]
fn advertisements_are_told_apart() {
    let mut world = World::new(Limits::default());
    let (sender, group) = (world.access(1), Group(ALL_NODES.0));
    let twin = world.station(1, &[Own(v6(7)), group]);
    let knowing = world.station(2, &[Neighbour(v6(7), Some(mac(70).0)), group]);
    let configured = world.station(3, &[Routers, group]);
    assert_eq!(world.hear(sender, &advertisement(mac(70), v6(7), mac(70))), [twin]);
    assert_eq!(world.hear(sender, &advertisement(mac(70), v6(7), mac(71))), [twin, knowing]);
    let mut odd = advertisement(mac(70), v6(7), mac(70));
    odd[14 + 64] = 1;
    assert_eq!(world.hear(sender, &odd), [twin, knowing], "it does not say plainly who it is");
    assert_eq!(world.hear(sender, &control(mac(70), 134, &[0; 8])), [configured]);
    assert_eq!(world.hear(sender, &control(mac(70), 128, &[])), [twin, knowing, configured]);
}

#[test]
fn groups_and_datagrams_reach_who_is_there_for_them() {
    let mut world = World::new(Limits::default());
    let sender = world.access(1);
    let solicited = Mac([0x33, 0x33, 0xff, 0, 0, 7]);
    let member = world.station(1, &[Group(solicited.0), Datagrams(111), Lease(mac(1).0)]);
    let server = world.station(2, &[Datagrams(67), Datagrams(111), Lease(mac(2).0)]);
    assert_eq!(world.hear(sender, &typed(solicited, mac(9), 0x86dd, &[])), [member]);
    for to in [EVERYBODY, ALL_HOSTS] {
        assert_eq!(world.hear(sender, &datagram(to, mac(9), 111, b"")), [member, server]);
        assert_eq!(world.hear(sender, &datagram(to, mac(9), 67, b"")), [server]);
        let lease = [&[0; 28][..], &mac(2).0, &[0; 10]].concat();
        assert_eq!(world.hear(sender, &datagram(to, mac(9), 68, &lease)), [server]);
        assert_eq!(world.hear(sender, &datagram(to, mac(9), 68, &lease[..30])), []);
    }
    let mut piece = datagram(EVERYBODY, mac(9), 111, b"");
    piece[14 + 7] = 1;
    assert_eq!(world.hear(sender, &piece), []);
    assert_eq!(world.hear(sender, &typed(EVERYBODY, mac(9), 0x88b5, b"whatever")), []);
}

#[test]
fn a_station_hears_nothing_before_it_listens_and_everything_if_it_asks_too_much() {
    let mut world = World::new(Limits { topics_max: 300, ..Limits::default() });
    let sender = world.access(1);
    let odd = frame(EVERYBODY, mac(9));
    let port = world.add(PortSettings::station(vlan(1), mac(1)));
    let topics = |count: u16| Listening::Topics((0..count).map(Datagrams).collect());
    let mut hears = |port: PortId, to: &Listening| {
        world.switch.listen(port, to);
        !world.hear(sender, &odd).is_empty()
    };
    assert!(hears(port, &Listening::Everything));
    assert!(!hears(port, &topics(TOPICS_PER_PORT_MAX as u16)));
    assert!(hears(port, &topics(TOPICS_PER_PORT_MAX as u16 + 1)));
    assert!(!hears(port, &topics(200)));
    let second = world.add(PortSettings::station(vlan(1), mac(2)));
    assert_eq!(world.hear(sender, &odd), []);
    world.switch.listen(second, &topics(101));
    assert_eq!(world.hear(sender, &odd), [second], "no room in the switch");
    world.switch.remove(port);
    world.switch.listen(second, &topics(101));
    assert_eq!(world.hear(sender, &odd), []);
    world.switch.listen(sender, &topics(1));
    assert_eq!(world.hear(second, &frame(EVERYBODY, mac(2))), [sender], "it may be anybody");
}

#[test]
fn ten_thousand_announce_themselves_to_nobody_who_does_not_care() {
    let mut world = World::new(Limits::default());
    let trunk = world.add(PortSettings::trunk());
    let topics = |number| [Own(v4(number)), Datagrams(111), Group(ALL_NODES.0), Own(v6(number))];
    let ports: Vec<_> = (0..10_000).map(|number| world.station(number, &topics(number))).collect();
    for number in 0..10_000 {
        let (port, own) = (ports[usize::from(number)], mac(number));
        for frame in [
            arp(own, v4(number), v4(number)),
            advertisement(own, v6(number), own),
            typed(Mac([0x33, 0x33, 0, 0, 0, 0x16]), own, 0x86dd, b"a report"),
        ] {
            assert_eq!(world.hear(port, &frame), [trunk]);
        }
    }
    let asked = world.hear(trunk, &arp(mac(60_000), v4(60_000), v4(77)));
    assert_eq!(asked, [ports[77]]);
}

#[test]
fn a_frame_may_end_anywhere_and_hold_anything() {
    let mut world = World::new(Limits::default());
    let sender = world.add(PortSettings {
        floods: Rate { per_second: 1000, burst: 1_000_000 },
        ..PortSettings::trunk()
    });
    let topics = [Own(v4(2)), Own(v6(2)), Datagrams(111), Routers, Lease([0; 6])];
    let port = world.station(1, &topics);
    let frames = [
        arp(mac(9), v4(9), v4(2)),
        advertisement(mac(9), v6(2), mac(9)),
        datagram(EVERYBODY, mac(9), 68, &[0; 60]),
        datagram(ALL_HOSTS, mac(9), 111, b""),
    ];
    for whole in frames {
        assert_eq!(world.hear(sender, &whole), [port]);
        for length in 0..whole.len() {
            world.hear(sender, &whole[..length]);
            let mut broken = whole.clone();
            broken[length] ^= 0xff;
            world.hear(sender, &broken);
        }
    }
}
