//! Leases: taken, renewed, declined, given back; a DHCP server made of frames.

use super::*;

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
