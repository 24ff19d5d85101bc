//! Who is next on the way to an address: the addressee itself, if it is on the link, or a gateway.
//!
//! The first gateway of a family is used, until it does not answer as a neighbour (RFC 1122 §3.3.1.4,
//! RFC 4861 §6.3.6); then the next one that does. What fell silent is asked for now and then, and
//! used again once it answers. If none does, they take turns.

use crate::address::Prefix;
use crate::limits::{GATEWAY_RETRY, GATEWAYS_MAX, PREFIXES_MAX};
use abi::Instant;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Gateways, and networks on the link that no address of ours tells of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    gateways: Vec<(IpAddr, Option<Instant>)>,
    on_link: Vec<(Prefix, Option<Instant>)>,
    /// Gateways that did not answer, the longest silent first, and when each was last asked for.
    silent: Vec<(IpAddr, Instant)>,
}

impl Routes {
    /// A router takes what is not for the link, until then.
    pub(crate) fn add_gateway(&mut self, address: IpAddr, until: Option<Instant>) {
        add(&mut self.gateways, address, until, GATEWAYS_MAX);
    }

    /// It does so no more. What the administrator said stays.
    pub(crate) fn remove_gateway(&mut self, address: IpAddr) {
        self.gateways.retain(|(gateway, until)| *gateway != address || until.is_none());
        self.forget_silent();
    }

    /// A neighbour did not answer.
    pub(crate) fn fell_silent(&mut self, address: IpAddr, now: Instant) {
        if self.is_gateway(address) {
            self.silent.retain(|(silent, _)| *silent != address);
            self.silent.push((address, now));
        }
    }

    /// Forgets the silence of those that answered since.
    pub(crate) fn answered(&mut self, has_answered: impl Fn(IpAddr) -> bool) {
        self.silent.retain(|(silent, _)| !has_answered(*silent));
    }

    /// A silent gateway that should be asked for once more.
    pub(crate) fn next_to_retry(&mut self, now: Instant) -> Option<IpAddr> {
        let is_due = |asked: Instant| now.since(asked) >= GATEWAY_RETRY;
        let (silent, asked) = self.silent.iter_mut().find(|(_, asked)| is_due(*asked))?;
        *asked = now;
        Some(*silent)
    }

    fn forget_silent(&mut self) {
        let gateways = &self.gateways;
        self.silent.retain(|(silent, _)| gateways.iter().any(|(known, _)| known == silent));
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

    /// The gateway for an address that is not on the link.
    pub(crate) fn gateway(&self, for_address: IpAddr) -> Option<IpAddr> {
        let is_silent = |gateway: IpAddr| self.silent.iter().any(|(silent, _)| *silent == gateway);
        let answering =
            self.gateways.iter().map(|(gateway, _)| *gateway).filter(|it| !is_silent(*it));
        let mut in_order = answering.chain(self.silent.iter().map(|(silent, _)| *silent));
        in_order.find(|gateway| gateway.is_ipv4() == for_address.is_ipv4())
    }

    /// Forgets what is over.
    pub(crate) fn advance(&mut self, now: Instant) {
        let lasts = |until: Option<Instant>| until.is_none_or(|until| until > now);
        self.gateways.retain(|(_, until)| lasts(*until));
        self.on_link.retain(|(_, until)| lasts(*until));
        self.forget_silent();
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
