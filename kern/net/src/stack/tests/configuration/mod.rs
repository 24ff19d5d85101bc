//! Addresses that a stack is given by others: DHCP servers, routers, and who contests them.

mod lease;
mod unique;

use super::*;
use crate::ethernet;
use crate::frame::Draft;
use crate::luck::Luck;
use core::net::Ipv4Addr;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress, EthernetFrame, Icmpv6Packet,
    Icmpv6Repr, Ipv4Packet, Ipv6Packet, MldRepr, NdiscNeighborFlags, NdiscOption, NdiscOptionRepr,
    NdiscPrefixInfoFlags, NdiscPrefixInformation, NdiscRepr, UdpPacket,
};

const START: Instant = Instant(1_000_000_000);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 7];
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);
const LENT: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 50);

fn stack(source: AddressSource, stable_secret: Option<[u8; 16]>) -> Stack {
    let config = Config {
        mac: MAC,
        addresses: vec![source],
        gateways: vec![],
        detects_duplicates: true,
        stable_secret,
    };
    let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
    Stack::new(config, &link, [3; 16], START)
}

fn frames(stack: &mut Stack) -> Vec<Vec<u8>> {
    core::iter::from_fn(|| stack.next_frame(START)).map(|frame| wire::check(&frame)).collect()
}

/// Goes to the next deadline, and returns it with the frames that were sent.
fn next(stack: &mut Stack) -> (Instant, Vec<Vec<u8>>) {
    let now = stack.deadline().unwrap();
    stack.advance(now, &mut |_| {});
    (now, frames(stack))
}

/// Has a router advertise a network, an MTU and itself.
fn advertise(stack: &mut Stack, valid_s: u64, lifetime_s: u8, now: Instant) {
    let from = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x99);
    let to = crate::neighbours::ndp::ALL_NODES;
    let prefix = |network: [u16; 8], valid_s| {
        NdiscOptionRepr::PrefixInformation(NdiscPrefixInformation {
            prefix_len: 64,
            flags: NdiscPrefixInfoFlags::ON_LINK | NdiscPrefixInfoFlags::ADDRCONF,
            valid_lifetime: smoltcp::time::Duration::from_secs(valid_s),
            preferred_lifetime: smoltcp::time::Duration::from_secs(valid_s / 2),
            prefix: network.into(),
        })
    };
    let options = [
        NdiscOptionRepr::Mtu(1400),
        prefix([0x2001, 0xdb8, 0, 1, 0, 0, 0, 0], valid_s),
        prefix([0x2001, 0xdb8, 0, 2, 0, 0, 0, 0], 86_400),
        NdiscOptionRepr::SourceLinkLayerAddr(EthernetAddress([2; 6]).into()),
    ];
    let mut message = vec![134, 0, 0, 0, 64, 0, 0, lifetime_s, 0, 0, 0, 0, 0, 0, 0, 0];
    for option in options {
        let mut bytes = vec![0; option.buffer_len()];
        option.emit(&mut NdiscOption::new_unchecked(&mut bytes[..]));
        message.extend(bytes);
    }
    let mut router = Host::new(1, LinkOffload::default()).stack;
    while router.next_frame(START).is_some() {}
    let mut draft = Draft::new(from.into(), to.into(), IpProtocol::Icmpv6, message.len());
    draft.transport().copy_from_slice(&message);
    draft.hop_limit = 255;
    draft.fill_icmp_checksum();
    router.send_to_station(draft, ethernet::group(to), now);
    for frame in frames(&mut router) {
        stack.frame(&frame, false, now, &mut |_| {});
    }
}

#[test]
fn networks_that_routers_advertise_give_addresses() {
    let mut stack = stack(AddressSource::Advertisements, None);
    let is_solicitation = |frame: &Vec<u8>| frame.len() > 54 && frame[20] == 58 && frame[54] == 133;
    let (mut now, mut sent) = (START, frames(&mut stack));
    while !sent.iter().any(is_solicitation) {
        (now, sent) = next(&mut stack);
    }
    assert_eq!(now, START + Duration::from_secs(1), "once the link-local address is ours");
    advertise(&mut stack, 86_400, 200, now);
    let own = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0xff, 0xfe00, 7);
    let second = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0xff, 0xfe00, 7);
    assert!(!stack.has_address(own.into()));
    while !stack.has_address(own.into()) || !stack.has_address(second.into()) {
        next(&mut stack);
    }
    assert!(stack.has_address(own.into()) && stack.has_address(second.into()));
    let (far, near) = (address("2001:db8:9::1"), address("2001:db8:0:1::9"));
    assert!(stack.is_on_link(near) && !stack.is_on_link(far));
    assert_eq!(stack.routes.gateway(far), Some(address("fe80::99")));
    assert_eq!((stack.mtu_bytes(far), stack.mtu_bytes(SERVER.into())), (1400, 1500));
    // A forged end of the network does not end the address at once; the router's end is its own.
    advertise(&mut stack, 0, 0, now);
    assert_eq!(stack.routes.gateway(far), None);
    let end = now + Duration::from_secs(2 * 60 * 60);
    assert_eq!(stack.addresses.advertised_until(own.into()), Some(end));
    stack.advance(end, &mut |_| {});
    assert!(!stack.has_address(own.into()) && stack.has_address(second.into()));
}

#[test]
fn who_says_that_it_is_no_router_is_none() {
    let mut stack = stack(AddressSource::Advertisements, None);
    while stack.addresses.link_local().is_none() {
        next(&mut stack);
    }
    let (now, all) = (START + Duration::from_secs(2), crate::neighbours::ndp::ALL_NODES);
    advertise(&mut stack, 86_400, 200, now);
    let (router, far) = (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x99), address("2001:db8:9::1"));
    for (flags, gateway) in
        [(NdiscNeighborFlags::ROUTER, Some(router.into())), (NdiscNeighborFlags::empty(), None)]
    {
        let mut host = Host::new(1, LinkOffload::default()).stack;
        while host.next_frame(START).is_some() {}
        let advert = NdiscRepr::NeighborAdvert { flags, target_addr: router, lladdr: None };
        host.send_ndp(router, all, advert, None, now);
        for frame in frames(&mut host) {
            stack.frame(&frame, false, now, &mut |_| {});
        }
        assert_eq!(stack.routes.gateway(far), gateway, "{flags:?}");
    }
}

#[test]
fn stable_addresses_do_not_tell_the_mac() {
    let network = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0);
    let of = |secret| stack(AddressSource::Advertisements, secret).interface_address(network, 0);
    assert_eq!(of(Some([1; 16])), of(Some([1; 16])));
    assert_ne!(of(Some([1; 16])), of(Some([2; 16])));
    assert_eq!(of(None).address, address("2001:db8::ff:fe00:7"));
}

#[test]
fn a_group_is_left_when_its_last_address_goes() {
    let mut stack = stack(AddressSource::Advertisements, None);
    while stack.addresses.link_local().is_none() {
        next(&mut stack);
    }
    let begun = START + Duration::from_secs(10);
    let network = Ipv6Addr::new(0x2001, 0xdb8, 0, 3, 0, 0, 0, 0);
    let own = Prefix { bits: 128, address: "2001:db8:0:3::77".parse().unwrap() };
    stack.add_address(own, Origin::Advertised, Some(begun + Duration::from_secs(60)), begun);
    let same = Prefix { bits: 128, ..stack.interface_address(network, 0) };
    stack.add_address(same, Origin::Advertised, Some(begun + Duration::from_secs(30)), begun);
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0x77).octets();
    let leaving = |frame: &Vec<u8>| {
        frame.len() > 70 && frame[62] == 143 && frame[70..].chunks(20).any(|it| it[0] == 3)
    };
    let mut left = Vec::new();
    while stack.deadline().is_some_and(|due| due < begun + Duration::from_secs(90)) {
        let (now, sent) = next(&mut stack);
        left.extend(sent.into_iter().filter(leaving).map(|frame| (now, frame)));
    }
    let times: Vec<_> = left.iter().map(|(at, _)| at.since(begun).as_secs()).collect();
    assert_eq!(times, [60, 61], "twice, and not for a group that another address is in");
    let records = left[0].1[70..].chunks(20);
    let told: Vec<_> = records.filter(|record| record[0] == 3).map(|record| &record[4..]).collect();
    assert_eq!(told, [group]);
}

#[test]
fn groups_are_reported_when_joined_and_when_asked_for() {
    let is_report = |frame: &Vec<u8>| frame.len() > 62 && frame[20] == 0 && frame[62] == 143;
    let mut host = Host::new(1, LinkOffload::default()).stack;
    let mut sent = frames(&mut host);
    for _ in 0..8 {
        let is_idle = host.deadline().is_none();
        sent.extend(if is_idle { Vec::new() } else { next(&mut host).1 });
    }
    let reports: Vec<_> = sent.iter().filter(|frame| is_report(frame)).collect();
    assert_eq!(reports.len(), 2);
    let ip = Ipv6Packet::new_checked(&reports[1][14..]).unwrap();
    let packet = Icmpv6Packet::new_checked(&ip.payload()[8..]).unwrap();
    let parsed = Icmpv6Repr::parse(
        &ip.src_addr(),
        &ip.dst_addr(),
        &packet,
        &ChecksumCapabilities::default(),
    );
    let Ok(Icmpv6Repr::Mld(MldRepr::Report { nr_mcast_addr_rcrds, .. })) = parsed else {
        panic!("{parsed:?}");
    };
    assert_eq!((nr_mcast_addr_rcrds, ip.hop_limit()), (1, 1), "two addresses, one group");

    // Who knows the first version only is answered so (RFC 3810 §8.2.1), for as long as it may ask.
    let is_older = |frame: &Vec<u8>| frame.len() == 86 && frame[62] == 131 && frame[21] == 1;
    let [older, newer] = [16, 20].map(|rest| query(&vec![0; rest]));
    for (second, query, are_older) in
        [(100, &newer, false), (110, &older, true), (300, &newer, true), (371, &newer, false)]
    {
        let now = START + Duration::from_secs(second);
        host.frame(query, false, now, &mut |_| {});
        host.advance(now + Duration::from_secs(1), &mut |_| {});
        let sent = frames(&mut host);
        assert_eq!(
            (sent.iter().any(is_report), sent.iter().any(is_older)),
            (!are_older, are_older)
        );
    }
}

/// A question for all listeners, to be answered within a second.
fn query(rest: &[u8]) -> Vec<u8> {
    let query = [&[130, 0, 0, 0, 3, 232, 0, 0][..], rest].concat();
    let (from, to) = (address("fe80::99"), crate::neighbours::ndp::ALL_NODES.into());
    let mut draft = Draft::new(from, to, IpProtocol::Icmpv6, query.len());
    draft.transport().copy_from_slice(&query);
    draft.hop_limit = 1;
    draft.fill_icmp_checksum();
    let mut querier = Host::new(5, LinkOffload::default()).stack;
    while querier.next_frame(START).is_some() {}
    querier.route(draft, START);
    let frame = querier.next_frame(START).unwrap();
    [&frame.head[..], &frame.payload.concat()].concat()
}
