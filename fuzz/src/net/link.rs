//! The link under a stack: it does what the stack left to it, and has a stranger parse the result.

use super::packet::{ETHERNET_BYTES, checksum};
use hyper::{Frame, LinkFamily, LinkOffload, LinkProperties};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpPacket, ArpRepr, EthernetFrame, EthernetProtocol, Icmpv4Packet, Icmpv6Packet, IpProtocol,
    Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr, TcpPacket, TcpRepr, UdpPacket, UdpRepr,
};
use std::net::IpAddr;

/// The largest packets, in bytes: as usual, and for IPv4 alone, and more than anybody has.
const MTUS_BYTES: [u32; 8] = [1500, 1500, 1500, 1500, 1280, 576, 68, 9000];

/// A link that can do some of a stack's work, or none.
pub(super) fn properties(choice: u8) -> LinkProperties {
    let mtu_bytes = MTUS_BYTES[usize::from(choice / 3 % 8)];
    let offload = match choice % 3 {
        0 => LinkOffload::default(),
        1 => LinkOffload { checksums: true, ..LinkOffload::default() },
        _ => LinkOffload {
            checksums: true,
            segments_v4: true,
            segments_v6: true,
            segments_bytes_max: 65_536,
        },
    };
    LinkProperties { mac: None, mtu_bytes, offload }
}

/// What the link makes of a frame, which stays uncut, as if the other end had put it together again.
///
/// # Panics
/// If it asks for what the link does not offer, or no stranger can read it.
pub(super) fn carry(frame: &Frame, link: &LinkProperties) -> Vec<u8> {
    check_length(frame, link);
    let mut bytes = frame.head.to_vec();
    frame.payload.iter().for_each(|piece| bytes.extend_from_slice(piece));
    if let Some(place) = frame.checksum {
        assert!(link.offload.checksums, "a checksum is left to a link that fills none in");
        let start = usize::from(place.start_bytes);
        let at = start + usize::from(place.offset_bytes);
        let sum = checksum(&[&bytes[start..]]);
        bytes[at..at + 2].copy_from_slice(&sum);
    }
    check(&bytes);
    bytes
}

fn check_length(frame: &Frame, link: &LinkProperties) {
    let (offload, bytes_max) = (&link.offload, link.mtu_bytes as usize + ETHERNET_BYTES);
    let Some(cut) = frame.cut else {
        assert!(frame.bytes() <= bytes_max, "no longer than the link carries");
        return;
    };
    let is_offered = match cut.family {
        LinkFamily::V4 => offload.segments_v4,
        LinkFamily::V6 => offload.segments_v6,
    };
    assert!(is_offered && frame.checksum.is_some(), "the link cuts such frames");
    assert!(frame.bytes() <= offload.segments_bytes_max as usize, "no more than it cuts");
    assert!(cut.segment_bytes > 0);
    assert!(usize::from(cut.segment_bytes) + usize::from(cut.head_bytes) <= bytes_max);
}

fn check(bytes: &[u8]) {
    let ethernet = EthernetFrame::new_checked(bytes).expect("a frame");
    let payload = ethernet.payload();
    match ethernet.ethertype() {
        EthernetProtocol::Arp => {
            let packet = ArpPacket::new_checked(payload).expect("ARP");
            ArpRepr::parse(&packet).expect("ARP that means something");
        }
        EthernetProtocol::Ipv4 => check_v4(payload),
        EthernetProtocol::Ipv6 => check_v6(payload),
        EthernetProtocol::Unknown(other) => panic!("a frame of protocol {other}"),
    }
}

fn check_v4(bytes: &[u8]) {
    let packet = Ipv4Packet::new_checked(bytes).expect("a packet");
    assert_eq!(usize::from(packet.total_len()), bytes.len());
    assert!(packet.verify_checksum());
    if !packet.more_frags() && packet.frag_offset() == 0 {
        Ipv4Repr::parse(&packet, &ChecksumCapabilities::default()).expect("a legal header");
        let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
        check_transport(packet.next_header(), from, to, packet.payload());
    }
}

fn check_v6(bytes: &[u8]) {
    let packet = Ipv6Packet::new_checked(bytes).expect("a packet");
    assert_eq!(packet.total_len(), bytes.len());
    Ipv6Repr::parse(&packet).expect("a legal header");
    let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
    match packet.next_header() {
        // One header of eight bytes: the router alert of listener reports.
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
            let packet = UdpPacket::new_checked(payload).expect("a datagram");
            UdpRepr::parse(&packet, &from.into(), &to.into(), &all).expect("a sound datagram");
        }
        (IpProtocol::Tcp, ..) => {
            let packet = TcpPacket::new_checked(payload).expect("a segment");
            TcpRepr::parse(&packet, &from.into(), &to.into(), &all).expect("a sound segment");
        }
        (IpProtocol::Icmp, ..) => {
            assert!(Icmpv4Packet::new_checked(payload).expect("a message").verify_checksum());
        }
        // A report of MLD's first version, which that parser does not know.
        (IpProtocol::Icmpv6, ..) if payload.first() == Some(&131) => assert_eq!(payload.len(), 24),
        (IpProtocol::Icmpv6, IpAddr::V6(from), IpAddr::V6(to)) => {
            let packet = Icmpv6Packet::new_checked(payload).expect("a message");
            assert!(packet.verify_checksum(&from, &to));
        }
        _ => {}
    }
}
