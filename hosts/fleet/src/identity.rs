//! Who a service is on a link of its own: whether what is said of it makes sense together.

use crate::address::{network_address, shown};
use net::limits::PATH_MTU_V6_BYTES_MIN;
use net::{AddressSource, Prefix, is_host};
use std::net::IpAddr;

/// Whether two sources give the same address.
pub fn is_same(one: &AddressSource, other: &AddressSource) -> bool {
    match (one, other) {
        (AddressSource::Fixed(one), AddressSource::Fixed(other)) => one.address == other.address,
        _ => one == other,
    }
}

/// A gateway is a neighbour: it is in a network that is on the link, or its address is of no other. Who
/// has the address of a single host has no network, as clouds lend them: any may be on the link.
///
/// # Errors
/// Says why it can be none.
pub fn check_gateway(gateway: IpAddr, addresses: &[AddressSource]) -> Result<(), String> {
    if !is_host(gateway) {
        return Err("no router can have this address".to_owned());
    }
    let mut may_be_there = matches!(gateway, IpAddr::V6(own) if own.is_unicast_link_local());
    for source in addresses {
        may_be_there |= match source {
            AddressSource::Fixed(own) if own.address == gateway => {
                return Err("it is the service's own address".to_owned());
            }
            AddressSource::Fixed(own) if own.broadcast().map(IpAddr::V4) == Some(gateway) => {
                return Err(format!("it is the broadcast address of {}", shown(source)));
            }
            AddressSource::Fixed(own) if network_address(*own).map(IpAddr::V4) == Some(gateway) => {
                return Err(format!("it is the address of the network of {}", shown(source)));
            }
            AddressSource::Fixed(own) => own.contains(gateway) || is_without_network(own, gateway),
            AddressSource::Dhcp => gateway.is_ipv4(),
            AddressSource::Advertisements => gateway.is_ipv6(),
        };
    }
    let nowhere = "it is in no network of its addresses, so no neighbour can be asked for it";
    if may_be_there { Ok(()) } else { Err(nowhere.to_owned()) }
}

/// Whether an address of the gateway's family is one host's alone.
fn is_without_network(own: &Prefix, gateway: IpAddr) -> bool {
    let all_bits = if own.address.is_ipv4() { 32 } else { 128 };
    own.bits == all_bits && own.address.is_ipv4() == gateway.is_ipv4()
}

/// The first address that needs a wider link than this, which is of IPv6.
pub fn too_wide_for(addresses: &[AddressSource], mtu_bytes: u32) -> Option<&AddressSource> {
    let is_v6 = |source: &&AddressSource| match source {
        AddressSource::Fixed(own) => own.address.is_ipv6(),
        AddressSource::Dhcp => false,
        AddressSource::Advertisements => true,
    };
    addresses.iter().find(is_v6).filter(|_| mtu_bytes < PATH_MTU_V6_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::parse;

    #[test]
    fn gateways_are_neighbours() {
        let both: Vec<_> = ["10.1.0.2/24", "fd00::2/64"].map(|text| parse(text).unwrap()).to_vec();
        for (gateway, hint) in [
            ("10.1.0.1", None),
            ("fd00::1", None),
            ("fe80::1", None),
            ("10.1.1.1", Some("in no network")),
            ("10.1.0.2", Some("own address")),
            ("10.1.0.255", Some("the broadcast address of 10.1.0.2/24")),
            ("10.1.0.0", Some("the address of the network of 10.1.0.2/24")),
            ("224.0.0.1", Some("no router can have")),
            ("fd01::1", Some("in no network")),
        ] {
            let said = check_gateway(gateway.parse().unwrap(), &both).err();
            let is_right = match (hint, &said) {
                (None, None) => true,
                (Some(hint), Some(said)) => said.contains(hint),
                _ => false,
            };
            assert!(is_right, "{gateway}: {said:?}");
        }
        let single = parse("192.0.2.7/32").unwrap();
        for source in [AddressSource::Dhcp, single] {
            assert!(check_gateway("192.0.2.1".parse().unwrap(), &[source]).is_ok());
        }
    }

    #[test]
    fn narrow_links_carry_no_ipv6() {
        let sources = ["10.1.0.2/24", "fd00::2/64"].map(|text| parse(text).unwrap());
        assert_eq!(too_wide_for(&sources, 1280), None);
        assert_eq!(too_wide_for(&sources, 1279), Some(&sources[1]));
        assert_eq!(too_wide_for(&sources[..1], 576), None);
    }
}
