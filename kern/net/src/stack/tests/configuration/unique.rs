//! Whether somebody else has an address, and what follows from that.

use super::*;

/// Whom a probe for an IPv6 address asks for, if a frame carries one.
fn probed(frame: &[u8]) -> Option<Ipv6Addr> {
    let ip = Ipv6Packet::new_checked(frame.get(14..)?).ok()?;
    let is_probe = frame[20] == 58 && frame.get(54) == Some(&135) && ip.src_addr().is_unspecified();
    let target: [u8; 16] = frame.get(62..78)?.try_into().ok()?;
    is_probe.then_some(target.into())
}

/// Has somebody else say that it has an address.
fn taken(stack: &mut Stack, address: Ipv6Addr, now: Instant) {
    let mut owner = Host::new(9, LinkOffload::default()).stack;
    while owner.next_frame(START).is_some() {}
    owner.announce_ndp(address, now);
    for frame in frames(&mut owner) {
        stack.frame(&frame, false, now, &mut |_| {});
    }
}

#[test]
fn advertised_addresses_are_not_asked_for_by_all_at_once() {
    let mut delays = Vec::new();
    for number in 0..20 {
        let mut stack = stack(AddressSource::Advertisements, Some([number; 16]));
        stack.luck = Luck::new([number; 16]);
        while stack.addresses.link_local().is_none() {
            next(&mut stack);
        }
        let begun = START + Duration::from_secs(2);
        advertise(&mut stack, 86_400, 200, begun);
        stack.advance(begun, &mut |_| {});
        let (now, _) = core::iter::repeat_with(|| next(&mut stack))
            .find(|(_, sent)| sent.iter().any(|frame| probed(frame).is_some()))
            .unwrap();
        delays.push(now.since(begun));
    }
    assert!(delays.iter().all(|delay| *delay < Duration::from_secs(1)), "{delays:?}");
    delays.sort_unstable();
    delays.dedup();
    assert_eq!(delays.len(), 20);
}

#[test]
fn another_address_is_made_in_the_stead_of_one_that_somebody_has() {
    let mut stack = stack(AddressSource::Advertisements, Some([4; 16]));
    let mut tried = Vec::new();
    let mut now = START;
    while tried.len() < 3 {
        let sent = if tried.is_empty() { frames(&mut stack) } else { next(&mut stack).1 };
        for address in sent.iter().filter_map(|frame| probed(frame)) {
            tried.push((now, address));
            taken(&mut stack, address, now);
        }
        now = stack.deadline().unwrap();
    }
    let contested: Vec<_> = stack.contested().collect();
    assert_eq!(contested, Vec::from_iter(tried.iter().map(|(_, own)| IpAddr::V6(*own))));
    while stack.addresses.link_local().is_none() {
        now = next(&mut stack).0;
    }
    let own = stack.addresses.link_local().unwrap();
    assert!(tried.iter().all(|(_, taken)| *taken != own));
    advertise(&mut stack, 86_400, 200, now);
    // The same of advertised ones; who advertises the network again does not begin anew.
    let network = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0);
    let [first, second] = [0, 1].map(|number| stack.interface_address(network, number).address);
    let IpAddr::V6(taken_one) = first else { panic!("{first}") };
    taken(&mut stack, taken_one, now);
    for _ in 0..3 {
        advertise(&mut stack, 86_400, 200, now);
    }
    while !stack.has_address(second) {
        next(&mut stack);
    }
    assert!(!stack.has_address(first) && stack.addresses.advertised_until(first).is_some());
    assert!(stack.contested().any(|taken| taken == first));
}

#[test]
fn who_has_no_address_of_the_link_says_so_and_sleeps() {
    let mut stack = stack(AddressSource::Advertisements, None);
    let mut wakes = 0;
    let mut probes = 0;
    let hour = START + Duration::from_secs(3600);
    let mut sent = frames(&mut stack);
    let mut now = START;
    while now < hour {
        for address in sent.iter().filter_map(|frame| probed(frame)) {
            probes += 1;
            taken(&mut stack, address, now);
        }
        assert!(!sent.iter().any(|frame| frame.len() > 54 && frame[54] == 133), "from nobody");
        (now, sent) = next(&mut stack);
        wakes += 1;
    }
    assert_eq!(stack.contested().count(), 1, "it is told");
    assert!((58..=60).contains(&probes), "tried again each minute: {probes}");
    assert!(wakes <= 4 * probes, "{wakes} turns for {probes} probes");
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
