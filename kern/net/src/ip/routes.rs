//! Who is next on the way to an address: the addressee itself, if it is on the link, or a gateway.

use crate::address::Prefix;
use crate::limits::{GATEWAYS_MAX, PREFIXES_MAX};
use abi::Instant;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Gateways, and networks on the link that no address of ours tells of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    gateways: Vec<(IpAddr, Option<Instant>)>,
    on_link: Vec<(Prefix, Option<Instant>)>,
}

impl Routes {
    /// A router takes what is not for the link, until then; the first of a family is used.
    pub(crate) fn add_gateway(&mut self, address: IpAddr, until: Option<Instant>) {
        add(&mut self.gateways, address, until, GATEWAYS_MAX);
    }

    /// It does so no more. What the administrator said stays.
    pub(crate) fn remove_gateway(&mut self, address: IpAddr) {
        self.gateways.retain(|(gateway, until)| *gateway != address || until.is_none());
    }

    /// A network is on the link, until then.
    pub(crate) fn add_on_link(&mut self, prefix: Prefix, until: Option<Instant>) {
        add(&mut self.on_link, prefix, until, PREFIXES_MAX);
    }

    /// Whether an address is in a network that was announced, or a gateway's, which is on the link
    /// whatever networks are: some servers lend single addresses, and a gateway of another network.
    pub(crate) fn is_on_link(&self, address: IpAddr) -> bool {
        self.on_link.iter().any(|(prefix, _)| prefix.contains(address)) || self.is_gateway(address)
    }

    /// Whether an address is a gateway's.
    pub(crate) fn is_gateway(&self, address: IpAddr) -> bool {
        self.gateways.iter().any(|(gateway, _)| *gateway == address)
    }

    /// The gateway of a family.
    pub(crate) fn gateway(&self, for_address: IpAddr) -> Option<IpAddr> {
        let gateways = self.gateways.iter().map(|(gateway, _)| *gateway);
        gateways.into_iter().find(|gateway| gateway.is_ipv4() == for_address.is_ipv4())
    }

    /// Forgets what is over.
    pub(crate) fn advance(&mut self, now: Instant) {
        let lasts = |until: Option<Instant>| until.is_none_or(|until| until > now);
        self.gateways.retain(|(_, until)| lasts(*until));
        self.on_link.retain(|(_, until)| lasts(*until));
    }

    /// When something is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let gateways = self.gateways.iter().filter_map(|(_, until)| *until);
        gateways.chain(self.on_link.iter().filter_map(|(_, until)| *until)).min()
    }
}

fn add<T: PartialEq>(
    list: &mut Vec<(T, Option<Instant>)>,
    what: T,
    until: Option<Instant>,
    max: usize,
) {
    match list.iter().position(|(known, _)| *known == what) {
        // What the administrator said stays.
        Some(index) if list[index].1.is_none() => {}
        Some(index) => list[index].1 = until,
        None if list.len() < max => list.push((what, until)),
        None => {}
    }
}
