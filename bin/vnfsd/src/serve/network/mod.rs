//! How clients reach the service: by this machine's sockets, or by a link of its own.

mod identity;
mod sameness;

use crate::address::Mac;
use crate::cli;
use anyhow::{Context, Result};
use net::AddressSource;
use posix::{LinkOptions, LinkSpec, OpenLink, Site};
use std::net::{IpAddr, SocketAddr};

/// How clients reach the service.
pub enum Network {
    /// At these addresses of this machine.
    Sockets(Vec<SocketAddr>),
    /// At addresses of its own.
    Own(Box<Own>),
}

/// A link of the service's own, open, and who the service is there.
pub struct Own {
    /// The link.
    pub link: OpenLink,
    /// Who it is.
    pub config: net::Config,
    /// What there is to tell of it.
    pub place: Place,
}

/// What an administrator is told of a service's own link.
#[derive(Clone, Debug)]
pub struct Place {
    /// The link as it was named.
    pub link: LinkSpec,
    /// The Ethernet address.
    pub mac: Mac,
    /// The addresses that are known, and how others come.
    pub addresses: Vec<AddressSource>,
}

impl Network {
    /// What the flags ask for. `name` is the service's.
    pub fn open(options: &cli::Serve, name: &str) -> Result<Self> {
        let asked = &options.network;
        let Some(spec) = &asked.link else { return Ok(Self::Sockets(options.listen.clone())) };
        let (addresses, gateways) = identity::choose(&asked.address, &asked.gateway)?;
        let link_options = LinkOptions { mtu_bytes: asked.mtu, trace: asked.pcap.clone() };
        let link = OpenLink::open(spec, link_options)?;
        identity::check_mtu(&asked.address, link.properties().mtu_bytes)
            .with_context(|| spec.to_string())?;
        let known = sameness::Known::new(name, &spec.to_string());
        let mac = asked.mac.unwrap_or_else(|| known.mac());
        let config = net::Config {
            mac: mac.0,
            addresses: addresses.clone(),
            gateways,
            detects_duplicates: true,
            stable_secret: Some(known.secret()),
        };
        let place = Place { link: spec.clone(), mac, addresses };
        Ok(Self::Own(Box::new(Own { link, config, place })))
    }

    /// What there is to tell of a link of its own.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Sockets(_) => None,
            Self::Own(own) => Some(own.place.clone()),
        }
    }

    /// Waits for addresses that a service before this one may still hold.
    pub fn await_free(&self) {
        if let Self::Sockets(listen) = self {
            posix::await_free(listen);
        }
    }

    /// What the host is given: addresses of this machine, or a link; and who the service is there.
    pub fn into_parts(self) -> (Vec<SocketAddr>, Option<OpenLink>, Option<net::Config>) {
        match self {
            Self::Sockets(listen) => (listen, None, None),
            Self::Own(own) => (Vec::new(), Some(own.link), Some(own.config)),
        }
    }

    /// Whether nobody but this machine can ask.
    pub fn is_this_machines_own(&self) -> bool {
        match self {
            Self::Sockets(listen) => listen.iter().all(|address| address.ip().is_loopback()),
            Self::Own(_) => false,
        }
    }
}

/// What a service at this site is given.
///
/// # Errors
/// If it is to have a link, and the host has none for it.
pub fn of_service(site: &Site, config: Option<net::Config>) -> Result<service::Network, String> {
    match (config, &site.link) {
        (None, _) => Ok(service::Network::Host { port: site.port() }),
        (Some(config), Some(link)) => Ok(service::Network::Own { link: link.clone(), config }),
        (Some(_), None) => Err("the host has no link for it".to_owned()),
    }
}

impl Place {
    /// The addresses that are known.
    pub fn fixed(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().filter_map(|source| match source {
            AddressSource::Fixed(prefix) => Some(prefix.address),
            AddressSource::Dhcp | AddressSource::Advertisements => None,
        })
    }

    /// How others come.
    pub fn asked_of(&self) -> impl Iterator<Item = &'static str> {
        self.addresses.iter().filter_map(|source| match source {
            AddressSource::Fixed(_) => None,
            AddressSource::Dhcp => Some("DHCP"),
            AddressSource::Advertisements => Some("SLAAC"),
        })
    }
}
