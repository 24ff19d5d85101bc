//! Control messages: echoes, errors that we tell, errors that we are told (RFC 792, RFC 1122 §3.2.2,
//! RFC 4443).
//!
//! Errors are never sent about errors, nor about what was sent to a group, nor to what is no single
//! host; and only so many a second, whoever asks for them (RFC 1812 §4.3.2.8, RFC 4443 §2.4).

mod error;
mod v4;
mod v6;

use crate::frame::Draft;
use crate::ip::Arrived;
use crate::ip::path_mtu::Quoted;
use crate::stack::Stack;
use crate::tcp::sequence::SeqNo;
use crate::tcp::table::numbers::Pair;
use abi::Instant;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use smoltcp::wire::IpProtocol;

/// A message's fixed part: type, code, checksum, and four bytes whose meaning differs.
const HEADER_BYTES: usize = 8;

/// What a message says beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    kind: u8,
    code: u8,
    rest: [u8; 4],
}

/// The beginning of a packet, as an error quotes it.
#[derive(Clone, Copy, Debug)]
struct Quote<'a> {
    from: IpAddr,
    to: IpAddr,
    protocol: IpProtocol,
    transport: &'a [u8],
    /// How long the packet was, if that was said.
    packet_bytes: u32,
}

impl Stack {
    /// Answers a ping with what it brought.
    fn echo(&mut self, packet: &Arrived<'_>, reply: u8, now: Instant) {
        let ([_, _, _, _, a, b, c, d], body) =
            (head(packet.payload), &packet.payload[HEADER_BYTES..]);
        let source = if self.addresses.is_ours(packet.destination) {
            Some(packet.destination)
        } else {
            self.addresses.source_for(packet.source)
        };
        if let Some(source) = source.filter(|_| self.echoes.allows(now)) {
            let message = Message { kind: reply, code: 0, rest: [a, b, c, d] };
            self.send_icmp(source, packet.source, message, Bytes::copy_from_slice(body), now);
        }
    }

    /// Takes a router's word that a packet did not fit, as far as it may be one that we sent.
    fn too_big(&mut self, quote: &Quote<'_>, mtu_bytes: u32, now: Instant) {
        if let Some(quoted) = self.may_be_ours(quote, mtu_bytes, now) {
            self.path_mtus.too_big(quote.to, quoted, mtu_bytes, quote.packet_bytes, now);
        }
    }

    /// Whether a packet that was too long for `mtu_bytes` may be ours: from an address and a port of
    /// ours and, of TCP, with bytes that are on their way (RFC 5927 §4.1), of UDP, to where a packet
    /// as long left a moment ago.
    fn may_be_ours(&mut self, quote: &Quote<'_>, mtu_bytes: u32, now: Instant) -> Option<Quoted> {
        let &[a, b, c, d, seq @ ..] = quote.transport.first_chunk::<8>()?;
        let local = SocketAddr::new(quote.from, u16::from_be_bytes([a, b]));
        let remote = SocketAddr::new(quote.to, u16::from_be_bytes([c, d]));
        let (is_ours, quoted) = match quote.protocol {
            IpProtocol::Tcp => {
                let seq = SeqNo(u32::from_be_bytes(seq));
                (self.streams.is_in_flight(&Pair { local, remote }, seq), Quoted::Segment)
            }
            IpProtocol::Udp => {
                let is_open = self.sockets.is_open(local.port());
                let is_too_long = self.path_mtus.may_be_too_long(quote.to, mtu_bytes, now);
                (is_open && is_too_long, Quoted::Datagram)
            }
            _ => return None,
        };
        (is_ours && self.addresses.is_ours(quote.from)).then_some(quoted)
    }

    fn send_icmp(&mut self, from: IpAddr, to: IpAddr, message: Message, body: Bytes, now: Instant) {
        let is_v4 = from.is_ipv4();
        let protocol = if is_v4 { IpProtocol::Icmp } else { IpProtocol::Icmpv6 };
        let mut draft = Draft::new(from, to, protocol, HEADER_BYTES);
        let Message { kind, code, rest: [a, b, c, d] } = message;
        draft.transport().copy_from_slice(&[kind, code, 0, 0, a, b, c, d]);
        draft.payload.push(body);
        draft.fill_icmp_checksum();
        self.route(draft, now);
    }
}

/// The fixed part of a message that is at least so long.
fn head(message: &[u8]) -> [u8; HEADER_BYTES] {
    message.first_chunk().copied().unwrap_or_default()
}
