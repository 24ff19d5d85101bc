//! Ethernet: which frames are for us, and what they carry (RFC 894, RFC 2464).
//!
//! Frames are DIX frames; those whose third field is a length (IEEE 802.3 with LLC) carry nothing
//! that we speak. A frame that claims to come from a group, or from us, is dropped.

use core::net::Ipv6Addr;
use smoltcp::wire::{EthernetAddress, EthernetFrame, EthernetProtocol};

/// A frame that is for us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    /// Who sent it.
    pub(crate) source: [u8; 6],
    /// To whom.
    pub(crate) reach: Reach,
    pub(crate) protocol: EthernetProtocol,
    /// What it carries; with padding, if it is short.
    pub(crate) payload: &'a [u8],
}

/// Whom something was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Us alone.
    Us,
    /// A group that we may be in.
    Group,
    /// Everybody on the link.
    Everybody,
}

/// Takes a frame if it may be for the station `mac`.
pub(crate) fn arrived(bytes: &[u8], mac: [u8; 6]) -> Option<Arrived<'_>> {
    let frame = EthernetFrame::new_checked(bytes).ok()?;
    let (source, destination) = (frame.src_addr(), frame.dst_addr());
    let reach = match destination {
        EthernetAddress(to) if to == mac => Reach::Us,
        to if to.is_broadcast() => Reach::Everybody,
        to if to.is_multicast() => Reach::Group,
        _ => return None,
    };
    (source.is_unicast() && source.0 != mac).then(|| Arrived {
        source: source.0,
        reach,
        protocol: frame.ethertype(),
        payload: frame.payload(),
    })
}

/// The station address of an IPv6 group (RFC 2464 §7).
pub(crate) fn group(address: Ipv6Addr) -> [u8; 6] {
    let [.., a, b, c, d] = address.octets();
    [0x33, 0x33, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn frame(to: [u8; 6], from: [u8; 6]) -> [u8; 20] {
        let mut bytes = [0; 20];
        let mut frame = EthernetFrame::new_unchecked(&mut bytes);
        frame.set_dst_addr(EthernetAddress(to));
        frame.set_src_addr(EthernetAddress(from));
        frame.set_ethertype(EthernetProtocol::Ipv4);
        bytes
    }

    #[test]
    fn frames_for_us_and_for_groups_are_taken() {
        let reach = |to, from| arrived(&frame(to, from), MAC).map(|frame| frame.reach);
        let other = [2, 0, 0, 0, 0, 9];
        assert_eq!(reach(MAC, other), Some(Reach::Us));
        assert_eq!(reach([0xff; 6], other), Some(Reach::Everybody));
        assert_eq!(reach(group("ff02::1:ff00:1".parse().unwrap()), other), Some(Reach::Group));
        assert_eq!(reach(other, other), None, "somebody else's");
        assert_eq!(reach(MAC, MAC), None, "our own come back");
        assert_eq!(reach(MAC, [0xff; 6]), None, "groups do not speak");
        assert!(arrived(&frame(MAC, other)[..13], MAC).is_none(), "cut off");
    }
}
