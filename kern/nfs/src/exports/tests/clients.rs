//! Which line is a client's, against a plain list.

use crate::exports::clients::Clients;
use crate::exports::network::{Network, successor};
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{any, prop_oneof, proptest};
use proptest::prop_assert_eq;
use proptest::strategy::Strategy;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn read(text: &str) -> Network {
    text.parse().unwrap()
}

/// Addresses of both families, most of them near each other and at the ends.
fn address_of_any_kind() -> impl Strategy<Value = IpAddr> {
    let near = prop_oneof![0..16_u32, (0..16_u32).prop_map(|n| u32::MAX - n), any::<u32>()];
    let ends = prop_oneof![0..16_u128, (0..16_u128).prop_map(|n| u128::MAX - n), any::<u128>()];
    prop_oneof![
        near.clone().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        near.prop_map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()),
        ends.prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
    ]
}

/// A network around an address, short prefixes and long ones alike.
pub(super) fn network() -> impl Strategy<Value = Network> {
    (address_of_any_kind(), prop_oneof![0..=3_u8, 124..=128_u8, 0..=128_u8]).prop_map(around)
}

/// The network of so many bits, or of as many as there are.
fn around((address, bits): (IpAddr, u8)) -> Network {
    let masked = |bits: u8| match address {
        IpAddr::V4(address) => {
            let bits = bits.saturating_sub(96).min(32);
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Network::new(Ipv4Addr::from_bits(address.to_bits() & mask).into(), bits)
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Network::new(Ipv6Addr::from_bits(address.to_bits() & mask).into(), bits)
        }
    };
    masked(bits).unwrap()
}

/// As it is written; a host has all bits.
fn length_bits(network: &Network) -> u8 {
    let text = network.to_string();
    text.split_once('/').map_or(u8::MAX, |(_, bits)| bits.parse().unwrap())
}

proptest! {
    #[test]
    fn the_longest_prefix_decides(
        networks in vec(network(), 0..12),
        everybody in option::of(0..3_usize),
        strangers in vec(address_of_any_kind(), 8),
    ) {
        let list: BTreeMap<Network, usize> = networks.into_iter().zip(10..).collect();
        let list: Vec<_> = list.into_iter().collect();
        let clients = Clients::new(list.clone(), everybody);
        let ends = list.iter().flat_map(|(network, _)| {
            let before = |address: &IpAddr| successor(*address) == Some(network.first());
            let edge = [Some(network.first()), Some(network.last()), successor(network.last())];
            edge.into_iter().flatten().chain(strangers.iter().copied().filter(before))
        });
        for client in ends.chain(strangers.iter().copied()).collect::<Vec<_>>() {
            let around = list.iter().filter(|(network, _)| network.contains(client));
            let longest = around.max_by_key(|(network, _)| length_bits(network));
            let expected = longest.map(|&(_, line)| line).or(everybody);
            prop_assert_eq!(clients.line(client), expected, "{}", client);
        }
    }

    #[test]
    fn a_network_reads_as_it_is_written(network in network()) {
        prop_assert_eq!(network.to_string().parse(), Ok(network));
    }
}

#[test]
fn an_address_is_one_however_it_is_written() {
    assert_eq!(read("::ffff:10.0.0.0/104"), read("10.0.0.0/8"));
    assert_eq!(read("::ffff:10.0.0.1"), read("10.0.0.1"));
    assert_eq!(read("10.0.0.1/32").to_string(), "10.0.0.1");
    assert_eq!(read("::ffff:0:0/96").to_string(), "0.0.0.0/0");
    assert!(read("10.0.0.0/8").contains(address("::ffff:10.255.255.255")));
    assert!(!read("10.0.0.0/8").contains(address("11.0.0.0")));
    assert!(!read("::/0").contains(address("10.0.0.1")), "a network of IPv6 has no IPv4 in it");
    assert!(!read("0.0.0.0/0").contains(address("::1")));
}

#[test]
fn what_is_no_network() {
    for text in [
        "",
        "/",
        "a",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "::1/64",
        "::/129",
        "::/+1",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "010.0.0.1",
        "localhost",
        "10.0.0.0/256",
        "::%1",
    ] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}

#[test]
fn behind_the_last_ipv4_address_comes_the_first_of_ipv6() {
    assert_eq!(successor(address("255.255.255.255")), Some(address("::")));
    assert_eq!(successor(address("1.255.255.255")), Some(address("2.0.0.0")));
    assert_eq!(successor(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), None);
}
