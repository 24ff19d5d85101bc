//! Errors that we tell.

use super::{HEADER_BYTES, Message};
use crate::address::is_host;
use crate::ethernet::Reach;
use crate::frame::transport_start;
use crate::ip::reassembly::GivenUp;
use crate::ip::{Arrived, Problem};
use crate::stack::Stack;
use abi::Instant;
use bytes::Bytes;
use core::net::IpAddr;
use smoltcp::wire::{ETHERNET_HEADER_LEN, Icmpv4Message, Icmpv6Message, IpProtocol};

/// The longest IPv4 error: what every host can take (RFC 1812 §4.3.2.3).
const ERROR_V4_BYTES_MAX: usize = 576;
/// The longest IPv6 error: what every path can carry (RFC 4443 §2.4).
const ERROR_V6_BYTES_MAX: usize = 1280;

impl Stack {
    /// Tells the sender what is wrong with a packet, if it may be told.
    pub(crate) fn refuse(&mut self, packet: &Arrived<'_>, problem: Problem, now: Instant) {
        let is_group_allowed = matches!(problem, Problem::Option(_)) && packet.source.is_ipv6();
        let may_be_told = (packet.reach == Reach::Us || is_group_allowed)
            && is_host(packet.source)
            && !is_error(packet);
        if may_be_told {
            self.tell(
                packet.destination,
                packet.source,
                [packet.header, packet.payload],
                problem,
                now,
            );
        }
    }

    /// Tells the sender of a datagram that not all of it came.
    pub(crate) fn refuse_fragments(&mut self, datagram: &GivenUp, now: Instant) {
        if let Some(piece) = datagram.first_piece() {
            self.refuse(&piece, Problem::Reassembly, now);
        }
    }

    fn tell(
        &mut self,
        from: IpAddr,
        to: IpAddr,
        quoted: [&[u8]; 2],
        problem: Problem,
        now: Instant,
    ) {
        let source = Some(from).filter(|from| self.addresses.is_ours(*from));
        let Some(source) = source.or_else(|| self.addresses.source_for(to)) else { return };
        let Some(message) = message(problem, source.is_ipv4()) else { return };
        if self.errors.allows(now) {
            let most = if source.is_ipv4() { ERROR_V4_BYTES_MAX } else { ERROR_V6_BYTES_MAX };
            let headers_bytes = transport_start(source) - ETHERNET_HEADER_LEN + HEADER_BYTES;
            let mut body = quoted.concat();
            body.truncate(most - headers_bytes);
            self.send_icmp(source, to, message, Bytes::from(body), now);
        }
    }
}

/// Whether a packet brings an error, or what may be one.
fn is_error(packet: &Arrived<'_>) -> bool {
    let kind = packet.payload.first().copied();
    match packet.protocol {
        IpProtocol::Icmp => !matches!(
            kind.map(Icmpv4Message::from),
            Some(Icmpv4Message::EchoRequest | Icmpv4Message::EchoReply)
        ),
        IpProtocol::Icmpv6 => kind.is_none_or(|kind| kind < 128),
        _ => false,
    }
}

fn message(problem: Problem, is_v4: bool) -> Option<Message> {
    let (kind, code, rest) = match (problem, is_v4) {
        (Problem::Port, true) => (Icmpv4Message::DstUnreachable.into(), 3, 0),
        (Problem::Protocol(_), true) => (Icmpv4Message::DstUnreachable.into(), 2, 0),
        (Problem::Reassembly, true) => (Icmpv4Message::TimeExceeded.into(), 1, 0),
        (Problem::Field(_) | Problem::Option(_), true) => return None,
        (Problem::Port, false) => (Icmpv6Message::DstUnreachable.into(), 4, 0),
        (Problem::Field(at), false) => (Icmpv6Message::ParamProblem.into(), 0, at),
        (Problem::Protocol(at), false) => (Icmpv6Message::ParamProblem.into(), 1, at),
        (Problem::Option(at), false) => (Icmpv6Message::ParamProblem.into(), 2, at),
        (Problem::Reassembly, false) => (Icmpv6Message::TimeExceeded.into(), 1, 0),
    };
    Some(Message { kind, code, rest: u32::to_be_bytes(rest) })
}
