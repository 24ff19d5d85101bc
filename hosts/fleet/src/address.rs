//! Network addresses as people write them.

use net::{AddressSource, Prefix, is_host};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// Reads where an address comes from: `dhcp`, `slaac`, or an address with the length of its prefix.
///
/// # Errors
/// Says what is wrong with it, and what to write.
pub fn parse(text: &str) -> Result<AddressSource, String> {
    match text {
        "dhcp" => Ok(AddressSource::Dhcp),
        "slaac" => Ok(AddressSource::Advertisements),
        _ => fixed(text).map(AddressSource::Fixed),
    }
}

fn fixed(text: &str) -> Result<Prefix, String> {
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let expected = "expected an address such as 10.1.0.2/24 or fd00::2/64, dhcp or slaac";
    let address: IpAddr = address.parse().map_err(|_| expected)?;
    let (usual, most) = if address.is_ipv4() { (24, 32) } else { (64, 128) };
    if bits.is_empty() {
        return Err(format!("the length of its prefix is missing: write {address}/{usual}"));
    }
    let bits = bits.parse().ok().filter(|&bits| bits <= most);
    let bits = bits.ok_or_else(|| format!("a prefix has 0 to {most} bits: {address}/{usual}"))?;
    let prefix = Prefix { address, bits };
    match why_nobodys(prefix) {
        Some(what) => Err(format!("it is {what}, and a service needs an address of its own")),
        None => Ok(prefix),
    }
}

/// The same as people write it.
pub fn shown(source: &AddressSource) -> String {
    match source {
        AddressSource::Fixed(Prefix { address, bits }) => format!("{address}/{bits}"),
        AddressSource::Dhcp => "dhcp".to_owned(),
        AddressSource::Advertisements => "slaac".to_owned(),
    }
}

/// Why no single host can have this address; `None` if one can.
fn why_nobodys(prefix: Prefix) -> Option<&'static str> {
    let Prefix { address, bits } = prefix;
    if !is_host(address) {
        return Some(match address {
            _ if address.is_unspecified() => "the unspecified address",
            _ if address.is_loopback() => "the loopback of each machine",
            _ if address.is_multicast() => "the address of a group (multicast)",
            _ => "reserved",
        });
    }
    match address {
        IpAddr::V4(own) if prefix.broadcast() == Some(own) => {
            Some("its network's broadcast address")
        }
        IpAddr::V4(own) if network_address(prefix) == Some(own) => Some("its network's address"),
        IpAddr::V6(own) if bits < 127 && own.to_bits() << bits == 0 => {
            Some("the address of any router of its network")
        }
        _ => None,
    }
}

/// The address of an IPv4 network itself, which no station has; networks of one or two have none.
pub fn network_address(prefix: Prefix) -> Option<Ipv4Addr> {
    let IpAddr::V4(address) = prefix.address else { return None };
    let host_bits = u32::MAX >> prefix.bits.min(31);
    (prefix.bits < 31).then(|| Ipv4Addr::from_bits(address.to_bits() & !host_bits))
}

/// An Ethernet address of a single station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl FromStr for Mac {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected six bytes such as 02:00:00:12:34:56";
        let mut parts = text.split([':', '-']);
        let mut next = || {
            let part = parts.next().filter(|part| part.len() == 2 && !part.starts_with('+'))?;
            u8::from_str_radix(part, 16).ok()
        };
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            *byte = next().ok_or(expected)?;
        }
        match (parts.next(), bytes) {
            (Some(_), _) => Err(expected.into()),
            (None, [0, 0, 0, 0, 0, 0]) => Err("it is nobody's".into()),
            (None, [first, ..]) if first & 1 != 0 => {
                Err("it is the address of a group: its first byte must be even".into())
            }
            (None, bytes) => Ok(Self(bytes)),
        }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, others @ ..] = self.0;
        write!(out, "{first:02x}")?;
        others.iter().try_for_each(|byte| write!(out, ":{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_prefix_and_are_one_hosts() {
        assert_eq!(parse("dhcp"), Ok(AddressSource::Dhcp));
        assert_eq!(parse("slaac"), Ok(AddressSource::Advertisements));
        for (text, bits) in [("10.1.0.2", 24), ("10.0.0.0", 31), ("fd00::2", 64), ("fd00::", 128)] {
            let address = text.parse().unwrap();
            let expected = AddressSource::Fixed(Prefix { address, bits });
            assert_eq!(parse(&format!("{text}/{bits}")), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for (text, hint) in [
            ("10.1.0.2", "write 10.1.0.2/24"),
            ("fd00::2", "write fd00::2/64"),
            ("10.1.0.2/", "write 10.1.0.2/24"),
            ("10.1.0.2/33", "0 to 32 bits"),
            ("fd00::2/129", "0 to 128 bits"),
            ("fd00::2/x", "0 to 128 bits"),
            ("", "expected an address"),
            ("10.1.0/24", "expected an address"),
            ("localhost/8", "expected an address"),
            ("0.0.0.0/0", "unspecified"),
            ("::/0", "unspecified"),
            ("127.0.0.1/8", "loopback"),
            ("::1/128", "loopback"),
            ("224.0.0.1/4", "group"),
            ("ff02::1/16", "group"),
            ("255.255.255.255/32", "reserved"),
            ("::ffff:10.0.0.1/96", "reserved"),
            ("10.1.0.0/24", "network's address"),
            ("10.1.0.255/24", "broadcast"),
            ("fd00::/64", "any router"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(hint), "{text}: {said}");
        }
    }

    #[test]
    fn stations_are_single() {
        for text in ["02:00:00:12:34:5f", "02-00-00-12-34-5F"] {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "02:00:00:12:34:5f");
        }
        for (text, hint) in [
            ("", "six bytes"),
            ("02:00:00:12:34", "six bytes"),
            ("02:00:00:12:34:56:78", "six bytes"),
            ("02:00:00:12:34:+6", "six bytes"),
            ("2:00:00:12:34:56", "six bytes"),
            ("00:00:00:00:00:00", "nobody's"),
            ("01:00:5e:00:00:01", "group"),
            ("ff:ff:ff:ff:ff:ff", "group"),
        ] {
            let said = text.parse::<Mac>().unwrap_err();
            assert!(said.contains(hint), "{text}: {said}");
        }
    }
}
