//! Hosts on a wire in virtual time, each frame of which a stranger's parser checks.

use super::*;
use crate::frame::Draft;
use checksum::Sum;
use hyper::StreamId;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpPacket, ArpRepr, EthernetFrame, Icmpv4Packet, Icmpv6Packet, Icmpv6Repr, Ipv4Packet,
    Ipv4Repr, Ipv6Packet, Ipv6Repr, TcpPacket, TcpRepr, UdpPacket, UdpRepr,
};

/// A stack, and what came of it.
pub(super) struct Host {
    pub(super) stack: Stack,
    pub(super) heard: Vec<(DatagramPeer, Vec<u8>)>,
    pub(super) replies: Vec<(IpAddr, usize)>,
    pub(super) errors: Vec<(IpAddr, (u8, u8))>,
    pub(super) news: News,
}

/// What streams brought.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) opened: Vec<StreamId>,
    pub(super) received: Vec<u8>,
    pub(super) sent_bytes: usize,
    pub(super) ended: Vec<StreamId>,
    pub(super) closed: Vec<StreamId>,
}

impl News {
    pub(super) fn take(&mut self, event: &StreamEvent<'_>) {
        match event {
            StreamEvent::Opened { stream, .. } => self.opened.push(*stream),
            StreamEvent::Received { bytes, .. } => self.received.extend_from_slice(bytes),
            StreamEvent::Sent { count_bytes, .. } => self.sent_bytes += count_bytes,
            StreamEvent::Ended { stream } => self.ended.push(*stream),
            StreamEvent::Closed { stream } => self.closed.push(*stream),
            StreamEvent::Filled { .. } | StreamEvent::Datagram { .. } => {}
        }
    }
}

/// Two hosts and the wire between them.
pub(super) struct World {
    pub(super) hosts: [Host; 2],
    pub(super) now: Instant,
    pub(super) reorders: bool,
    pub(super) loses_every: Option<usize>,
    /// The largest packet that a router between them lets pass, in bytes.
    pub(super) narrow_bytes: Option<usize>,
    pub(super) left_to_link: usize,
    carried: usize,
}

pub(super) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn config(number: u8) -> Config {
    let fixed = |address, bits| AddressSource::Fixed(Prefix { address, bits });
    Config {
        mac: [2, 0, 0, 0, 0, number],
        addresses: vec![
            fixed([10, 0, 0, number].into(), 24),
            fixed(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into()).into(), 64),
        ],
        gateways: vec![address("10.0.0.9"), address("fd00::9")],
        detects_duplicates: true,
        stable_secret: None,
    }
}

impl Host {
    pub(super) fn new(number: u8, offload: LinkOffload) -> Self {
        let link = LinkProperties { mac: None, mtu_bytes: 1500, offload };
        let mut stack = Stack::new(config(number), &link, [number; 16], Instant(1_000_000_000));
        assert_eq!(stack.open_datagrams(2049), Some(0));
        assert!(stack.listen(2049));
        let (heard, replies, errors) = Default::default();
        Self { stack, heard, replies, errors, news: News::default() }
    }

    /// Takes a frame, and notes what it brought; pings' answers and errors are nobody's events.
    fn take(&mut self, bytes: &[u8], now: Instant) {
        self.note(bytes);
        let Self { heard, news, .. } = self;
        self.stack.frame(bytes, false, now, &mut |event| {
            if let StreamEvent::Datagram { peer, bytes } = event {
                heard.push((peer, bytes.to_vec()));
            }
            news.take(&event);
        });
    }

    fn advance(&mut self, now: Instant) {
        let news = &mut self.news;
        self.stack.advance(now, &mut |event| news.take(&event));
    }

    /// Of a message in fragments, the last one tells how long it is.
    fn note(&mut self, bytes: &[u8]) {
        let Some((source, start_bytes, message)) = message(bytes) else { return };
        match (message.first(), source.is_ipv4()) {
            _ if start_bytes > 0 => self.replies.push((source, start_bytes + message.len())),
            (Some(0), true) | (Some(129), false) => self.replies.push((source, message.len())),
            (Some(3 | 11), true) | (Some(1..=4), false) => {
                self.errors.push((source, (message[0], message[1])));
            }
            _ => {}
        }
    }
}

/// The control message that a frame carries the end of, and where that begins in it.
fn message(bytes: &[u8]) -> Option<(IpAddr, usize, &[u8])> {
    let (source, protocol, fragment, payload) = match bytes[12..14] {
        [8, 0] => {
            let packet = Ipv4Packet::new_checked(&bytes[14..]).unwrap();
            let fragment = (!packet.more_frags()).then_some(packet.frag_offset().into());
            (packet.src_addr().into(), packet.next_header(), fragment, packet.payload())
        }
        [0x86, 0xdd] if bytes[20] == 44 => {
            let packet = Ipv6Packet::new_checked(&bytes[14..]).unwrap();
            let field = u16::from_be_bytes([bytes[56], bytes[57]]);
            let fragment = (field & 1 == 0).then_some(usize::from(field & !7));
            (packet.src_addr().into(), bytes[54].into(), fragment, &bytes[62..])
        }
        [0x86, 0xdd] => {
            let packet = Ipv6Packet::new_checked(&bytes[14..]).unwrap();
            (packet.src_addr().into(), packet.next_header(), Some(0), packet.payload())
        }
        _ => return None,
    };
    let is_message = matches!(protocol, IpProtocol::Icmp | IpProtocol::Icmpv6);
    fragment.filter(|_| is_message).map(|start_bytes| (source, start_bytes, payload))
}

impl World {
    pub(super) fn new() -> Self {
        Self::with_offload(LinkOffload::default())
    }

    pub(super) fn with_offload(offload: LinkOffload) -> Self {
        let hosts = [Host::new(1, offload), Host::new(2, offload)];
        let now = Instant(1_000_000_000);
        let (loses_every, narrow_bytes) = (None, None);
        Self { hosts, now, reorders: false, loses_every, narrow_bytes, left_to_link: 0, carried: 0 }
    }

    pub(super) fn send(&mut self, host: usize, from: &str, to: &str, data: Vec<Bytes>) {
        let (local, remote) = ((address(from), 2049).into(), (address(to), 2049).into());
        let peer = DatagramPeer { socket: 0, remote, local };
        self.hosts[host].stack.send_datagram(peer, data, self.now);
    }

    /// Lets one burst of frames cross each way.
    pub(super) fn step(&mut self) {
        let _ = self.cross(0) | self.cross(1);
    }

    /// Lets frames cross and time pass.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            while self.cross(0) | self.cross(1) {}
            let deadlines = self.hosts.iter().filter_map(|host| host.stack.deadline());
            match deadlines.min().filter(|deadline| *deadline <= end) {
                Some(deadline) => self.now = self.now.max(deadline),
                None => break,
            }
            let now = self.now;
            self.hosts.iter_mut().for_each(|host| host.advance(now));
        }
        self.now = end;
    }

    /// Carries what one host has for the other. Says whether there was something.
    fn cross(&mut self, from: usize) -> bool {
        let next = || self.hosts[from].stack.next_frame(self.now);
        let mut frames: Vec<_> = core::iter::from_fn(next).collect();
        let were_some = !frames.is_empty();
        if self.reorders {
            frames.reverse();
        }
        for frame in frames {
            self.left_to_link += usize::from(frame.checksum.is_some());
            let bytes = check(&frame);
            self.carried += 1;
            let is_lost = self.loses_every.is_some_and(|every| self.carried.is_multiple_of(every));
            if let Some(most_bytes) = self.narrow_bytes.filter(|most| bytes.len() - 14 > *most) {
                self.too_big(from, &bytes[14..], most_bytes);
            } else if !is_lost {
                self.hosts[1 - from].take(&bytes, self.now);
            }
        }
        were_some
    }
}

impl World {
    /// What a router says to who sent a packet that does not fit.
    fn too_big(&mut self, from: usize, packet: &[u8], most_bytes: usize) {
        let (now, config) = (self.now, Config { detects_duplicates: false, ..config(9) });
        let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
        let mut stack = Stack::new(config, &link, [9; 16], now);
        let is_v4 = packet[0] >> 4 == 4;
        let to = self.hosts[from]
            .stack
            .addresses()
            .find(|own| own.is_ipv4() == is_v4 && !crate::address::is_link_local(*own));
        let to = to.unwrap();
        stack.neighbours.heard(to, self.hosts[from].stack.wire.mac, now, &mut stack.wire);
        let source = stack.addresses.source_for(to).unwrap();
        let mut head = if is_v4 { vec![3, 4, 0, 0, 0, 0] } else { vec![2, 0, 0, 0, 0, 0] };
        head.extend_from_slice(&(most_bytes as u16).to_be_bytes());
        icmp(&mut stack, source, to, &[&head, &packet[..80]].concat(), now);
        while let Some(frame) = stack.next_frame(now) {
            let bytes = check(&frame);
            self.hosts[from].take(&bytes, now);
        }
    }
}

/// Sends a ping, as only tests do.
pub(super) fn ping(stack: &mut Stack, from: IpAddr, to: IpAddr, bytes: usize, now: Instant) {
    let kind = if from.is_ipv4() { 8 } else { 128 };
    icmp(stack, from, to, &[&[kind, 0, 0, 0, 0, 1, 0, 2][..], &vec![9; bytes]].concat(), now);
}

/// Sends a control message whose checksum is not filled in yet.
pub(super) fn icmp(stack: &mut Stack, from: IpAddr, to: IpAddr, message: &[u8], now: Instant) {
    let protocol = if from.is_ipv4() { IpProtocol::Icmp } else { IpProtocol::Icmpv6 };
    let mut draft = Draft::new(from, to, protocol, 8);
    draft.transport().copy_from_slice(&message[..8]);
    draft.payload.push(Bytes::copy_from_slice(&message[8..]));
    draft.fill_icmp_checksum();
    stack.route(draft, now);
    stack.ask_questions(now);
}

/// Does what a link does, and has a stranger parse the frame.
pub(super) fn check(frame: &Frame) -> Vec<u8> {
    let mut bytes = frame.head.to_vec();
    frame.payload.iter().for_each(|piece| bytes.extend_from_slice(piece));
    if let Some(place) = frame.checksum {
        let start = usize::from(place.start_bytes);
        let at = start + usize::from(place.offset_bytes);
        let sum = checksum::of(&bytes[start..]);
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    let ethernet = EthernetFrame::new_checked(&bytes[..]).unwrap();
    match ethernet.ethertype() {
        EthernetProtocol::Arp => {
            ArpRepr::parse(&ArpPacket::new_checked(ethernet.payload()).unwrap()).unwrap();
        }
        EthernetProtocol::Ipv4 => check_v4(ethernet.payload()),
        EthernetProtocol::Ipv6 => check_v6(ethernet.payload()),
        EthernetProtocol::Unknown(other) => panic!("a frame of protocol {other}"),
    }
    bytes
}

fn check_v4(bytes: &[u8]) {
    let packet = Ipv4Packet::new_checked(bytes).unwrap();
    assert_eq!(usize::from(packet.total_len()), bytes.len());
    assert!(packet.verify_checksum());
    if !packet.more_frags() && packet.frag_offset() == 0 {
        Ipv4Repr::parse(&packet, &ChecksumCapabilities::default()).unwrap();
        let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
        check_transport(packet.next_header(), from, to, packet.payload());
    }
}

fn check_v6(bytes: &[u8]) {
    let packet = Ipv6Packet::new_checked(bytes).unwrap();
    assert_eq!(packet.total_len(), bytes.len());
    Ipv6Repr::parse(&packet).unwrap();
    let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
    match packet.next_header() {
        IpProtocol::HopByHop => {
            check_transport(bytes[40].into(), from, to, &packet.payload()[8..]);
        }
        protocol => check_transport(protocol, from, to, packet.payload()),
    }
}

fn check_transport(protocol: IpProtocol, from: IpAddr, to: IpAddr, payload: &[u8]) {
    let all = ChecksumCapabilities::default();
    match (protocol, from, to) {
        (IpProtocol::Udp, ..) => {
            let packet = UdpPacket::new_checked(payload).unwrap();
            UdpRepr::parse(&packet, &from.into(), &to.into(), &all).unwrap();
        }
        (IpProtocol::Tcp, ..) => {
            let packet = TcpPacket::new_checked(payload).unwrap();
            TcpRepr::parse(&packet, &from.into(), &to.into(), &all).unwrap();
        }
        (IpProtocol::Icmp, ..) => {
            assert!(Icmpv4Packet::new_checked(payload).unwrap().verify_checksum());
        }
        // A report of MLD's first version, which that parser does not know.
        (IpProtocol::Icmpv6, ..) if payload.first() == Some(&131) => {
            let mut sum = Sum::of_pseudo_header(from, to, 58, payload.len());
            sum.add(payload);
            assert_eq!((sum.checksum(), payload.len()), (0, 24));
        }
        (IpProtocol::Icmpv6, IpAddr::V6(source), IpAddr::V6(destination)) => {
            let packet = Icmpv6Packet::new_checked(payload).unwrap();
            Icmpv6Repr::parse(&source, &destination, &packet, &all).unwrap();
            let mut sum = Sum::of_pseudo_header(from, to, 58, payload.len());
            sum.add(payload);
            assert_eq!(sum.checksum(), 0);
        }
        _ => {}
    }
}

/// One frame of each kind that two hosts exchange.
pub(super) fn samples() -> Vec<Vec<u8>> {
    let mut host = Host::new(1, LinkOffload::default());
    let stack = &mut host.stack;
    let now = Instant(1_000_000_000);
    stack.advance(now + Duration::from_secs(2), &mut |_| {});
    for to in ["10.0.0.2", "fd00::2"] {
        let to = address(to);
        stack.neighbours.heard(to, [2, 0, 0, 0, 0, 2], now, &mut stack.wire);
        let from = stack.addresses.source_for(to).unwrap();
        ping(stack, from, to, 40, now);
        for (port, bytes) in [(2049, 2000), (2049, 20), (1, 20)] {
            let data = vec![Bytes::from(vec![1; bytes])];
            stack.send_udp((from, 9).into(), (to, port).into(), data, now);
        }
        stack.route(Draft::new(from, to, 99.into(), 8), now);
    }
    for to in ["10.0.0.7", "fd00::7"] {
        let from = stack.addresses.source_for(address(to)).unwrap();
        stack.route(Draft::new(from, address(to), 99.into(), 8), now);
    }
    stack.ask_questions(now);
    core::iter::from_fn(|| stack.next_frame(now)).map(|frame| check(&frame)).collect()
}
