//! ICMP for IPv6, on its way in (RFC 4443), neighbour discovery included (RFC 4861).

use super::{HEADER_BYTES, Quote, head};
use crate::address::is_link_local;
use crate::ip::Arrived;
use crate::limits::PATH_MTU_V6_BYTES_MIN;
use crate::neighbours::ndp::HOP_LIMIT;
use crate::stack::Stack;
use abi::Instant;
use checksum::Sum;
use smoltcp::wire::{
    IPV6_HEADER_LEN, Icmpv6Message, Icmpv6Packet, IpProtocol, Ipv6Packet, NdiscRepr,
};

impl Stack {
    /// Takes a message.
    pub(crate) fn icmp_v6(&mut self, packet: &Arrived<'_>, now: Instant) {
        if packet.payload.len() < HEADER_BYTES || !is_intact(packet) {
            return;
        }
        let [kind, code, _, _, mtu @ ..] = head(packet.payload);
        match Icmpv6Message::from(kind) {
            Icmpv6Message::EchoRequest if code == 0 && !packet.source.is_unspecified() => {
                self.echo(packet, Icmpv6Message::EchoReply.into(), now);
            }
            Icmpv6Message::PktTooBig => {
                self.too_big_v6(&packet.payload[HEADER_BYTES..], u32::from_be_bytes(mtu), now);
            }
            Icmpv6Message::MldQuery if packet.hop_limit == 1 && is_link_local(packet.source) => {
                self.listeners_queried(packet, now);
            }
            Icmpv6Message::RouterAdvert if code == 0 && packet.hop_limit == HOP_LIMIT => {
                self.router_advertised(packet, now);
            }
            message if message.is_ndisc() && code == 0 && packet.hop_limit == HOP_LIMIT => {
                self.discovery(packet, now);
            }
            _ => {}
        }
    }

    fn discovery(&mut self, packet: &Arrived<'_>, now: Instant) {
        let parsed = Icmpv6Packet::new_checked(packet.payload)
            .and_then(|message| NdiscRepr::parse(&message));
        match parsed {
            Ok(NdiscRepr::NeighborSolicit { target_addr, lladdr }) => {
                self.neighbour_solicited(packet, target_addr, lladdr, now);
            }
            Ok(NdiscRepr::NeighborAdvert { flags, target_addr, lladdr }) => {
                self.neighbour_advertised(packet, flags, target_addr, lladdr, now);
            }
            // Redirects are not believed, as IPv4's are not; we are no router to be solicited.
            _ => {}
        }
    }

    /// A router says that a packet of ours did not fit; it quotes the packet.
    fn too_big_v6(&mut self, quoted: &[u8], mtu_bytes: u32, now: Instant) {
        let Some((header, rest)) = quoted.split_at_checked(IPV6_HEADER_LEN) else { return };
        let packet = Ipv6Packet::new_unchecked(header);
        let (protocol, transport) = match (packet.next_header(), rest) {
            (IpProtocol::Ipv6Frag, [protocol, ..]) => ((*protocol).into(), rest.get(8..)),
            (protocol, rest) => (protocol, Some(rest)),
        };
        let quote = Quote {
            from: packet.src_addr().into(),
            to: packet.dst_addr().into(),
            protocol,
            transport: transport.unwrap_or_default(),
            packet_bytes: u32::MAX,
        };
        // Routers must tell; who says less than IPv6's least MTU is not one (RFC 8201 §4).
        if packet.version() == 6 && mtu_bytes >= PATH_MTU_V6_BYTES_MIN {
            self.too_big(&quote, mtu_bytes, now);
        }
    }
}

fn is_intact(packet: &Arrived<'_>) -> bool {
    let (from, to) = (packet.source, packet.destination);
    let mut sum = Sum::of_pseudo_header(from, to, IpProtocol::Icmpv6.into(), packet.payload.len());
    sum.add(packet.payload);
    sum.checksum() == 0
}
