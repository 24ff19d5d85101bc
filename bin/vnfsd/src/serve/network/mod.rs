//! How clients reach the service: by this machine's sockets, or by a link of its own.

mod identity;
mod plug;
mod sameness;

use crate::cli;
use anyhow::{Context, Result};
use fleet::Mac;
use net::AddressSource;
use posix::{LinkSpec, OpenLink, Site, Uplink};
use std::net::{IpAddr, SocketAddr};

pub use sameness::Known;

/// How clients reach the service.
pub struct Network {
    /// At these addresses of this machine; none if it has a link.
    pub listen: Vec<SocketAddr>,
    /// At addresses of its own.
    pub own: Option<Own>,
}

/// A link of the service's own, open, and who the service is there.
pub struct Own {
    /// The link.
    pub link: OpenLink,
    /// What leads from its switch to the world.
    pub uplinks: Vec<Uplink>,
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
    /// What leads from its switch to the world.
    pub uplinks: Vec<LinkSpec>,
    /// The Ethernet address.
    pub mac: Mac,
    /// The addresses that are known, and how others come.
    pub addresses: Vec<AddressSource>,
}

impl Network {
    /// What the flags ask for. `name` is the service's.
    pub fn open(options: &cli::Serve, name: &str) -> Result<Self> {
        Ok(match &options.network.link {
            None => Self { listen: options.listen.clone(), own: None },
            Some(link) => {
                Self { listen: Vec::new(), own: Some(Own::open(link, &options.network, name)?) }
            }
        })
    }

    /// Whether nobody but this machine can ask.
    pub fn is_this_machines_own(&self) -> bool {
        self.own.is_none() && self.listen.iter().all(|address| address.ip().is_loopback())
    }
}

impl Own {
    fn open(spec: &LinkSpec, asked: &cli::Network, name: &str) -> Result<Self> {
        let (addresses, gateways) = identity::choose(&asked.address, &asked.gateway)?;
        let known = Known::new(name, &spec.to_string());
        let mac = asked.mac.unwrap_or_else(|| known.mac());
        let (link, uplinks) = plug::plug_in(spec, asked, mac)?;
        identity::check_mtu(&asked.address, link.properties().mtu_bytes)
            .with_context(|| spec.to_string())?;
        let config = config(&known, mac, addresses.clone(), gateways);
        let place = Place { link: spec.clone(), uplinks: asked.uplink.clone(), mac, addresses };
        Ok(Self { link, uplinks, config, place })
    }
}

/// Who a service is on its link.
pub fn config(
    known: &Known,
    mac: Mac,
    addresses: Vec<AddressSource>,
    gateways: Vec<IpAddr>,
) -> net::Config {
    let stable_secret = Some(known.secret());
    net::Config { mac: mac.0, addresses, gateways, detects_duplicates: true, stable_secret }
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
