//! IP on its way out: the next neighbour, the header, and fragments where the path is too narrow.
//!
//! A packet that fits is one frame; its payload is handed on as it is. One that does not is cut at
//! multiples of eight bytes, the pieces sharing the payload; its checksum is summed here, for no
//! link can do that over fragments. IPv4 packets of ours may be cut again on their way.

use super::v6::FRAGMENT_HEADER_BYTES;
use crate::ethernet;
use crate::frame::{Draft, Packet, pieces_bytes, transport_start};
use crate::stack::Stack;
use abi::Instant;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr};
use smoltcp::wire::{
    ETHERNET_HEADER_LEN, EthernetProtocol, IPV6_HEADER_LEN, IpProtocol, Ipv4Packet, Ipv6ExtHeader,
    Ipv6FragmentHeader, Ipv6Packet,
};

/// The longest packet that has a length field, in bytes.
const PACKET_BYTES_MAX: usize = 65_535;

/// Which piece of a packet a header is made for.
#[derive(Clone, Copy)]
struct Piece {
    offset_bytes: usize,
    is_last: bool,
    id: u32,
}

/// Where a packet goes next.
enum Hop {
    Station([u8; 6]),
    Neighbour(IpAddr),
}

impl Stack {
    /// Sends a packet on its way. It is lost if there is none.
    pub(crate) fn route(&mut self, draft: Draft, now: Instant) {
        if let Some(hop) = self.hop(draft.destination) {
            self.send_to(draft, &hop, now);
        }
    }

    /// Sends a packet of one frame to a station, whatever the routes say.
    pub(crate) fn send_to_station(&mut self, draft: Draft, station: [u8; 6], now: Instant) {
        self.send_to(draft, &Hop::Station(station), now);
    }

    fn send_to(&mut self, mut draft: Draft, hop: &Hop, now: Instant) {
        let mtu_bytes = self.mtu_bytes_for(&draft);
        if draft.protocol == IpProtocol::Udp {
            let largest_bytes = draft.packet_bytes().min(mtu_bytes) as u32;
            self.path_mtus.datagram_left(draft.destination, largest_bytes, now);
        }
        if draft.packet_bytes() > mtu_bytes && draft.cut.is_none() {
            if !draft.is_whole {
                self.send_fragments(draft, hop, mtu_bytes, now);
            }
            return;
        }
        let checksum = draft.fill_checksum(self.wire.offload.checksums);
        let piece = Piece { offset_bytes: 0, is_last: true, id: self.next_id(draft.destination) };
        fill_header(&mut draft, piece);
        let packet = Packet { head: draft.head, payload: draft.payload, checksum, cut: draft.cut };
        self.hand_on(packet, draft.source, hop, now);
    }

    fn hand_on(&mut self, packet: Packet, source: IpAddr, hop: &Hop, now: Instant) {
        match *hop {
            Hop::Station(station) => {
                let is_v4 = source.is_ipv4();
                let protocol = if is_v4 { EthernetProtocol::Ipv4 } else { EthernetProtocol::Ipv6 };
                self.wire.send(packet, station, protocol);
            }
            Hop::Neighbour(next) => {
                if self.routes.is_gateway(next) {
                    self.ask_for_gateways(next, now);
                }
                self.neighbours.send(next, packet, now, &mut self.wire);
            }
        }
    }

    /// Asks for the gateway that is used, if its station is not known, and for those that fell silent.
    fn ask_for_gateways(&mut self, used: IpAddr, now: Instant) {
        self.neighbours.ask_for_router(used, now);
        self.routes.answered(|gateway| self.neighbours.has_answered(gateway));
        while let Some(silent) = self.routes.next_to_retry(now) {
            self.neighbours.ask_for_router(silent, now);
        }
    }

    fn send_fragments(&mut self, mut draft: Draft, hop: &Hop, mtu_bytes: usize, now: Instant) {
        let is_v4 = draft.source.is_ipv4();
        if draft.packet_bytes() > PACKET_BYTES_MAX + if is_v4 { 0 } else { IPV6_HEADER_LEN } {
            return;
        }
        draft.fill_checksum(false);
        let start = transport_start(draft.source);
        let extra_bytes = if is_v4 { 0 } else { FRAGMENT_HEADER_BYTES };
        let most_bytes = (mtu_bytes + ETHERNET_HEADER_LEN - start - extra_bytes) & !7;
        let id = self.next_id(draft.destination);
        let transport = Bytes::copy_from_slice(&draft.head[start..]);
        let mut rest: Vec<Bytes> = [transport].into_iter().chain(draft.payload).collect();
        rest.reverse();
        draft.payload = Vec::new();
        draft.head.truncate(start);
        let mut offset_bytes = 0;
        while !rest.is_empty() {
            let mut piece = draft.clone();
            piece.head.resize(start + extra_bytes, 0);
            piece.payload = take_front(&mut rest, most_bytes);
            let length_bytes = pieces_bytes(&piece.payload);
            fill_header(&mut piece, Piece { offset_bytes, is_last: rest.is_empty(), id });
            offset_bytes += length_bytes;
            let Draft { head, payload, source, .. } = piece;
            self.hand_on(Packet { head, payload, checksum: None, cut: None }, source, hop, now);
        }
    }

    /// A number by which the pieces of a packet are known, not used for another one to the same
    /// host for as long as there are others (RFC 6864 §4.3), and foreseen by nobody else (RFC 7739).
    fn next_id(&mut self, to: IpAddr) -> u32 {
        self.packets = self.packets.wrapping_add(1);
        let start = match to {
            IpAddr::V4(to) => self.luck.hash(&[&to.octets()]),
            IpAddr::V6(to) => self.luck.hash(&[&to.octets()]),
        };
        self.packets.wrapping_add(start as u32)
    }

    /// The longest packet with a segment that can go to an address, in bytes.
    pub(crate) fn mtu_bytes(&self, to: IpAddr) -> usize {
        self.narrowed(to, self.path_mtus.for_segments(to))
    }

    /// The longest packet in which a draft, or a piece of it, can go, in bytes.
    fn mtu_bytes_for(&self, draft: &Draft) -> usize {
        let to = draft.destination;
        match draft.protocol {
            IpProtocol::Tcp => self.mtu_bytes(to),
            _ => self.narrowed(to, self.path_mtus.for_datagrams(to)),
        }
    }

    fn narrowed(&self, to: IpAddr, path_bytes: Option<u32>) -> usize {
        let link_bytes = if to.is_ipv4() { self.wire.mtu_bytes } else { self.mtu_v6_bytes };
        path_bytes.unwrap_or(u32::MAX).min(link_bytes) as usize
    }

    fn hop(&self, to: IpAddr) -> Option<Hop> {
        match to {
            IpAddr::V4(Ipv4Addr::BROADCAST) => Some(Hop::Station([0xff; 6])),
            IpAddr::V6(to) if to.is_multicast() => Some(Hop::Station(ethernet::group(to))),
            _ if to.is_multicast() => None,
            _ if self.is_on_link(to) => Some(Hop::Neighbour(to)),
            _ => self.routes.gateway(to).map(Hop::Neighbour),
        }
    }

    /// Whether an address is reached without a router.
    pub(crate) fn is_on_link(&self, address: IpAddr) -> bool {
        matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
            || self.addresses.prefixes().any(|own| own.contains(address))
            || self.routes.is_on_link(address)
    }
}

/// Makes IP's header, in the room that is left for it.
fn fill_header(draft: &mut Draft, piece: Piece) {
    let packet_bytes = draft.packet_bytes();
    let is_whole = piece.is_last && piece.offset_bytes == 0;
    match (draft.source, draft.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = Ipv4Packet::new_unchecked(&mut draft.head[ETHERNET_HEADER_LEN..]);
            header.set_version(4);
            header.set_header_len(20);
            header.set_ecn(draft.ecn);
            header.set_total_len(packet_bytes as u16);
            // Of a packet that may be cut on its way, too.
            header.set_ident(piece.id as u16);
            header.set_dont_frag(draft.is_whole);
            header.set_more_frags(!piece.is_last);
            header.set_frag_offset(piece.offset_bytes as u16);
            header.set_hop_limit(draft.hop_limit);
            header.set_next_header(draft.protocol);
            header.set_src_addr(source);
            header.set_dst_addr(destination);
            header.fill_checksum();
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut header = Ipv6Packet::new_unchecked(&mut draft.head[ETHERNET_HEADER_LEN..]);
            header.set_version(6);
            header.set_traffic_class(draft.ecn);
            header.set_payload_len((packet_bytes - IPV6_HEADER_LEN) as u16);
            header.set_hop_limit(draft.hop_limit);
            header.set_src_addr(source);
            header.set_dst_addr(destination);
            let protocol = if is_whole { draft.protocol } else { IpProtocol::Ipv6Frag };
            header.set_next_header(protocol);
            if !is_whole {
                let start = ETHERNET_HEADER_LEN + IPV6_HEADER_LEN;
                fill_fragment_header(&mut draft.head[start..], draft.protocol, piece);
            }
        }
        _ => {}
    }
}

fn fill_fragment_header(bytes: &mut [u8], protocol: IpProtocol, piece: Piece) {
    let mut extension = Ipv6ExtHeader::new_unchecked(bytes);
    extension.set_next_header(protocol);
    let mut header = Ipv6FragmentHeader::new_unchecked(extension.payload_mut());
    header.set_frag_offset((piece.offset_bytes / 8) as u16);
    header.set_more_frags(!piece.is_last);
    header.set_ident(piece.id);
}

/// Takes so many bytes from the front of pieces that stand in reverse order.
fn take_front(rest: &mut Vec<Bytes>, mut bytes: usize) -> Vec<Bytes> {
    let mut taken = vec![];
    while let Some(mut piece) = rest.pop() {
        if piece.len() > bytes {
            taken.push(piece.split_to(bytes));
            rest.push(piece);
            break;
        }
        bytes -= piece.len();
        taken.push(piece);
    }
    taken.retain(|piece| !piece.is_empty());
    taken
}
