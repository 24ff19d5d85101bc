//! Clients by their addresses: a host, or a network.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// Bits of an IPv6 address before the IPv4 address that it holds (RFC 4291 §2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// The addresses that agree with one in their first bits. An IPv4 address is one however it is
/// written: networks of IPv4-mapped IPv6 addresses become networks of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    length_bits: u8,
}

impl Network {
    /// The addresses that share the first `length_bits` bits of `address`; `None` if it has not so
    /// many, or if a later bit of it is set.
    pub fn new(address: IpAddr, length_bits: u8) -> Option<Self> {
        let (address, length_bits) = unmapped(address, length_bits);
        let network = Self { address, length_bits };
        let is_one =
            length_bits <= width_bits(address) && network.later_bits() & bits(address) == 0;
        is_one.then_some(network)
    }

    /// One address.
    pub fn host(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, length_bits: width_bits(address) }
    }

    /// Whether it is one address only.
    pub fn is_host(&self) -> bool {
        self.length_bits == width_bits(self.address)
    }

    /// Whether `address` belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        (self.first()..=self.last()).contains(&address.to_canonical())
    }

    /// Its lowest address.
    pub(super) fn first(&self) -> IpAddr {
        self.address
    }

    /// Its highest address.
    pub(super) fn last(&self) -> IpAddr {
        let bits = bits(self.address) | self.later_bits();
        match self.address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(bits as u32).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// Ones in place of the bits in which its addresses differ.
    fn later_bits(&self) -> u128 {
        let count = u32::from(width_bits(self.address) - self.length_bits);
        1_u128.checked_shl(count).map_or(u128::MAX, |next| next - 1)
    }
}

/// The address behind `address`, where the order of addresses is that of [`IpAddr`]: IPv4 first.
pub(super) fn successor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some(Ipv6Addr::UNSPECIFIED.into()),
        IpAddr::V4(address) => Some(Ipv4Addr::from_bits(address.to_bits() + 1).into()),
        IpAddr::V6(address) => {
            address.to_bits().checked_add(1).map(|bits| Ipv6Addr::from_bits(bits).into())
        }
    }
}

fn unmapped(address: IpAddr, length_bits: u8) -> (IpAddr, u8) {
    match (address.to_canonical(), length_bits.checked_sub(MAPPED_BITS)) {
        (canonical, Some(rest)) if canonical != address => (canonical, rest),
        _ => (address, length_bits),
    }
}

fn width_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// No address, no network, or one that says more than its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    /// Reads `ADDRESS` or `ADDRESS/BITS`.
    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| NoNetwork);
        match text.split_once('/') {
            None => address(text).map(Self::host),
            Some((first, bits)) => {
                let is_number = bits.bytes().all(|byte| byte.is_ascii_digit());
                let bits = bits.parse().ok().filter(|_| is_number).ok_or(NoNetwork)?;
                Self::new(address(first)?, bits).ok_or(NoNetwork)
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() {
            return write!(formatter, "{}", self.address);
        }
        write!(formatter, "{}/{}", self.address, self.length_bits)
    }
}
