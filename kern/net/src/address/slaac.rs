//! IPv6 addresses that a host makes for itself (RFC 4862).

use super::Prefix;
use crate::stack::Stack;
use core::net::{IpAddr, Ipv6Addr};
use smoltcp::wire::EthernetAddress;

/// How long the network's part of such an address is, in bits.
const PREFIX_BITS: u8 = 64;

impl Stack {
    /// Our address in a network: from a secret, if there is one (RFC 7217 §5), or from the MAC
    /// (RFC 4291, appendix A).
    pub(crate) fn interface_address(&self, network: Ipv6Addr) -> Prefix {
        let network_bits = network.to_bits() >> PREFIX_BITS << PREFIX_BITS;
        let host = match self.stable {
            Some(stable) => stable.hash(&[&network.octets()[..8], &self.wire.mac]),
            None => EthernetAddress(self.wire.mac).as_eui_64().map_or(1, u64::from_be_bytes),
        };
        let address = Ipv6Addr::from_bits(network_bits | u128::from(host));
        Prefix { address: IpAddr::V6(address), bits: PREFIX_BITS }
    }
}
