//! IPv4 on its way in (RFC 791, RFC 1122 §3.2).
//!
//! Options are walked and, being of no use to a host, passed over; a packet that wants to be routed
//! by its source is dropped (RFC 7126 §4.3).

use super::Arrived;
use super::reassembly::Fragment;
use crate::address::is_host;
use crate::ethernet::Reach;
use crate::stack::{Moment, Stack};
use core::net::{IpAddr, Ipv4Addr};
use hyper::StreamEvent;
use smoltcp::wire::{IPV4_HEADER_LEN, IpProtocol, Ipv4Packet};

/// Where the number of what a packet carries stands in it, in bytes.
const PROTOCOL_AT: u32 = 9;

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

impl Stack {
    /// Takes a packet that a frame carried.
    pub(crate) fn arrived_v4(
        &mut self,
        bytes: &[u8],
        moment: Moment,
        sink: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let Some((packet, header)) = sound_packet(bytes) else { return };
        let Some(reach) = self.reach_v4(&packet, moment.reach) else { return };
        let arrived = Arrived {
            source: packet.src_addr().into(),
            destination: packet.dst_addr().into(),
            protocol: packet.next_header(),
            named_at: PROTOCOL_AT,
            hop_limit: packet.hop_limit(),
            header,
            payload: packet.payload(),
            reach,
            ecn: packet.ecn(),
            is_checked: moment.is_checked,
        };
        match piece(&packet) {
            Some(piece) => self.fragment(arrived, piece, moment, sink),
            None => self.arrived(&arrived, moment, sink),
        }
    }

    /// Whom a packet is for; `None`: for somebody else, or from nobody who may send.
    fn reach_v4(&self, packet: &Ipv4Packet<&[u8]>, by_frame: Reach) -> Option<Reach> {
        let (source, destination) = (packet.src_addr(), packet.dst_addr());
        let (from, to) = (IpAddr::V4(source), IpAddr::V4(destination));
        let is_everybody = |address| {
            address == Ipv4Addr::BROADCAST
                || self.addresses.prefixes().any(|own| own.broadcast() == Some(address))
        };
        if !is_host(from) || self.addresses.has(from) || is_everybody(source) {
            return None;
        }
        if self.addresses.is_ours(to) {
            return Some(by_frame);
        }
        let is_datagram = packet.next_header() == IpProtocol::Udp;
        let is_offer = is_datagram && by_frame == Reach::Us && self.is_searching_lease();
        if is_everybody(destination) || is_offer {
            return Some(Reach::Everybody);
        }
        (destination == Ipv4Addr::new(224, 0, 0, 1)).then_some(Reach::Group)
    }
}

/// A packet that is what it says, and its header.
fn sound_packet(bytes: &[u8]) -> Option<(Ipv4Packet<&[u8]>, &[u8])> {
    let packet = Ipv4Packet::new_checked(bytes).ok()?;
    let header = &bytes[..usize::from(packet.header_len())];
    let is_sound = packet.version() == 4
        && packet.verify_checksum()
        && are_options_harmless(&header[IPV4_HEADER_LEN..]);
    is_sound.then_some((packet, header))
}

/// Which piece of a packet it is, if it is not a whole one.
fn piece(packet: &Ipv4Packet<&[u8]>) -> Option<Fragment> {
    let is_piece = packet.more_frags() || packet.frag_offset() > 0;
    is_piece.then(|| Fragment {
        offset_bytes: packet.frag_offset().into(),
        is_last: !packet.more_frags(),
        id: packet.ident().into(),
    })
}

fn are_options_harmless(mut options: &[u8]) -> bool {
    while let [kind, rest @ ..] = options {
        match *kind {
            END_OF_OPTIONS => return true,
            NO_OPERATION => options = rest,
            LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE => return false,
            _ => match rest.first().map(|length| usize::from(*length)) {
                Some(length) if length >= 2 && length <= options.len() => {
                    options = &options[length..];
                }
                _ => return false,
            },
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_walked() {
        assert!(are_options_harmless(&[]) && are_options_harmless(&[1, 1, 0, 77]));
        assert!(are_options_harmless(&[7, 7, 4, 0, 0, 0, 0, 0]), "record route");
        assert!(!are_options_harmless(&[1, 131, 3, 4]) && !are_options_harmless(&[137, 3, 4, 0]));
        assert!(!are_options_harmless(&[7, 0, 0, 0]), "an option of no length");
        assert!(!are_options_harmless(&[7, 5, 0, 0]) && !are_options_harmless(&[1, 1, 1, 7]));
    }
}
