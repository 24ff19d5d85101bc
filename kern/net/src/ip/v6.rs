//! IPv6 on its way in (RFC 8200).
//!
//! Extension headers are walked up to a bound, each at most once through its options. A routing
//! header with a way left to go is refused (RFC 5095), jumbograms are not for us.

use super::reassembly::Fragment;
use super::{Arrived, Problem};
use crate::address::{is_host, solicited_group};
use crate::ethernet::Reach;
use crate::limits::{EXTENSION_HEADERS_MAX, EXTENSION_OPTIONS_MAX};
use crate::neighbours::ndp::ALL_NODES;
use crate::stack::{Moment, Stack};
use core::net::{IpAddr, Ipv6Addr};
use hyper::StreamEvent;
use smoltcp::wire::{IPV6_HEADER_LEN, IpProtocol, Ipv6ExtHeader, Ipv6FragmentHeader, Ipv6Packet};

/// Where the number of the first header stands in a packet, in bytes.
const FIRST_HEADER_AT: u32 = 6;

/// A fragment header, in bytes.
pub(crate) const FRAGMENT_HEADER_BYTES: usize = 8;

/// What a walk along the headers came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    /// The transport, or something that we do not know.
    End(At),
    /// A fragment header: what follows is a piece.
    Fragment(At),
    /// The sender should know.
    Refused(Problem, RefusedFor),
    /// Not worth an answer.
    Dropped,
}

/// Who is told of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefusedFor {
    /// Whoever sent it.
    Anybody,
    /// Only if it was sent to us alone.
    Us,
}

/// A place in the chain of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct At {
    protocol: IpProtocol,
    /// Where that number stands, from the start of the packet.
    named_at: usize,
    /// Where the header begins.
    start: usize,
}

impl Stack {
    /// Takes a packet that a frame carried.
    pub(crate) fn arrived_v6(
        &mut self,
        bytes: &[u8],
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let Ok(packet) = Ipv6Packet::new_checked(bytes) else { return };
        let (source, destination) = (packet.src_addr(), packet.dst_addr());
        let Some(reach) = self.reach_v6(source, destination, moment.reach) else { return };
        if packet.version() != 6 {
            return;
        }
        let bytes = &bytes[..packet.total_len()];
        let arrived = Arrived {
            source: source.into(),
            destination: destination.into(),
            protocol: packet.next_header(),
            named_at: FIRST_HEADER_AT,
            hop_limit: packet.hop_limit(),
            header: &bytes[..IPV6_HEADER_LEN],
            payload: &bytes[IPV6_HEADER_LEN..],
            reach,
            ecn: packet.traffic_class() & 3,
            is_checked: moment.is_checked,
        };
        self.walk_v6(bytes, arrived, moment, sink);
    }

    /// Goes along the headers of a packet to what it carries.
    fn walk_v6(
        &mut self,
        bytes: &[u8],
        mut arrived: Arrived<'_>,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let first = At {
            protocol: arrived.protocol,
            named_at: FIRST_HEADER_AT as usize,
            start: IPV6_HEADER_LEN,
        };
        match walk(bytes, first) {
            Walk::End(at) => {
                (arrived.protocol, arrived.named_at) = (at.protocol, at.named_at as u32);
                self.arrived_at(bytes, arrived, at, moment, sink);
            }
            Walk::Fragment(at) => self.fragment_v6(bytes, arrived, at, moment, sink),
            Walk::Refused(problem, whom) => {
                if whom == RefusedFor::Anybody || arrived.reach == Reach::Us {
                    self.refuse(&arrived, problem, moment.now);
                }
            }
            Walk::Dropped => {}
        }
    }

    fn arrived_at<'a>(
        &mut self,
        bytes: &'a [u8],
        mut arrived: Arrived<'a>,
        at: At,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        (arrived.header, arrived.payload) = bytes.split_at(at.start);
        if at.protocol != IpProtocol::Ipv6NoNxt {
            self.arrived(&arrived, moment, sink);
        }
    }

    fn fragment_v6<'a>(
        &mut self,
        bytes: &'a [u8],
        mut arrived: Arrived<'a>,
        at: At,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let Ok(extension) = Ipv6ExtHeader::new_checked(&bytes[at.start..]) else { return };
        let Ok(header) = Ipv6FragmentHeader::new_checked(extension.payload()) else { return };
        (arrived.header, arrived.payload) = bytes.split_at(at.start + FRAGMENT_HEADER_BYTES);
        arrived.protocol = extension.next_header();
        let fragment = Fragment {
            offset_bytes: usize::from(header.frag_offset()) * 8,
            is_last: !header.more_frags(),
            id: header.ident(),
        };
        if !fragment.is_last && !arrived.payload.len().is_multiple_of(8) {
            self.refuse(&arrived, Problem::Field(4), moment.now);
        } else if fragment.is_last && fragment.offset_bytes == 0 {
            // A packet in one piece, whatever other pieces bear the same number (RFC 6946).
            self.after_fragment(arrived, moment, sink);
        } else {
            self.fragment(arrived, fragment, moment, sink);
        }
    }

    /// Goes on behind a fragment header. A second one, or trouble behind the first, is not worth an
    /// answer: nobody sends them but to see what happens.
    pub(crate) fn after_fragment(
        &mut self,
        mut arrived: Arrived<'_>,
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let first = At { protocol: arrived.protocol, named_at: FIRST_HEADER_AT as usize, start: 0 };
        if let Walk::End(at) = walk(arrived.payload, first) {
            let header_bytes = arrived.header.len();
            // The fragment header, the last one before this, names what comes first.
            let named_at = if at.start == 0 {
                header_bytes.saturating_sub(FRAGMENT_HEADER_BYTES)
            } else {
                header_bytes + at.named_at
            };
            (arrived.protocol, arrived.named_at) = (at.protocol, named_at as u32);
            arrived.payload = &arrived.payload[at.start..];
            if at.protocol != IpProtocol::Ipv6NoNxt {
                self.arrived(&arrived, moment, sink);
            }
        }
    }

    /// Whom a packet is for; `None`: for somebody else, or from nobody who may send.
    fn reach_v6(&self, source: Ipv6Addr, destination: Ipv6Addr, by_frame: Reach) -> Option<Reach> {
        let (from, to) = (IpAddr::V6(source), IpAddr::V6(destination));
        // Who asks for an address of its own has none yet; that a question for ours comes from it
        // is what `ndp` has to judge.
        let is_sender = source.is_unspecified() && destination.is_multicast() || is_host(from);
        if !is_sender || self.addresses.is_ours(from) {
            return None;
        }
        if self.addresses.is_ours(to) {
            return Some(by_frame);
        }
        let is_member = destination == ALL_NODES
            || self.addresses.v6().any(|own| solicited_group(own) == destination);
        is_member.then_some(Reach::Group)
    }
}

/// Goes along extension headers.
fn walk(bytes: &[u8], first: At) -> Walk {
    let mut at = first;
    for index in 0..EXTENSION_HEADERS_MAX {
        let rest = bytes.get(at.start..).unwrap_or_default();
        let is_options = matches!(at.protocol, IpProtocol::HopByHop | IpProtocol::Ipv6Opts);
        match at.protocol {
            IpProtocol::Ipv6Frag => return Walk::Fragment(at),
            IpProtocol::HopByHop if index > 0 => {
                return Walk::Refused(Problem::Protocol(at.named_at as u32), RefusedFor::Us);
            }
            IpProtocol::HopByHop | IpProtocol::Ipv6Opts | IpProtocol::Ipv6Route => {}
            _ => return Walk::End(at),
        }
        let Ok(header) = Ipv6ExtHeader::new_checked(rest) else { return Walk::Dropped };
        let contents = header.payload();
        let trouble = if is_options {
            options_trouble(contents, at.start + 2)
        } else {
            routing_trouble(contents, at.start + 2)
        };
        if let Some(trouble) = trouble {
            return trouble;
        }
        at = At {
            protocol: header.next_header(),
            named_at: at.start,
            start: at.start + contents.len() + 2,
        };
    }
    Walk::Dropped
}

/// A way that is left to go is not gone.
fn routing_trouble(contents: &[u8], start: usize) -> Option<Walk> {
    let segments_left = contents.get(1).copied().unwrap_or_default();
    (segments_left > 0).then_some(Walk::Refused(Problem::Field(start as u32), RefusedFor::Us))
}

/// What unknown options want to be done with the packet (RFC 8200 §4.2).
fn options_trouble(contents: &[u8], start: usize) -> Option<Walk> {
    const PAD_1: u8 = 0;
    const PAD_N: u8 = 1;
    const ROUTER_ALERT: u8 = 5;
    let mut at = 0;
    for _ in 0..EXTENSION_OPTIONS_MAX {
        let place = Problem::Option((start + at) as u32);
        match contents.get(at..).unwrap_or_default() {
            [] => return None,
            [PAD_1, ..] => at += 1,
            [PAD_N | ROUTER_ALERT, length, ..] => at += usize::from(*length) + 2,
            [kind, length, ..] => match kind >> 6 {
                0 => at += usize::from(*length) + 2,
                1 => return Some(Walk::Dropped),
                2 => return Some(Walk::Refused(place, RefusedFor::Anybody)),
                _ => return Some(Walk::Refused(place, RefusedFor::Us)),
            },
            [_] => return Some(Walk::Dropped),
        }
    }
    Some(Walk::Dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn walk_from(protocol: IpProtocol, bytes: &[u8]) -> Walk {
        walk(bytes, At { protocol, named_at: 6, start: 0 })
    }

    #[test]
    fn headers_are_walked_to_the_transport() {
        let mut bytes = vec![60, 0, 5, 2, 0, 0, 1, 0]; // hop by hop: router alert, padding
        bytes.extend([17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // destination options
        let end = At { protocol: IpProtocol::Udp, named_at: 8, start: 24 };
        assert_eq!(walk_from(IpProtocol::HopByHop, &bytes), Walk::End(end));
        let refused = Walk::Refused(Problem::Protocol(0), RefusedFor::Us);
        bytes[0] = 0;
        assert_eq!(walk_from(IpProtocol::HopByHop, &bytes), refused, "only as the first");
    }

    #[test]
    fn unknown_options_say_what_to_do() {
        let option = |kind: u8| walk_from(IpProtocol::Ipv6Opts, &[17, 0, kind, 1, 0, 0, 0, 0]);
        assert!(matches!(option(0x1e), Walk::End(_)), "pass over");
        assert_eq!(option(0x5e), Walk::Dropped);
        assert_eq!(option(0x9e), Walk::Refused(Problem::Option(2), RefusedFor::Anybody));
        assert_eq!(option(0xde), Walk::Refused(Problem::Option(2), RefusedFor::Us));
    }

    #[test]
    fn chains_and_options_without_end_are_dropped() {
        let chain: Vec<u8> = [60, 0, 1, 4, 0, 0, 0, 0].repeat(20);
        assert_eq!(walk_from(IpProtocol::Ipv6Opts, &chain), Walk::Dropped);
        let mut padding = vec![17, 100];
        padding.resize(2 + 806, 0);
        assert_eq!(walk_from(IpProtocol::Ipv6Opts, &padding), Walk::Dropped);
        assert_eq!(walk_from(IpProtocol::Ipv6Opts, &[17, 1, 0, 0, 0, 0, 0, 0]), Walk::Dropped);
    }

    #[test]
    fn a_way_left_to_go_is_refused() {
        let refused = Walk::Refused(Problem::Field(2), RefusedFor::Us);
        assert_eq!(walk_from(IpProtocol::Ipv6Route, &[17, 0, 0, 1, 0, 0, 0, 0]), refused);
        let arrived = walk_from(IpProtocol::Ipv6Route, &[17, 0, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(arrived, Walk::End(_)));
    }
}
