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

    /// Whether a packet that is quoted to us may be one that we sent: from an address and a port of
    /// ours and, of TCP, with bytes that are on their way (RFC 5927 §4.1).
    fn may_be_ours(
        &mut self,
        [from, to]: [IpAddr; 2],
        protocol: IpProtocol,
        transport: &[u8],
    ) -> bool {
        let Some(&[a, b, c, d, seq @ ..]) = transport.first_chunk::<8>() else { return false };
        let (local, remote) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let is_open = match protocol {
            IpProtocol::Udp => self.sockets.is_open(local),
            IpProtocol::Tcp => {
                let (local, remote) = (SocketAddr::new(from, local), SocketAddr::new(to, remote));
                let seq = SeqNo(u32::from_be_bytes(seq));
                self.streams.is_in_flight(&Pair { local, remote }, seq)
            }
            _ => false,
        };
        is_open && self.addresses.is_ours(from)
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
