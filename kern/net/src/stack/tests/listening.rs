//! What the link is told that we listen to.

use super::*;
use crate::limits::NEIGHBOURS_LISTENED_TO_MAX;
use crate::neighbours::Claim;
use alloc::collections::BTreeSet;
use core::net::Ipv4Addr;
use hyper::LinkTopic::{Datagrams, Group, Lease, Neighbour, Own, Routers};
use hyper::{LinkTopic, Listening};

const START: Instant = Instant(10_000_000_000);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 9];
const ALL_NODES: LinkTopic = Group([0x33, 0x33, 0, 0, 0, 1]);

fn stack(addresses: &[AddressSource]) -> Stack {
    let config = Config { addresses: addresses.to_vec(), ..config(1) };
    let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
    Stack::new(config, &link, [3; 16], START)
}

fn fixed(text: &str) -> AddressSource {
    AddressSource::Fixed(Prefix { address: address(text), bits: 16 })
}

/// The topics that are told now.
fn told(stack: &mut Stack) -> BTreeSet<LinkTopic> {
    match stack.listening_news() {
        Some(Listening::Topics(topics)) => topics.into_iter().collect(),
        other => panic!("topics are told: {other:?}"),
    }
}

#[test]
fn we_listen_for_what_we_are_and_where_addresses_come_from() {
    let mut plain = stack(&[fixed("10.0.0.1")]);
    plain.open_datagrams(2049);
    let own = address("10.0.0.1");
    assert_eq!(told(&mut plain), BTreeSet::from([Own(own), Datagrams(2049)]));
    assert_eq!(plain.listening_news(), None);
    plain.open_datagrams(111);
    assert_eq!(told(&mut plain), BTreeSet::from([Own(own), Datagrams(111), Datagrams(2049)]));
    let mut asking = stack(&[AddressSource::Dhcp, AddressSource::Advertisements]);
    let link_local = address("fe80::ff:fe00:1");
    let solicited = Group([0x33, 0x33, 0xff, 0, 0, 1]);
    let topics = BTreeSet::from([Own(link_local), solicited, ALL_NODES, Routers, Lease(MAC)]);
    assert_eq!(told(&mut asking), topics, "an address that is not ours yet, too");
}

#[test]
fn an_address_that_is_lost_is_not_listened_for_until_it_is_tried_again() {
    let mut stack = stack(&[fixed("fd00::1")]);
    let own = address("fd00::1");
    assert!(told(&mut stack).contains(&Own(own)));
    stack.conflict(own, START);
    assert!(!told(&mut stack).contains(&Own(own)));
    stack.advance(START + Duration::from_secs(60), &mut |_| {});
    assert!(told(&mut stack).contains(&Own(own)));
}

#[test]
fn a_neighbour_is_listened_for_until_it_is_forgotten() {
    let mut stack = stack(&[fixed("10.0.0.1")]);
    stack.advance(START, &mut |_| {});
    let (mut now, neighbour) = (START, address("10.0.0.9"));
    let own = Own(address("10.0.0.1"));
    assert_eq!(told(&mut stack), BTreeSet::from([own]));
    stack.send_udp((address("10.0.0.1"), 9).into(), (neighbour, 9).into(), vec![], now);
    assert_eq!(told(&mut stack), BTreeSet::from([own, Neighbour(neighbour, None)]));
    let claim = Claim { station: Some(OTHER), is_answer: true, overrides: true };
    stack.neighbours.claimed(neighbour, claim, now, &mut stack.wire);
    assert_eq!(told(&mut stack), BTreeSet::from([own, Neighbour(neighbour, Some(OTHER))]));
    stack.neighbours.claimed(neighbour, claim, now, &mut stack.wire);
    assert_eq!(stack.listening_news(), None, "it said what is known");
    let moved = Claim { station: Some([4; 6]), is_answer: false, ..claim };
    stack.neighbours.claimed(neighbour, moved, now, &mut stack.wire);
    assert_eq!(told(&mut stack), BTreeSet::from([own, Neighbour(neighbour, Some([4; 6]))]));
    while stack.held().neighbours > 0 {
        now = stack.deadline().unwrap();
        stack.advance(now, &mut |_| {});
    }
    assert_eq!(told(&mut stack), BTreeSet::from([own]));
}

#[test]
fn a_router_may_resign_where_it_is() {
    let mut stack = stack(&[fixed("fd00::1")]);
    let router = address("fe80::9");
    stack.routes.add_gateway(router, Some(START + Duration::from_secs(1800)));
    stack.neighbours.heard(router, OTHER, START, &mut stack.wire);
    assert!(told(&mut stack).contains(&Neighbour(router, None)));
}

#[test]
fn of_a_crowd_of_neighbours_the_link_is_told_once() {
    let mut stack = stack(&[fixed("10.0.0.1")]);
    stack.advance(START, &mut |_| {});
    let mut meet = |number: usize| {
        let [high, low] = (number as u16).to_be_bytes();
        let neighbour = Ipv4Addr::new(10, 0, high, low).into();
        stack.neighbours.heard(neighbour, [2, 2, 2, 2, high, low], START, &mut stack.wire);
        stack.listening_news()
    };
    let told: Vec<_> = (1..=2 * NEIGHBOURS_LISTENED_TO_MAX).filter_map(&mut meet).collect();
    let (everything, topics) = told.split_last().unwrap();
    assert_eq!(*everything, Listening::Everything);
    assert_eq!(topics.len(), NEIGHBOURS_LISTENED_TO_MAX);
    assert!(topics.iter().all(|told| matches!(told, Listening::Topics(_))));
}
