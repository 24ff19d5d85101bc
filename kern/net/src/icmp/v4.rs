//! ICMP for IPv4, on its way in (RFC 792, RFC 1122 §3.2.2).
//!
//! Redirects are not believed; whoever is on the link could take our traffic with them.

use super::{HEADER_BYTES, Quote, head};
use crate::ethernet::Reach;
use crate::ip::Arrived;
use crate::stack::Stack;
use abi::Instant;
use smoltcp::wire::{Icmpv4DstUnreachable, Icmpv4Message, Ipv4Packet};

impl Stack {
    /// Takes a message.
    pub(crate) fn icmp_v4(&mut self, packet: &Arrived<'_>, now: Instant) {
        if packet.payload.len() < HEADER_BYTES || checksum::of(packet.payload) != 0 {
            return;
        }
        let [kind, code, _, _, _, _, mtu @ ..] = head(packet.payload);
        let too_big = u8::from(Icmpv4DstUnreachable::FragRequired);
        match Icmpv4Message::from(kind) {
            Icmpv4Message::EchoRequest if packet.reach == Reach::Us && code == 0 => {
                self.echo(packet, Icmpv4Message::EchoReply.into(), now);
            }
            Icmpv4Message::DstUnreachable if code == too_big => {
                let mtu_bytes = u16::from_be_bytes(mtu).into();
                self.too_big_v4(&packet.payload[HEADER_BYTES..], mtu_bytes, now);
            }
            _ => {}
        }
    }

    /// A router says that a packet of ours did not fit; it quotes the packet.
    fn too_big_v4(&mut self, quoted: &[u8], mtu_bytes: u32, now: Instant) {
        // Only its beginning is quoted, so that its length cannot be checked against it.
        if quoted.len() < 28 {
            return;
        }
        let packet = Ipv4Packet::new_unchecked(quoted);
        let header_bytes = usize::from(packet.header_len());
        let Some(transport) = quoted.get(header_bytes..).filter(|_| header_bytes >= 20) else {
            return;
        };
        let quote = Quote {
            from: packet.src_addr().into(),
            to: packet.dst_addr().into(),
            protocol: packet.next_header(),
            transport,
            packet_bytes: packet.total_len().into(),
        };
        if packet.version() == 4 {
            self.too_big(&quote, mtu_bytes, now);
        }
    }
}
