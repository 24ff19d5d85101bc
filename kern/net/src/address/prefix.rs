//! Addresses that begin alike.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, and how many of its first bits name the network that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The address: of a host, or of the network itself.
    pub address: IpAddr,
    /// The network's part, in bits; more than the address has are all of them.
    pub bits: u8,
}

impl Prefix {
    /// Whether `other` is in the same network.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.bits.min(32))
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.bits.min(128))
            }
            _ => false,
        }
    }

    /// The address that means everybody in this network, where there is one (RFC 3021: a network
    /// of two addresses has none).
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(own) if self.bits < 31 => {
                Some(Ipv4Addr::from_bits(own.to_bits() | u32::MAX >> self.bits))
            }
            _ => None,
        }
    }
}

/// The group in which an IPv6 address is asked for (RFC 4291 §2.7.1).
pub fn solicited_group(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]))
}

/// Whether an address can be a single host's, who sends and is sent to.
pub fn is_host(address: IpAddr) -> bool {
    let is_reserved = match address {
        IpAddr::V4(address) => address.octets()[0] == 0 || address.octets()[0] >= 240,
        IpAddr::V6(address) => address.to_ipv4_mapped().is_some(),
    };
    !(is_reserved || address.is_unspecified() || address.is_multicast() || address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(address: &str, bits: u8) -> Prefix {
        Prefix { address: address.parse().unwrap(), bits }
    }

    #[test]
    fn a_prefix_contains_its_network() {
        for (network, bits, other, is_in) in [
            ("10.1.2.3", 24, "10.1.2.255", true),
            ("10.1.2.3", 24, "10.1.3.3", false),
            ("10.1.2.3", 0, "255.0.0.1", true),
            ("10.1.2.3", 32, "10.1.2.3", true),
            ("10.1.2.3", 200, "10.1.2.2", false),
            ("fd00::1", 64, "fd00::ffff:1", true),
            ("fd00::1", 64, "fd00:0:0:1::1", false),
            ("fd00::1", 0, "10.0.0.1", false),
        ] {
            assert_eq!(prefix(network, bits).contains(other.parse().unwrap()), is_in, "{other}");
        }
    }

    #[test]
    fn networks_have_an_address_for_everybody() {
        assert_eq!(prefix("10.1.2.3", 20).broadcast(), Some(Ipv4Addr::new(10, 1, 15, 255)));
        assert_eq!(prefix("10.1.2.3", 0).broadcast(), Some(Ipv4Addr::BROADCAST));
        assert_eq!(
            (prefix("10.1.2.3", 31).broadcast(), prefix("fd00::", 8).broadcast()),
            (None, None)
        );
    }

    #[test]
    fn only_single_hosts_speak() {
        for strange in
            ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1"]
        {
            assert!(!is_host(strange.parse().unwrap()), "{strange}");
        }
        assert!(is_host("10.0.0.1".parse().unwrap()) && is_host("fe80::1".parse().unwrap()));
        assert!(
            !is_host("ff02::1".parse().unwrap()) && !is_host("::ffff:1.2.3.4".parse().unwrap())
        );
    }
}
