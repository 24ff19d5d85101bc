//! Neighbour discovery: station addresses of IPv6 neighbours (RFC 4861 §7).

use super::{Claim, Question};
use crate::address::solicited_group;
use crate::frame::Draft;
use crate::ip::Arrived;
use crate::stack::Stack;
use abi::Instant;
use core::net::{IpAddr, Ipv6Addr};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, Icmpv6Packet, Icmpv6Repr, IpProtocol, NdiscNeighborFlags, NdiscRepr,
    RawHardwareAddress,
};

/// What discovery is sent with and must arrive with: a router in between would have taken one off.
pub(crate) const HOP_LIMIT: u8 = 255;

/// Everybody on the link.
pub(crate) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

impl Stack {
    /// Takes a question for a neighbour (§7.2.3).
    pub(crate) fn neighbour_solicited(
        &mut self,
        packet: &Arrived<'_>,
        target: Ipv6Addr,
        station: Option<RawHardwareAddress>,
        now: Instant,
    ) {
        let (source, of) = (packet.source, IpAddr::V6(target));
        // Who has no address yet asks the group of the one it wants, and nobody can answer it alone (§7.1.1).
        let is_sound = if source.is_unspecified() {
            station.is_none() && packet.destination == IpAddr::V6(solicited_group(target))
        } else {
            self.is_on_link(source)
        };
        if !is_sound {
            return;
        }
        if !self.addresses.is_ours(of) {
            // Somebody else asks for the same address: neither may have it (RFC 4862 §5.4.3).
            if source.is_unspecified() && self.addresses.has(of) {
                self.conflict(of, now);
            }
        } else if source.is_unspecified() {
            self.advertise(target, ALL_NODES, false, now);
        } else if let IpAddr::V6(asker) = source {
            if let Some(station) = station.and_then(mac) {
                self.neighbours.heard(source, station, now, &mut self.wire);
            }
            self.advertise(target, asker, true, now);
        }
    }

    /// Takes a neighbour's advertisement (§7.2.5).
    pub(crate) fn neighbour_advertised(
        &mut self,
        packet: &Arrived<'_>,
        flags: NdiscNeighborFlags,
        target: Ipv6Addr,
        station: Option<RawHardwareAddress>,
        now: Instant,
    ) {
        let of = IpAddr::V6(target);
        let is_to_group = packet.destination.is_multicast();
        let is_answer = flags.contains(NdiscNeighborFlags::SOLICITED);
        if target.is_multicast() || is_to_group && is_answer {
            return;
        }
        if self.addresses.has(of) {
            return self.conflict(of, now);
        }
        if !flags.contains(NdiscNeighborFlags::ROUTER) {
            // It may have been one; the administrator's word stays.
            self.routes.remove_gateway(of);
        }
        let overrides = flags.contains(NdiscNeighborFlags::OVERRIDE);
        let claim = Claim { station: station.and_then(mac), is_answer, overrides };
        self.neighbours.claimed(of, claim, now, &mut self.wire);
    }

    /// Asks for an IPv6 neighbour (§7.2.2).
    pub(crate) fn ask_ndp(&mut self, question: Question, of: Ipv6Addr, now: Instant) {
        if let Some(IpAddr::V6(own)) = self.addresses.source_for(question.of) {
            let lladdr = Some(EthernetAddress(self.wire.mac).into());
            let solicit = NdiscRepr::NeighborSolicit { target_addr: of, lladdr };
            match question.station {
                // Straight to the station: its entry is being probed, and is not asked again.
                Some(station) => self.send_ndp(own, of, solicit, Some(station), now),
                None => self.send_ndp(own, solicited_group(of), solicit, None, now),
            }
        }
    }

    /// Asks whether somebody has an address that we would like to have (RFC 4862 §5.4.2).
    pub(crate) fn probe_ndp(&mut self, address: Ipv6Addr, now: Instant) {
        let solicit = NdiscRepr::NeighborSolicit { target_addr: address, lladdr: None };
        self.send_ndp(Ipv6Addr::UNSPECIFIED, solicited_group(address), solicit, None, now);
    }

    /// Tells everybody that an address is ours (§7.2.6).
    pub(crate) fn announce_ndp(&mut self, address: Ipv6Addr, now: Instant) {
        self.advertise(address, ALL_NODES, false, now);
    }

    fn advertise(&mut self, address: Ipv6Addr, to: Ipv6Addr, is_answer: bool, now: Instant) {
        let mut flags = NdiscNeighborFlags::OVERRIDE;
        flags.set(NdiscNeighborFlags::SOLICITED, is_answer);
        let lladdr = Some(EthernetAddress(self.wire.mac).into());
        let advert = NdiscRepr::NeighborAdvert { flags, target_addr: address, lladdr };
        self.send_ndp(address, to, advert, None, now);
    }

    /// Sends a message of discovery; to `station` if that is given.
    pub(crate) fn send_ndp(
        &mut self,
        from: Ipv6Addr,
        to: Ipv6Addr,
        message: NdiscRepr<'_>,
        station: Option<[u8; 6]>,
        now: Instant,
    ) {
        let bytes = message.buffer_len();
        let mut draft = Draft::new(from.into(), to.into(), IpProtocol::Icmpv6, bytes);
        let mut packet = Icmpv6Packet::new_unchecked(draft.transport());
        let message = Icmpv6Repr::Ndisc(message);
        message.emit(&from, &to, &mut packet, &ChecksumCapabilities::default());
        draft.hop_limit = HOP_LIMIT;
        match station {
            Some(station) => self.send_to_station(draft, station, now),
            None => self.route(draft, now),
        }
    }
}

/// The station that an option names, if it is a single one.
pub(crate) fn mac(address: RawHardwareAddress) -> Option<[u8; 6]> {
    let station = EthernetAddress::from_bytes(address.as_bytes().get(..6)?);
    station.is_unicast().then_some(station.0)
}
