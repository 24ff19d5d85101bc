//! What a service has to itself while it runs: images, sockets, links, addresses.
//!
//! Two services of a file that claim the same are a fault of the file; while one is still being
//! stopped, another that claims the same waits for it.

use crate::plan::{NetworkPlan, ServicePlan, SourcePlan, SwitchPlan};
use posix::LinkSpec;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Something that there is once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Claim {
    /// An image or device.
    Image(PathBuf),
    /// An address of this machine and a port.
    Socket(SocketAddr),
    /// A tap or a socket for frames.
    Link(String),
    /// An Ethernet address in a VLAN of a switch.
    Station(String, u16, [u8; 6]),
    /// An address in a VLAN of a switch.
    Address(String, u16, IpAddr),
    /// A file for a trace.
    Trace(PathBuf),
}

impl fmt::Display for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(path) => write!(formatter, "the image {path:?}"),
            Self::Socket(address) => write!(formatter, "{address}"),
            Self::Link(name) => write!(formatter, "the link {name:?}"),
            Self::Station(switch, vlan, _) => {
                write!(formatter, "its Ethernet address in VLAN {vlan} of switch {switch:?}")
            }
            Self::Address(switch, vlan, address) => {
                write!(formatter, "{address} in VLAN {vlan} of switch {switch:?}")
            }
            Self::Trace(path) => write!(formatter, "the file {path:?}"),
        }
    }
}

/// A claim, and whether others may have the same as long as nobody wants it alone.
pub(crate) type Wish = (Claim, Sharing);

/// Whether something can be had together with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Alone,
    Shared,
}

/// All that a service claims.
pub(crate) fn of_service(plan: &ServicePlan) -> Vec<Wish> {
    let mut wishes = Vec::new();
    if let SourcePlan::Image(image) = &plan.source {
        let sharing = if image.read_only { Sharing::Shared } else { Sharing::Alone };
        wishes.push((Claim::Image(tidy(&image.path)), sharing));
    }
    match &plan.network {
        NetworkPlan::Listen(listen) => {
            let fixed = listen.iter().filter(|address| address.port() != 0);
            wishes.extend(fixed.map(|address| (Claim::Socket(*address), Sharing::Alone)));
        }
        NetworkPlan::Link(link) => {
            wishes.extend(of_link(&link.spec, link.pcap.as_deref()));
            if let LinkSpec::Switch { name, vlan } = &link.spec {
                let address = |source: &net::AddressSource| match source {
                    net::AddressSource::Fixed(own) => Some(own.address),
                    net::AddressSource::Dhcp | net::AddressSource::Advertisements => None,
                };
                let vlan = vlan.number();
                let station = link.mac.map(|mac| Claim::Station(name.clone(), vlan, mac.0));
                let addresses = link.addresses.iter().filter_map(address);
                let addresses =
                    addresses.map(|address| Claim::Address(name.clone(), vlan, address));
                let all = station.into_iter().chain(addresses);
                wishes.extend(all.map(|claim| (claim, Sharing::Alone)));
            }
        }
    }
    wishes
}

/// All that the uplinks of a switch claim.
pub(crate) fn of_switch(switch: &SwitchPlan) -> Vec<Wish> {
    let of_uplink =
        |uplink: &crate::plan::UplinkPlan| of_link(&uplink.link, uplink.pcap.as_deref());
    switch.uplinks.iter().flat_map(of_uplink).collect()
}

fn of_link(spec: &LinkSpec, pcap: Option<&Path>) -> Vec<Wish> {
    let is_switch = matches!(spec, LinkSpec::Switch { .. });
    let link = (!is_switch).then(|| Claim::Link(spec.to_string()));
    let trace = pcap.map(|path| Claim::Trace(tidy(path)));
    link.into_iter().chain(trace).map(|claim| (claim, Sharing::Alone)).collect()
}

/// A path in the spelling that two for the same file are likely to share.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

/// What is claimed, and by whom.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: HashMap<Claim, Holders>,
    /// By family and port: an address that means all of them excludes each of them.
    ports: HashMap<(bool, u16), PortHolders>,
}

#[derive(Debug)]
struct Holders {
    sharing: Sharing,
    who: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct PortHolders {
    everywhere: BTreeSet<usize>,
    somewhere: BTreeSet<usize>,
}

impl Claims {
    /// Who has what is wished for; somebody, if there are several.
    pub(crate) fn conflict(&self, (claim, sharing): &Wish) -> Option<usize> {
        let holders = self.held.get(claim);
        let both =
            |holders: &Holders| (holders.sharing, *sharing) == (Sharing::Shared, Sharing::Shared);
        let holder = holders.filter(|holders| !both(holders));
        holder
            .and_then(|holders| holders.who.first().copied())
            .or_else(|| self.port_conflict(claim))
    }

    fn port_conflict(&self, claim: &Claim) -> Option<usize> {
        let Claim::Socket(address) = claim else { return None };
        let holders = self.ports.get(&port(address))?;
        let everywhere = holders.everywhere.first();
        let somewhere = holders.somewhere.first().filter(|_| address.ip().is_unspecified());
        everywhere.or(somewhere).copied()
    }

    /// Gives it to somebody too.
    pub(crate) fn take(&mut self, (claim, sharing): Wish, who: usize) {
        if let Claim::Socket(address) = &claim {
            self.ports.entry(port(address)).or_default().side(address).insert(who);
        }
        let holders = Holders { sharing, who: BTreeSet::new() };
        self.held.entry(claim).or_insert(holders).who.insert(who);
    }

    /// Takes it from somebody.
    pub(crate) fn release(&mut self, (claim, _): &Wish, who: usize) {
        if let Claim::Socket(address) = claim
            && let Some(holders) = self.ports.get_mut(&port(address))
        {
            holders.side(address).remove(&who);
            if holders.everywhere.is_empty() && holders.somewhere.is_empty() {
                self.ports.remove(&port(address));
            }
        }
        if let Some(holders) = self.held.get_mut(claim) {
            holders.who.remove(&who);
            if holders.who.is_empty() {
                self.held.remove(claim);
            }
        }
    }
}

impl PortHolders {
    fn side(&mut self, address: &SocketAddr) -> &mut BTreeSet<usize> {
        if address.ip().is_unspecified() { &mut self.everywhere } else { &mut self.somewhere }
    }
}

fn port(address: &SocketAddr) -> (bool, u16) {
    (address.is_ipv4(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(text: &str) -> Wish {
        (Claim::Socket(text.parse().unwrap()), Sharing::Alone)
    }

    fn image(sharing: Sharing) -> Wish {
        (Claim::Image("a".into()), sharing)
    }

    #[test]
    fn readers_share_and_a_writer_is_alone() {
        let mut claims = Claims::default();
        claims.take(image(Sharing::Shared), 1);
        claims.take(image(Sharing::Shared), 2);
        assert_eq!(claims.conflict(&image(Sharing::Shared)), None);
        assert_eq!(claims.conflict(&image(Sharing::Alone)), Some(1));
        claims.release(&image(Sharing::Shared), 1);
        assert_eq!(claims.conflict(&image(Sharing::Alone)), Some(2));
        claims.release(&image(Sharing::Shared), 2);
        claims.take(image(Sharing::Alone), 3);
        assert_eq!(claims.conflict(&image(Sharing::Shared)), Some(3));
    }

    #[test]
    fn everywhere_is_everywhere_of_a_family() {
        let mut claims = Claims::default();
        claims.take(socket("127.0.0.1:5"), 1);
        assert_eq!(claims.conflict(&socket("0.0.0.0:5")), Some(1));
        assert_eq!(claims.conflict(&socket("[::]:5")), None);
        assert_eq!(claims.conflict(&socket("127.0.0.2:5")), None);
        claims.release(&socket("127.0.0.1:5"), 1);
        claims.take(socket("0.0.0.0:5"), 2);
        assert_eq!(claims.conflict(&socket("127.0.0.2:5")), Some(2));
        claims.release(&socket("0.0.0.0:5"), 2);
        assert!(claims.held.is_empty() && claims.ports.is_empty());
    }
}
