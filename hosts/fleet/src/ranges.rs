//! Ranges from which each service of a group takes the next: ports, VLANs, addresses.

use crate::address::Mac;
use crate::pattern::{Names, Pattern};
use net::{AddressSource, Prefix, is_host};
use posix::Vlan;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use toml::de::DeValue;

/// Addresses and ports to listen at.
#[derive(Clone, Debug)]
pub(crate) struct ListenRange {
    address: Pattern,
    first: u16,
    last: u16,
}

/// What is wanted of text that says where to listen.
const LISTEN: &str = "an address and a port, such as \"127.0.0.1:2049\" or \"[::1]:2049\", or a range \
                      of ports, such as \"127.0.0.1:20000-29999\"";

impl ListenRange {
    /// Reads `ADDRESS:PORT` or `ADDRESS:FIRST-LAST`.
    pub(crate) fn read(value: &DeValue<'_>) -> Result<Self, String> {
        let (address, ports) =
            value.as_str().and_then(|text| text.rsplit_once(':')).ok_or(LISTEN)?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let port = |text: &str| text.parse::<u16>().map_err(|_| LISTEN);
        let (first, last) = (port(first)?, port(last)?);
        if first > last || first == 0 && last != 0 {
            return Err("a range of ports from a smaller to a larger, none of them 0".to_owned());
        }
        let range = Self { address: Pattern::read(address)?, first, last };
        if range.address.is_plain() {
            range.nth(0, &Names::default())?;
        }
        Ok(range)
    }

    /// Where the service at this position of its group listens. A single port is for all.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn nth(&self, position: u64, names: &Names<'_>) -> Result<SocketAddr, String> {
        let address = self.address.fill(names)?;
        let address = address.parse::<Ipv4Addr>().map(IpAddr::V4).ok().or_else(|| {
            let inside = address.strip_prefix('[')?.strip_suffix(']')?;
            inside.parse::<Ipv6Addr>().map(IpAddr::V6).ok()
        });
        let address = address.ok_or(LISTEN)?;
        let ports = u64::from(self.last - self.first) + 1;
        let position = if ports == 1 { 0 } else { position };
        if position >= ports {
            return Err(format!("a range of more than {ports} ports"));
        }
        // It is less than the range has, and the range ends at a port.
        Ok(SocketAddr::new(address, self.first + position as u16))
    }
}

/// VLANs of a switch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VlanRange {
    first: Vlan,
    last: Vlan,
}

impl VlanRange {
    /// Reads a number or `"FIRST-LAST"`.
    pub(crate) fn read(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a VLAN from 1 to 4094, or a range such as \"100-199\"";
        if value.as_integer().is_some() {
            let one = vlan(value).map_err(|_| expected)?;
            return Ok(Self { first: one, last: one });
        }
        let (first, last) = value.as_str().and_then(|text| text.split_once('-')).ok_or(expected)?;
        let one = |text: &str| text.parse().ok().and_then(Vlan::new).ok_or(expected);
        let (first, last) = (one(first)?, one(last)?);
        if first > last {
            return Err("a range from a smaller VLAN to a larger".to_owned());
        }
        Ok(Self { first, last })
    }

    /// The VLAN of the service at this position of its group. A single VLAN is for all.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn nth(self, position: u64) -> Result<Vlan, String> {
        let (first, last) = (u64::from(self.first.number()), u64::from(self.last.number()));
        let number = if first == last { first } else { first.saturating_add(position) };
        let vlan = u16::try_from(number).ok().filter(|&number| u64::from(number) <= last);
        vlan.and_then(Vlan::new)
            .ok_or_else(|| format!("a range of more than {} VLANs", last - first + 1))
    }
}

/// Reads the number of a VLAN.
pub(crate) fn vlan(value: &DeValue<'_>) -> Result<Vlan, String> {
    let number = crate::values::number(1, 4094)(value)?;
    u16::try_from(number).ok().and_then(Vlan::new).ok_or_else(|| "a VLAN from 1 to 4094".to_owned())
}

/// The address so many steps after another, as a host has it in the same network. What servers and
/// routers give is the same for all.
///
/// # Errors
/// What was expected.
pub(crate) fn nth_address(first: AddressSource, steps: u64) -> Result<AddressSource, String> {
    let AddressSource::Fixed(prefix) = first else { return Ok(first) };
    let address = match prefix.address {
        IpAddr::V4(address) => {
            let bits =
                u32::try_from(steps).ok().and_then(|steps| address.to_bits().checked_add(steps));
            bits.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(address) => {
            address.to_bits().checked_add(steps.into()).map(|bits| IpAddr::V6(bits.into()))
        }
    };
    let is_possible = |&address: &IpAddr| {
        let is_broadcast = prefix.broadcast().map(IpAddr::V4) == Some(address);
        prefix.contains(address) && !is_broadcast && is_host(address)
    };
    let address = address.filter(is_possible).ok_or_else(|| {
        let Prefix { address, bits } = prefix;
        format!(
            "a network of more addresses: {address}/{bits} ends before address {}",
            steps.saturating_add(1)
        )
    })?;
    Ok(AddressSource::Fixed(Prefix { address, ..prefix }))
}

/// The Ethernet address so many after another.
///
/// # Errors
/// What was expected.
pub(crate) fn nth_mac(first: Mac, steps: u64) -> Result<Mac, String> {
    let [a, b, c, d, e, f] = first.0;
    let number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]).saturating_add(steps);
    let [0, 0, bytes @ ..] = number.to_be_bytes() else {
        return Err("an Ethernet address that enough others follow".to_owned());
    };
    if bytes[0] & 1 != 0 {
        return Err("an Ethernet address that enough others follow which are no groups'".to_owned());
    }
    Ok(Mac(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address;

    fn value(text: &str) -> DeValue<'_> {
        DeValue::parse(text).unwrap().into_inner()
    }

    #[test]
    fn ports_are_taken_one_after_another() {
        let range = |text: &str| ListenRange::read(&value(&format!("\"{text}\"")));
        let nth = |text: &str, position| range(text)?.nth(position, &Names::default());
        assert_eq!(nth("127.0.0.1:5-7", 2), Ok("127.0.0.1:7".parse().unwrap()));
        assert_eq!(nth("[::1]:5", 9), Ok("[::1]:5".parse().unwrap()));
        assert!(nth("127.0.0.1:5-7", 3).unwrap_err().contains("more than 3"));
        assert_eq!(nth("127.0.0.1:0", 70_000), Ok("127.0.0.1:0".parse().unwrap()));
        for text in
            ["", "5", "127.0.0.1", "::1:5", "a:5", "127.0.0.1:65536", "[1.2.3.4]:5", "1.2.3.4:7-"]
        {
            assert!(range(text).unwrap_err().contains("a range of ports"), "{text}");
        }
        assert!(range("127.0.0.1:7-5").is_err() && range("127.0.0.1:0-5").is_err());
        let patterned = range("10.0.0.{index}:5").unwrap();
        let names = Names { index: Some(9), ..Names::default() };
        assert_eq!(patterned.nth(0, &names), Ok("10.0.0.9:5".parse().unwrap()));
    }

    #[test]
    fn vlans_are_taken_one_after_another() {
        let nth = |text: &str, position| VlanRange::read(&value(text))?.nth(position);
        assert_eq!(nth("7", 500).map(Vlan::number), Ok(7));
        assert_eq!(nth("\"100-199\"", 99).map(Vlan::number), Ok(199));
        assert!(nth("\"100-199\"", 100).unwrap_err().contains("more than 100"));
        for text in ["0", "4095", "\"7\"", "\"0-5\"", "\"9-4095\"", "true"] {
            assert!(nth(text, 0).unwrap_err().contains("a VLAN from 1 to 4094"), "{text}");
        }
        assert!(nth("\"9-5\"", 0).is_err());
    }

    #[test]
    fn addresses_stay_in_their_network() {
        let nth = |text: &str, steps| {
            let AddressSource::Fixed(first) = nth_address(address::parse(text).unwrap(), steps)?
            else {
                return Err("none".to_owned());
            };
            Ok(first.address.to_string())
        };
        assert_eq!(nth("10.1.0.2/16", 10_000).as_deref(), Ok("10.1.39.18"));
        assert_eq!(nth("10.1.0.2/24", 252).as_deref(), Ok("10.1.0.254"));
        assert!(nth("10.1.0.2/24", 253).unwrap_err().contains("ends before address 254"));
        assert!(nth("10.1.0.2/24", u64::MAX).is_err());
        assert_eq!(nth("fd00::2/64", 1 << 40).as_deref(), Ok("fd00::100:0:2"));
        assert!(nth("fd00::2/126", 2).is_err());
        assert_eq!(nth_address(AddressSource::Dhcp, 9), Ok(AddressSource::Dhcp));
    }

    #[test]
    fn stations_follow_each_other() {
        let first: Mac = "02:00:00:00:00:ff".parse().unwrap();
        assert_eq!(nth_mac(first, 1).unwrap().to_string(), "02:00:00:00:01:00");
        assert!(nth_mac(first, 1 << 40).is_err() && nth_mac(first, u64::MAX).is_err());
    }
}
