//! What an administrator says of a service's place in the network.

use crate::address::Prefix;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Who the service is on its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its Ethernet address; one of a single station.
    pub mac: [u8; 6],
    /// Where its addresses come from; at most [`crate::limits::ADDRESSES_MAX`] count.
    pub addresses: Vec<AddressSource>,
    /// Routers for all that is not on the link; the first of each family that answers is used.
    pub gateways: Vec<IpAddr>,
    /// Whether to ask, before an IPv6 address is used, if somebody else has it (RFC 4862 §5.4).
    /// That takes a second.
    pub detects_duplicates: bool,
    /// From what IPv6 addresses are made: a secret that stays with the service (RFC 7217), so that
    /// they stay too and do not tell the MAC. `None`: from the MAC (RFC 4291, appendix A).
    pub stable_secret: Option<[u8; 16]>,
}

/// Where addresses come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// The administrator: address and length of the prefix that is on the link.
    Fixed(Prefix),
    /// A DHCP server (RFC 2131): one IPv4 address, and a gateway. It is asked for before it is
    /// used, in any case.
    Dhcp,
    /// The routers' advertisements (RFC 4862): IPv6 addresses and gateways.
    Advertisements,
}
