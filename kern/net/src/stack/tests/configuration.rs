//! Addresses that a stack is given by others: DHCP servers, routers, and who contests them.

use super::*;
use crate::ethernet;
use crate::frame::Draft;
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

/// What a client asks, if a frame carries that: its kind, transaction, and what it names.
fn asked(frame: &[u8]) -> Option<(DhcpMessageType, u32, Option<Ipv4Addr>, Ipv4Addr)> {
    let ip = Ipv4Packet::new_checked(EthernetFrame::new_checked(frame).ok()?.payload()).ok()?;
    let datagram = UdpPacket::new_checked(ip.payload()).ok()?;
    let packet = DhcpPacket::new_checked(datagram.payload()).ok()?;
    let repr = DhcpRepr::parse(&packet).ok()?;
    Some((repr.message_type, repr.transaction_id, repr.requested_ip, ip.dst_addr()))
}

/// Has the server answer.
fn answer(stack: &mut Stack, kind: DhcpMessageType, transaction: u32, now: Instant) {
    answer_by(stack, kind, transaction, SERVER, now);
}

/// Has the server answer, and name a gateway.
fn answer_by(
    stack: &mut Stack,
    kind: DhcpMessageType,
    transaction: u32,
    gateway: Ipv4Addr,
    now: Instant,
) {
    let repr = DhcpRepr {
        message_type: kind,
        transaction_id: transaction,
        secs: 0,
        client_hardware_address: EthernetAddress(MAC),
        client_ip: Ipv4Addr::UNSPECIFIED,
        your_ip: LENT,
        server_ip: SERVER,
        router: Some(gateway),
        subnet_mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: true,
        requested_ip: None,
        client_identifier: None,
        server_identifier: Some(SERVER),
        parameter_request_list: None,
        dns_servers: None,
        max_size: None,
        lease_duration: Some(3600),
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    };
    let mut bytes = vec![0; repr.buffer_len()];
    repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes)).unwrap();
    let mut server = Host::new(1, LinkOffload::default()).stack;
    while server.next_frame(START).is_some() {}
    let from = SocketAddr::new(SERVER.into(), 67);
    server.send_udp(from, (Ipv4Addr::BROADCAST, 68).into(), vec![bytes.into()], now);
    for frame in frames(&mut server) {
        stack.frame(&frame, false, now, &mut |_| panic!("that is nobody else's"));
    }
}

/// A stack with a lease, and when it got it.
fn leased() -> (Stack, Instant) {
    let mut stack = stack(AddressSource::Dhcp, None);
    let sent = frames(&mut stack);
    let (kind, transaction, ..) = asked(&sent[0]).unwrap();
    assert_eq!((sent.len(), kind), (1, DhcpMessageType::Discover));
    answer(&mut stack, DhcpMessageType::Offer, transaction.wrapping_add(1), START);
    assert!(frames(&mut stack).is_empty(), "somebody else's exchange");
    answer(&mut stack, DhcpMessageType::Offer, transaction, START);
    let (kind, same, requested, to) = asked(&frames(&mut stack)[0]).unwrap();
    assert_eq!((kind, same, requested), (DhcpMessageType::Request, transaction, Some(LENT)));
    assert_eq!(to, Ipv4Addr::BROADCAST);
    answer(&mut stack, DhcpMessageType::Ack, transaction, START);
    (stack, START)
}

#[test]
fn a_lease_is_taken_probed_and_renewed() {
    let (mut stack, _) = leased();
    assert!(!stack.has_address(LENT.into()), "not before it is known to be nobody else's");
    let mut now = START;
    while !stack.has_address(LENT.into()) {
        now = next(&mut stack).0;
    }
    assert_eq!(now, START + Duration::from_millis(600));
    assert_eq!(stack.routes.gateway(Ipv4Addr::new(9, 9, 9, 9).into()), Some(SERVER.into()));
    let renewal = loop {
        stack.neighbours.heard(SERVER.into(), [2; 6], now, &mut stack.wire);
        let sent;
        (now, sent) = next(&mut stack);
        if let Some(asked) = sent.iter().find_map(|frame| asked(frame)) {
            break (now, asked);
        }
    };
    let (now, (kind, transaction, requested, to)) = renewal;
    let seconds = now.since(START).as_secs();
    assert!((1687..=1800).contains(&seconds), "half of the time, less a little: {seconds}");
    assert_eq!((kind, requested, to), (DhcpMessageType::Request, None, SERVER));
    answer(&mut stack, DhcpMessageType::Ack, transaction, now);
    assert_eq!(stack.dhcp.unwrap().lease().unwrap().renew, now + Duration::from_secs(1800));
}

#[test]
fn a_lease_that_nobody_renews_ends() {
    let (mut stack, _) = leased();
    let mut rebound = false;
    let end = loop {
        let (now, sent) = next(&mut stack);
        let asked = sent.iter().find_map(|frame| asked(frame));
        rebound |= asked.is_some_and(|(.., to)| to == Ipv4Addr::BROADCAST);
        if now > START + Duration::from_secs(1) && !stack.has_address(LENT.into()) {
            break now;
        }
    };
    assert!(rebound && end == START + Duration::from_secs(3600), "{end:?}");
    assert_eq!(stack.routes.gateway(LENT.into()), None);
}

#[test]
fn who_hears_nothing_asks_again_after_half_of_what_is_left() {
    let (mut stack, _) = leased();
    let mut times = Vec::new();
    while times.last().is_none_or(|(second, _)| *second < 3600) {
        let (now, sent) = next(&mut stack);
        stack.neighbours.heard(SERVER.into(), [2; 6], now, &mut stack.wire);
        let asked = sent.iter().filter_map(|frame| asked(frame));
        times.extend(asked.map(|(.., to)| (now.since(START).as_secs(), to)));
    }
    let (first, all) = (times[0].0, Ipv4Addr::BROADCAST);
    assert!((1687..=1800).contains(&first), "{first}");
    let renewing: Vec<_> = times.iter().filter(|(_, to)| *to == SERVER).collect();
    let mut expected = first;
    for (second, _) in &renewing {
        assert!(second.abs_diff(expected) <= 1, "{times:?}");
        expected += ((3150 - expected) / 2).max(60);
    }
    let rebinding: Vec<_> =
        times[renewing.len()..].iter().map(|(second, to)| (*second, *to)).collect();
    let rest = [3150, 3375, 3487, 3547, 3600];
    assert_eq!(rebinding, rest.map(|second| (second, all)), "and the last is a new search");
}

#[test]
fn a_lease_is_given_back_as_the_last_thing() {
    let (mut stack, _) = leased();
    assert!(!stack.release(START), "an address that is not used yet is left to its end");
    let (mut stack, _) = leased();
    let now = START + Duration::from_secs(5);
    while !stack.has_address(LENT.into()) {
        next(&mut stack);
    }
    stack.advance(now, &mut |_| {});
    frames(&mut stack);
    assert!(stack.release(now) && !stack.release(now));
    assert_eq!(stack.held().frames_waiting, 1, "for who knows where the server is");
    assert_eq!(frames(&mut stack)[0][12..14], [8, 6]);
    stack.neighbours.heard(SERVER.into(), [2; 6], now, &mut stack.wire);
    let sent = frames(&mut stack);
    let (kind, _, requested, to) = asked(&sent[0]).unwrap();
    assert_eq!((kind, requested, to), (DhcpMessageType::Release, None, SERVER));
    assert_eq!(sent[0][26..30], LENT.octets(), "from the address itself");
    while stack.deadline().is_some() {
        let sent = next(&mut stack).1;
        assert!(sent.iter().all(|frame| asked(frame).is_none()), "nothing is asked for any more");
    }
}

#[test]
fn a_gateway_that_the_server_changes_is_left_at_once() {
    let (mut stack, _) = leased();
    let (far, other) = (Ipv4Addr::new(9, 9, 9, 9).into(), Ipv4Addr::new(192, 168, 7, 2));
    let (now, transaction) = loop {
        let (now, sent) = next(&mut stack);
        stack.neighbours.heard(SERVER.into(), [2; 6], now, &mut stack.wire);
        if let Some((_, transaction, ..)) = sent.iter().find_map(|frame| asked(frame)) {
            break (now, transaction);
        }
    };
    assert_eq!(stack.routes.gateway(far), Some(SERVER.into()));
    answer_by(&mut stack, DhcpMessageType::Ack, transaction, other, now);
    assert_eq!(stack.routes.gateway(far), Some(other.into()));
    assert!(!stack.routes.is_gateway(SERVER.into()));
}

#[test]
fn what_the_administrator_said_outlasts_a_lease() {
    let own = Prefix { address: LENT.into(), bits: 24 };
    let mut stack = stack(AddressSource::Fixed(own), None);
    stack.routes.add_gateway(SERVER.into(), None);
    stack.dhcp = Some(Client::new(START));
    stack.advance(START, &mut |_| {});
    let transaction = frames(&mut stack).iter().find_map(|frame| asked(frame)).unwrap().1;
    answer(&mut stack, DhcpMessageType::Offer, transaction, START);
    answer(&mut stack, DhcpMessageType::Ack, transaction, START);
    while next(&mut stack).0 < START + Duration::from_secs(3601) {}
    assert!(stack.has_address(LENT.into()));
    assert_eq!(stack.routes.gateway(LENT.into()), Some(SERVER.into()));
}

#[test]
fn a_gateway_is_on_the_link_wherever_it_is() {
    let own = Prefix { address: LENT.into(), bits: 32 };
    let mut stack = stack(AddressSource::Fixed(own), None);
    stack.routes.add_gateway(SERVER.into(), None);
    frames(&mut stack);
    let far = Ipv4Addr::new(9, 9, 9, 9);
    stack.send_udp((LENT, 9).into(), (far, 9).into(), vec![], START);
    stack.ask_questions(START);
    assert_eq!(frames(&mut stack)[0][12..14], [8, 6], "its station is asked for");
    let router = [2, 0, 0, 0, 0, 1];
    let header = [&MAC[..], &router, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2]].concat();
    let answer = [&header[..], &router, &SERVER.octets(), &MAC, &LENT.octets()].concat();
    stack.frame(&answer, false, START, &mut |_| {});
    assert_eq!(frames(&mut stack)[0][..6], router);
}

#[test]
fn a_lease_that_somebody_has_is_declined() {
    let (mut stack, _) = leased();
    let mut owner = Host::new(9, LinkOffload::default()).stack;
    while owner.next_frame(START).is_some() {}
    owner.announce_arp(LENT);
    for frame in frames(&mut owner) {
        stack.frame(&frame, false, START, &mut |_| {});
    }
    let sent = frames(&mut stack);
    let asked = sent.iter().find_map(|frame| asked(frame)).unwrap();
    assert_eq!((asked.0, asked.2), (DhcpMessageType::Decline, Some(LENT)));
    stack.advance(START + Duration::from_secs(5), &mut |_| {});
    assert!(!stack.has_address(LENT.into()) && frames(&mut stack).is_empty());
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
    stack.advance(now, &mut |_| {});
    stack.advance(now + Duration::from_secs(1), &mut |_| {});
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
    let of = |secret| stack(AddressSource::Advertisements, secret).interface_address(network);
    assert_eq!(of(Some([1; 16])), of(Some([1; 16])));
    assert_ne!(of(Some([1; 16])), of(Some([2; 16])));
    assert_eq!(of(None).address, address("2001:db8::ff:fe00:7"));
}

#[test]
fn an_address_that_somebody_has_is_not_used() {
    let mut world = World::new();
    let twin = Config { mac: [2, 0, 0, 0, 0, 3], ..config(1) };
    let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
    world.run(Duration::from_secs(5));
    let now = world.now;
    world.hosts[1].stack = Stack::new(twin, &link, [9; 16], now);
    world.run(Duration::from_secs(5));
    let contested = address("fd00::1");
    assert!(world.hosts[0].stack.has_address(contested));
    assert!(!world.hosts[1].stack.has_address(contested));
    assert!(world.hosts[1].stack.has_address(address("fe80::ff:fe00:3")));
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
