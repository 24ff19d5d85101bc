//! What an administrator says of a service's addresses: whether it makes sense together.

use anyhow::{Context, Error, Result, bail, ensure};
use fleet::address::shown;
use fleet::identity::{check_gateway, is_same, too_wide_for};
use net::AddressSource;
use net::limits::{ADDRESSES_MAX, PATH_MTU_V6_BYTES_MIN};
use std::net::IpAddr;

/// The addresses and gateways asked for; from servers and routers if none is.
///
/// # Errors
/// If they contradict each other.
pub fn choose(
    asked: &[AddressSource],
    gateways: &[IpAddr],
) -> Result<(Vec<AddressSource>, Vec<IpAddr>)> {
    let addresses = match asked {
        [] => vec![AddressSource::Dhcp, AddressSource::Advertisements],
        _ => asked.to_vec(),
    };
    ensure!(addresses.len() <= ADDRESSES_MAX, "--address: at most {ADDRESSES_MAX} can be given");
    for (index, source) in addresses.iter().enumerate() {
        let mut others = addresses[..index].iter();
        if others.any(|other| is_same(other, source)) {
            bail!("--address {}: it is given twice", shown(source));
        }
    }
    for (index, gateway) in gateways.iter().enumerate() {
        let is_second = gateways[..index].iter().any(|other| other.is_ipv4() == gateway.is_ipv4());
        let family = if gateway.is_ipv4() { "IPv4" } else { "IPv6" };
        ensure!(!is_second, "--gateway {gateway}: there is one for {family} already");
        let checked = check_gateway(*gateway, &addresses).map_err(Error::msg);
        checked.with_context(|| format!("--gateway {gateway}"))?;
    }
    Ok((addresses, gateways.to_vec()))
}

/// IPv6 has to be left out of links that are too narrow for it.
///
/// # Errors
/// If it was asked for there.
pub fn check_mtu(asked: &[AddressSource], mtu_bytes: u32) -> Result<()> {
    match too_wide_for(asked, mtu_bytes) {
        Some(source) => bail!(
            "IPv6 needs an MTU of {PATH_MTU_V6_BYTES_MIN} bytes, and this one has {mtu_bytes}: \
             raise it, or leave --address {} out",
            shown(source)
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleet::address::parse;

    fn chosen(addresses: &[&str], gateways: &[&str]) -> Result<usize, String> {
        let addresses: Vec<_> = addresses.iter().map(|text| parse(text).unwrap()).collect();
        let gateways: Vec<_> = gateways.iter().map(|text| text.parse().unwrap()).collect();
        let chosen = choose(&addresses, &gateways).map_err(|error| format!("{error:#}"))?;
        assert_eq!(chosen.1, gateways);
        Ok(chosen.0.len())
    }

    #[test]
    fn who_says_nothing_asks_the_network() {
        assert_eq!(chosen(&[], &[]), Ok(2));
        assert_eq!(chosen(&["dhcp"], &[]), Ok(1));
    }

    #[test]
    fn gateways_are_neighbours() {
        let both = ["10.1.0.2/24", "fd00::2/64"];
        assert_eq!(chosen(&both, &["10.1.0.1", "fd00::1"]), Ok(2));
        assert_eq!(chosen(&both, &["fe80::1"]), Ok(2));
        assert_eq!(chosen(&["dhcp"], &["192.0.2.1"]), Ok(1));
        for (gateways, hint) in [
            (&["10.1.1.1"][..], "in no network of its addresses"),
            (&["10.1.0.2"], "its own address"),
            (&["10.1.0.0"], "the address of the network of 10.1.0.2/24"),
            (&["10.1.0.255"], "the broadcast address of 10.1.0.2/24"),
            (&["10.1.0.1", "10.1.0.3"], "one for IPv4 already"),
            (&["224.0.0.1"], "no router can have"),
            (&["fd01::1"], "in no network of its addresses"),
        ] {
            let said = chosen(&both, gateways).unwrap_err();
            assert!(said.contains(hint.trim_start_matches("its ")), "{gateways:?}: {said}");
        }
    }

    #[test]
    fn who_has_no_network_has_a_gateway_anywhere() {
        assert_eq!(chosen(&["192.0.2.9/32"], &["10.0.0.1"]), Ok(1));
        assert_eq!(chosen(&["2001:db8::9/128"], &["fd00::1"]), Ok(1));
        assert_eq!(chosen(&["10.1.0.2/24", "192.0.2.9/32"], &["198.51.100.1"]), Ok(2));
        assert_eq!(chosen(&["10.0.0.1/31"], &["10.0.0.0"]), Ok(1), "a network of two");
        for (address, gateway) in [
            ("192.0.2.9/32", "192.0.2.9"),
            ("192.0.2.9/32", "fd00::1"),
            ("2001:db8::9/128", "10.0.0.1"),
            ("192.0.2.9/31", "10.0.0.1"),
            ("2001:db8::9/127", "fd00::1"),
        ] {
            assert!(chosen(&[address], &[gateway]).is_err(), "{address} {gateway}");
        }
    }

    #[test]
    fn each_address_is_given_once_and_not_too_many() {
        let said = chosen(&["10.1.0.2/24", "10.1.0.2/16"], &[]).unwrap_err();
        assert_eq!(said, "--address 10.1.0.2/16: it is given twice");
        assert!(chosen(&["dhcp", "dhcp"], &[]).is_err());
        let many: Vec<_> = (1..=17).map(|host| format!("10.1.0.{host}/24")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(chosen(&many, &[]).unwrap_err().contains("at most 16"));
    }

    #[test]
    fn narrow_links_carry_no_ipv6() {
        let sources = |texts: &[&str]| texts.iter().map(|text| parse(text).unwrap()).collect();
        let six: Vec<_> = sources(&["10.1.0.2/24", "fd00::2/64"]);
        assert!(check_mtu(&six, 1280).is_ok());
        assert!(check_mtu(&six, 1279).unwrap_err().to_string().contains("fd00::2/64"));
        let four: Vec<_> = sources(&["10.1.0.2/24", "dhcp"]);
        assert!(check_mtu(&four, 576).is_ok());
    }
}
