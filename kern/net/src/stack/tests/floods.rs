//! Floods stay within their bounds, and do not drive out who is talked to.

use super::*;
use crate::limits::{
    FRAMES_QUEUED_MAX, FRAMES_WAITING_MAX, ICMP_ERRORS_PER_SECOND, NEIGHBOURS_MAX,
    NEIGHBOURS_UNRESOLVED_MAX, QUESTIONS_PER_SECOND, REASSEMBLIES_MAX, REASSEMBLY_BYTES_MAX,
};
use crate::neighbours::Claim;
use smoltcp::wire::{ArpOperation, ArpPacket, ArpRepr, EthernetAddress};

const START: Instant = Instant(10_000_000_000);

fn own() -> IpAddr {
    address("10.0.0.1")
}

/// A host of a large network, that has talked to a neighbour.
fn host() -> (Host, IpAddr) {
    let mut host = Host::new(1, LinkOffload::default());
    let stack = &mut host.stack;
    let wide = Prefix { address: address("10.200.0.1"), bits: 8 };
    stack.addresses.add(wide, Origin::Fixed, None, None, START);
    stack.advance(START, &mut |_| {});
    let busy = address("10.0.0.2");
    let claim = Claim { station: Some([2; 6]), is_answer: true, overrides: true };
    stack.send_udp((own(), 2049).into(), (busy, 9).into(), vec![], START);
    stack.neighbours.claimed(busy, claim, START, &mut stack.wire);
    stack.ask_questions(START);
    while stack.next_frame(START).is_some() {}
    (host, busy)
}

/// Somebody else, who knows its station.
fn stranger() -> Host {
    let mut stranger = Host::new(2, LinkOffload::default());
    let stack = &mut stranger.stack;
    stack.advance(START, &mut |_| {});
    while stack.next_frame(START).is_some() {}
    stack.neighbours.heard(own(), [2, 0, 0, 0, 0, 1], START, &mut stack.wire);
    stranger
}

fn arp_request(number: u32) -> Vec<u8> {
    let [_, a, b, c] = number.to_be_bytes();
    let station = [2, 1, 0, a, b, c];
    let arp = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr: EthernetAddress(station),
        source_protocol_addr: [10, 1 + a, b, c].into(),
        target_hardware_addr: EthernetAddress([0; 6]),
        target_protocol_addr: [10, 0, 0, 1].into(),
    };
    let mut bytes = [&[0xff; 6][..], &station, &[8, 6], &[0; 28]].concat();
    arp.emit(&mut ArpPacket::new_unchecked(&mut bytes[14..]));
    bytes
}

#[test]
fn invented_neighbours_do_not_drive_out_the_busy_one() {
    let (mut host, busy) = host();
    for number in 1..20_000 {
        host.stack.frame(&arp_request(number), false, START, &mut |_| {});
        while host.stack.next_frame(START).is_some() {}
        assert!(host.stack.neighbours.count().0 <= NEIGHBOURS_MAX);
    }
    assert_eq!(host.stack.neighbours.count().0, NEIGHBOURS_MAX);
    host.stack.send_udp((own(), 2049).into(), (busy, 9).into(), vec![], START);
    host.stack.ask_questions(START);
    assert_eq!(
        host.stack.next_frame(START).map(|frame| frame.head[..6].to_vec()),
        Some(vec![2; 6])
    );
}

#[test]
fn questions_for_neighbours_are_bounded() {
    let (mut host, _) = host();
    for number in 0..10_000_u32 {
        let [_, _, a, b] = number.to_be_bytes();
        let page = vec![Bytes::from(vec![0; 9000])];
        let to = (IpAddr::from([10, 9, a, b]), 9).into();
        host.stack.send_udp((own(), 2049).into(), to, page, START);
        host.stack.ask_questions(START);
        let (_, unresolved, waiting) = host.stack.neighbours.count();
        assert!(unresolved <= NEIGHBOURS_UNRESOLVED_MAX && waiting <= FRAMES_WAITING_MAX);
    }
    assert!(host.stack.wire.queued().0 <= QUESTIONS_PER_SECOND as usize);
    for second in 0..10 {
        host.stack.advance(START + Duration::from_secs(second), &mut |_| {});
    }
    let (_, unresolved, waiting) = host.stack.neighbours.count();
    assert_eq!((unresolved, waiting), (0, 0), "who does not answer is given up");
}

#[test]
fn errors_are_rationed() {
    let ((mut host, busy), mut stranger) = (host(), stranger());
    for _ in 0..1000 {
        stranger.stack.send_udp((busy, 9).into(), (own(), 1).into(), vec![], START);
    }
    while let Some(frame) = stranger.stack.next_frame(START) {
        host.stack.frame(&wire::check(&frame), false, START, &mut |_| {});
    }
    assert_eq!(host.stack.wire.queued().0, ICMP_ERRORS_PER_SECOND as usize);
}

#[test]
fn fragments_and_frames_are_bounded() {
    let ((mut host, busy), mut stranger) = (host(), stranger());
    for _ in 0..200 {
        let page = vec![Bytes::from(vec![0; 60_000])];
        stranger.stack.send_udp((busy, 9).into(), (own(), 2049).into(), page, START);
        assert!(stranger.stack.wire.queued().0 <= FRAMES_QUEUED_MAX);
        let next = || stranger.stack.next_frame(START);
        let mut frames: Vec<_> = core::iter::from_fn(next).collect();
        assert_eq!(frames.len(), 41);
        frames.pop();
        for frame in frames {
            host.stack.frame(&wire::check(&frame), false, START, &mut |_| {});
        }
        let (datagrams, bytes) = host.stack.reassembly.held();
        assert!(datagrams <= REASSEMBLIES_MAX && bytes <= REASSEMBLY_BYTES_MAX);
    }
}
