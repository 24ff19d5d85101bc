//! Who is next on the way to an address: the addressee itself, if it is on the link, or a gateway.

use crate::limits::GATEWAYS_MAX;
use abi::Instant;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Gateways.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    gateways: Vec<(IpAddr, Option<Instant>)>,
}

impl Routes {
    /// A router takes what is not for the link, until then; the first of a family is used.
    pub(crate) fn add_gateway(&mut self, address: IpAddr, until: Option<Instant>) {
        add(&mut self.gateways, address, until, GATEWAYS_MAX);
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
    }

    /// When something is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.gateways.iter().filter_map(|(_, until)| *until).min()
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
