//! Floods stay within their bounds, and do not drive out who is talked to.

use super::*;
use crate::limits::{
    FRAMES_QUEUED_MAX, FRAMES_WAITING_MAX, ICMP_ERRORS_PER_SECOND, NEIGHBOURS_MAX,
    NEIGHBOURS_UNRESOLVED_MAX, QUESTIONS_PER_SECOND, REASSEMBLIES_MAX, REASSEMBLY_BYTES_MAX,
};
use crate::neighbours::Claim;
use alloc::rc::Rc;
use core::cell::Cell;
use hyper::{Account, Budget, Division, Taken};
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

/// A budget that many stacks share, as a host keeps it.
#[derive(Default)]
struct Shared {
    all_bytes: Cell<u64>,
    holders: Cell<u64>,
}

/// The part of one of them.
struct Part {
    shared: Rc<Shared>,
    held_bytes: Cell<u64>,
}

const DIVISION: Division = Division { total_bytes: 4 << 20, least_bytes: 4 << 10 };

impl Part {
    fn set(&self, bytes: u64) {
        let before = self.held_bytes.replace(bytes);
        self.shared.all_bytes.set(self.shared.all_bytes.get() + bytes - before);
        let holders = self.shared.holders.get() + u64::from(bytes > 0);
        self.shared.holders.set(holders - u64::from(before > 0));
    }
}

impl Budget for Part {
    fn share_bytes(&self) -> u64 {
        let Shared { all_bytes, holders } = &*self.shared;
        let taken = Taken { all_bytes: all_bytes.get(), holders: holders.get() };
        DIVISION.share_bytes(taken, self.held_bytes.get())
    }

    fn take(&self, bytes: u64) -> bool {
        let wanted = self.held_bytes.get() + bytes;
        let is_within = wanted <= self.share_bytes();
        if is_within {
            self.set(wanted);
        }
        is_within
    }

    fn take_anyway(&self, bytes: u64) {
        self.set(self.held_bytes.get() + bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.set(self.held_bytes.get() - bytes);
    }
}

#[test]
fn stacks_that_share_a_budget_are_flooded_within_it_and_none_is_starved() {
    let shared = Rc::new(Shared::default());
    let mut stranger = stranger();
    let busy = address("10.0.0.2");
    let mut pieces_of = |bytes: usize| -> Vec<Vec<u8>> {
        let page = vec![Bytes::from(vec![7; bytes])];
        stranger.stack.send_udp((busy, 9).into(), (own(), 2049).into(), page, START);
        let frames = core::iter::from_fn(|| stranger.stack.next_frame(START));
        frames.map(|frame| wire::check(&frame)).collect()
    };
    let mut hosts: Vec<_> = (0..100).map(|_| host().0).collect();
    for host in &mut hosts {
        let part = Part { shared: shared.clone(), held_bytes: Cell::new(0) };
        host.stack.share_fragments(Account::new(Rc::new(part)));
    }
    let most_bytes = DIVISION.total_bytes;
    for _ in 0..5 {
        for host in &mut hosts {
            let pieces = pieces_of(60_000);
            for piece in &pieces[..pieces.len() - 1] {
                host.stack.frame(piece, false, START, &mut |_| {});
                assert!(shared.all_bytes.get() <= most_bytes);
            }
        }
    }
    let held: Vec<_> = hosts.iter().map(|host| host.stack.held().reassembly_bytes).collect();
    assert_eq!(held.iter().sum::<usize>() as u64, shared.all_bytes.get());
    assert!(shared.all_bytes.get() > most_bytes / 2, "it is used");
    for host in &mut hosts {
        let mut heard = Vec::new();
        for piece in pieces_of(2000) {
            host.stack.frame(&piece, false, START, &mut |event| {
                if let StreamEvent::Datagram { bytes, .. } = event {
                    heard.push(bytes.len());
                }
            });
        }
        assert_eq!(heard, [2000], "a small one finds room in every stack");
    }
    for host in &mut hosts {
        host.stack.advance(START + Duration::from_secs(30), &mut |_| {});
    }
    assert_eq!((shared.all_bytes.get(), shared.holders.get()), (0, 0));
}
