//! What routers advertise: gateways, networks, and IPv6 addresses that a host makes for itself
//! (RFC 4861 §6.3, RFC 4862 §5.5).
//!
//! Routers are only listened to where the configuration says so. Their hop limit and neighbour
//! times are not taken over: ours do for any network that they could be made for.

use super::{Origin, Prefix, is_link_local};
use crate::ip::Arrived;
use crate::limits::{ADVERTISED_OPTIONS_MAX, PATH_MTU_V6_BYTES_MIN};
use crate::neighbours::ndp;
use crate::stack::Stack;
use abi::Instant;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use smoltcp::wire::{
    EthernetAddress, Icmpv6Packet, NdiscOption, NdiscOptionRepr, NdiscPrefixInfoFlags,
    NdiscPrefixInformation, NdiscRepr,
};

/// How long the network's part of such an address is, in bits.
const PREFIX_BITS: u8 = 64;

/// Every router on the link.
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Questions for routers, and the time between them (RFC 4861 §10).
const SOLICITATIONS: u8 = 3;
const SOLICITATION_INTERVAL: Duration = Duration::from_secs(4);

/// Other addresses that are made when somebody has the first one, and how long after (RFC 7217 §7).
const OTHERS_MAX: u8 = 3;
const OTHER_DELAY: Duration = Duration::from_secs(1);

/// How soon an advertisement, which anybody can forge, may end an address (RFC 4862 §5.5.3 e).
const UNTRUSTED: Duration = Duration::from_secs(2 * 60 * 60);

/// The search for routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Solicitation {
    left: u8,
    /// `None`: once there is an address to ask from.
    next: Option<Instant>,
}

impl Solicitation {
    /// Begins as soon as there is an address to ask from.
    pub(crate) fn new() -> Self {
        Self { left: SOLICITATIONS, next: None }
    }

    /// When to ask.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next.filter(|_| self.left > 0)
    }
}

impl Stack {
    /// Asks for routers, if that is due.
    pub(crate) fn solicit_routers(&mut self, now: Instant) {
        let Some(search) = &mut self.solicitation else { return };
        if search.deadline().is_none_or(|due| due > now) {
            return;
        }
        let own = self.addresses.link_local();
        search.next = own.map(|_| now + SOLICITATION_INTERVAL);
        if let Some(own) = own {
            search.left -= 1;
            let lladdr = Some(EthernetAddress(self.wire.mac).into());
            self.send_ndp(own, ALL_ROUTERS, NdiscRepr::RouterSolicit { lladdr }, None, now);
        }
    }

    /// Asks at once, if only an address to ask from was missing.
    pub(crate) fn may_solicit_routers(&mut self, now: Instant) {
        if let Some(search) = &mut self.solicitation {
            search.next.get_or_insert(now);
        }
    }

    /// Takes a router's advertisement.
    pub(crate) fn router_advertised(&mut self, packet: &Arrived<'_>, now: Instant) {
        let Ok(message) = Icmpv6Packet::new_checked(packet.payload) else { return };
        let Some(search) = self.solicitation.as_mut().filter(|_| is_link_local(packet.source))
        else {
            return;
        };
        search.left = 0;
        match message.router_lifetime().secs() {
            0 => self.routes.remove_gateway(packet.source),
            seconds => self.routes.add_gateway(packet.source, Some(after(seconds, now))),
        }
        let mut options = message.payload();
        for _ in 0..ADVERTISED_OPTIONS_MAX {
            let Ok(option) = NdiscOption::new_checked(options) else { return };
            let length_bytes = usize::from(option.data_len()) * 8;
            if let Ok(option) = NdiscOptionRepr::parse(&option) {
                self.advertised(packet.source, option, now);
            }
            match options.get(length_bytes..) {
                Some(rest) if length_bytes > 0 => options = rest,
                _ => return,
            }
        }
    }

    fn advertised(&mut self, router: IpAddr, option: NdiscOptionRepr<'_>, now: Instant) {
        match option {
            NdiscOptionRepr::SourceLinkLayerAddr(station) => {
                if let Some(station) = ndp::mac(station) {
                    self.neighbours.heard(router, station, now, &mut self.wire);
                }
            }
            NdiscOptionRepr::Mtu(bytes) => {
                self.mtu_v6_bytes = bytes.max(PATH_MTU_V6_BYTES_MIN).min(self.wire.mtu_bytes);
            }
            NdiscOptionRepr::PrefixInformation(prefix) => self.prefix_advertised(&prefix, now),
            _ => {}
        }
    }

    fn prefix_advertised(&mut self, information: &NdiscPrefixInformation, now: Instant) {
        let network = IpAddr::V6(information.prefix);
        let bits = information.prefix_len;
        if bits > 128 || is_link_local(network) || network.is_multicast() {
            return;
        }
        let valid_s = information.valid_lifetime.secs();
        let until = after(valid_s, now);
        if information.flags.contains(NdiscPrefixInfoFlags::ON_LINK) {
            self.routes.add_on_link(Prefix { address: network, bits }, Some(until));
        }
        if information.is_valid_prefix_info() && bits == PREFIX_BITS {
            self.make_address(information.prefix, until, valid_s > 0, now);
        }
    }

    /// Makes an address in an advertised network, or says how long the one that there is lasts. Those
    /// that somebody else has are remembered as long.
    fn make_address(&mut self, network: Ipv6Addr, until: Instant, may_begin: bool, now: Instant) {
        for number in 0..=self.others_max() {
            // That the network is on the link is said by itself, or not at all.
            let own = Prefix { bits: 128, ..self.interface_address(network, number) };
            match self.addresses.advertised_until(own.address) {
                Some(known) => {
                    let until = until.max(known.min(now + UNTRUSTED));
                    self.add_address(own, Origin::Advertised, Some(until), now);
                }
                None if may_begin => self.add_address(own, Origin::Advertised, Some(until), now),
                None => {}
            }
            if !self.addresses.is_taken(own.address) {
                return;
            }
        }
    }

    /// Makes another address in the stead of one that somebody has (RFC 7217 §6). From a MAC only one
    /// can be made: it is tried again later.
    pub(crate) fn make_another(&mut self, taken: Ipv6Addr, origin: Origin, now: Instant) {
        let mut others =
            (0..=self.others_max()).map(|number| self.interface_address(taken, number));
        let Some(other) = others.find(|own| !self.addresses.is_taken(own.address)) else { return };
        let bits = if origin == Origin::LinkLocal { other.bits } else { 128 };
        let until = self.addresses.advertised_until(taken.into());
        self.addresses.leave(taken.into());
        self.addresses.add(Prefix { bits, ..other }, origin, Some(OTHER_DELAY), until, now);
    }

    fn others_max(&self) -> u8 {
        if self.stable.is_some() { OTHERS_MAX } else { 0 }
    }

    /// Our address in a network, or another one with a `number`: from a secret, if there is one (RFC
    /// 7217 §5), or from the MAC (RFC 4291, appendix A), which makes only one.
    pub(crate) fn interface_address(&self, network: Ipv6Addr, number: u8) -> Prefix {
        let network_bits = network.to_bits() >> PREFIX_BITS << PREFIX_BITS;
        let host = match self.stable {
            Some(stable) => stable.hash(&[&network.octets()[..8], &self.wire.mac, &[number]]),
            None => EthernetAddress(self.wire.mac).as_eui_64().map_or(1, u64::from_be_bytes),
        };
        let address = Ipv6Addr::from_bits(network_bits | u128::from(host));
        Prefix { address: IpAddr::V6(address), bits: PREFIX_BITS }
    }
}

fn after(seconds: u64, now: Instant) -> Instant {
    now + Duration::from_secs(seconds)
}
